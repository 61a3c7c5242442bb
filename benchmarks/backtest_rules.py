"""How fast the backtest rules are, beside what was asked and what other libraries need.

`python -m benchmarks backtest`, or this module alone. Medians of several runs in one process, wall
time; the CPU time beside it tells what another load on the machine added. Peers' figures were
measured once on a quiet machine with two cores: compare as ratios. Memory is the peak of a fresh
process that runs the three big ones.
"""

from __future__ import annotations

import csv
import gzip
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

import stocksite
from benchmarks.figures import Figure, peak_mib, table
from stocksite.backtest.bars import Market, Prices
from stocksite.backtest.engine import run
from stocksite.backtest.grid import read_grid
from stocksite.backtest.honesty.assess import Setting, assess_single, assess_sweep, look_ahead_of
from stocksite.backtest.kernels import curves
from stocksite.backtest.kernels.hop import play_one, play_universe
from stocksite.backtest.metrics import Outcome, metrics
from stocksite.backtest.strategies import SmaCross
from stocksite.backtest.sweep import CrossingSweep, sweep
from stocksite.backtest.terms import R1
from stocksite.portfolios import performance as perf

CASH = 100_000.0
WINDOWS = {"from": 2, "to": 200}
PAIRS = {"fast": {"from": 2, "to": 50}, "slow": {"from": 3, "to": 200}}
DIPS = {"winbuy": WINDOWS, "winsell": WINDOWS, "stop_loss_pct": [5, 10, 15, 20, 50]}
STRATEGY = SmaCross(20, 50)


@lru_cache(maxsize=1)
def sample() -> Prices:
    """Raw AAPL bars, 2000-2013."""
    path = Path(stocksite.__file__).parent / "market" / "data" / "sample-prices.csv.gz"
    with gzip.open(path, "rt", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["Ticker"] == "AAPL"]
    dates = np.array([row["Date"] for row in rows], dtype="datetime64[D]")
    names = ("Open", "High", "Low", "Close", "Volume")
    return Prices("AAPL", dates, *(np.array([float(r[name]) for r in rows]) for name in names))


@lru_cache(maxsize=1)
def universe() -> list[Prices]:
    """500 made-up symbols of 2,520 bars: random walks of daily returns."""
    rng = np.random.default_rng(20240501)
    bars = 2_520
    dates = np.datetime64("2010-01-01") + np.arange(bars)
    series = []
    for number in range(500):
        close = np.round(100 * np.exp(np.cumsum(0.015 * rng.standard_normal(bars))), 4)
        opening = np.concatenate(([100.0], close[:-1]))
        high, low = np.maximum(opening, close), np.minimum(opening, close)
        series.append(Prices(f"S{number}", dates, opening, high, low, close, np.ones(bars)))
    return series


def market() -> Market:
    """The sample as a market."""
    return Market((sample(),))


def setting() -> Setting:
    """R1 on the sample."""
    return Setting(market(), CASH, R1)


def vectorised() -> object:
    """One backtest by hopping, and all its figures."""
    prices = sample()
    log = play_one(STRATEGY, prices, CASH)
    curve = curves.equity_rows(log, prices.close, 0, 1)[0]
    outcome = Outcome.of_log(log, curve, prices, R1.costs)
    return metrics(outcome, perf.returns_of(prices.close))


def bar_loop() -> object:
    """The same by the reference engine."""
    done = run(STRATEGY.decider(market()), market(), CASH)
    return metrics(Outcome.of_run(done), perf.returns_of(sample().close))


def money_of_pairs() -> object:
    """Final equity, entries and winners of 8,526 pairs."""
    return sweep(read_grid("sma_cross", PAIRS), market(), CASH, R1).money()


def five_metrics() -> object:
    """Their Sharpe ratio, drawdown and exposure too."""
    played = sweep(read_grid("sma_cross", PAIRS), market(), CASH, R1)
    assert isinstance(played, CrossingSweep)
    return curves.statistics(played.log, sample().close)


def money_of_dips() -> object:
    """Final equity, entries and winners of 198,005 combinations."""
    grid = read_grid("dip", DIPS)
    assert len(grid) == 198_005
    return sweep(grid, market(), CASH, R1).money()


def many_symbols() -> object:
    """One strategy on each of 500 symbols."""
    return play_universe(STRATEGY, universe(), CASH)


def honesty() -> object:
    """The whole set on the grid of pairs: luck, walk-forward, interval, rules, look-ahead."""
    return assess_sweep(sweep(read_grid("sma_cross", PAIRS), market(), CASH, R1), setting())


def honesty_of_one() -> object:
    """The set for a single run."""
    equity = run(STRATEGY.decider(market()), market(), CASH).equity
    return assess_single(STRATEGY, equity, setting())


def look_ahead() -> object:
    """The self-check: 24 other futures."""
    return look_ahead_of(STRATEGY, setting())


MEASURED: tuple[tuple[str, float, str, Callable[[], object], int], ...] = (
    ("one backtest, all metrics, vectorised", 1, "backtesting.py 23, vectorbt 33", vectorised, 9),
    ("one backtest, all metrics, bar loop", 5, "backtrader 162, zipline 1,660", bar_loop, 9),
    ("8,526 pairs: money", 100, "vectorbt 2,700-5,900", money_of_pairs, 5),
    ("8,526 pairs: five metrics", 600, "vectorbt 9,000-10,200", five_metrics, 5),
    ("198,005 combinations of dip x stop", 500, "no peer has it", money_of_dips, 3),
    ("500 symbols x 2,520 bars", 150, "vectorbt 170-190, backtesting.py 10,800", many_symbols, 5),
    ("whole honesty set, 8,526 pairs", 2_000, "no peer has it", honesty, 3),
    ("honesty of a single run", 2_000, "no peer has it", honesty_of_one, 3),
    ("look-ahead self-check", 10, "freqtrade: one run per signal", look_ahead, 5),
)
"""(figure, asked ms, peers in ms, what is timed, runs)."""


def figures() -> Iterator[Figure]:
    """Every figure, as it is measured."""
    for name, asked, peers, what, runs in MEASURED:
        wall, cpu = _median_ms(what, runs)
        yield Figure(f"backtest: {name}", wall, "ms", asked, f"cpu {cpu:,.2f} ms; {peers}")
    yield Figure("backtest: peak memory", _memory_mib(), "MiB", 250, "vectorbt 2,050-10,450")


def _median_ms(what: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median wall and CPU time after one run to warm up; short ones repeat within a run."""
    what()
    start = time.perf_counter()
    what()
    repeat = max(1, int(0.02 / max(time.perf_counter() - start, 1e-6)))
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(repeat):
            what()
        walls.append((time.perf_counter() - wall) / repeat)
        cpus.append((time.process_time() - cpu) / repeat)
    return 1_000 * statistics.median(walls), 1_000 * statistics.median(cpus)


def _memory_mib() -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.backtest_rules", "memory"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # as the site's processes run
    )
    return float(done.stdout)


def main(arguments: list[str]) -> None:
    """Print the table; `memory`: the peak of this process after the big ones, in MiB."""
    if arguments == ["memory"]:
        for big in (five_metrics, money_of_dips, honesty):
            big()
        print(peak_mib())
        return
    print(table(figures()))


if __name__ == "__main__":
    main(sys.argv[1:])
