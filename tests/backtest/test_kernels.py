"""The kernels against the bar loop and against published sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stocksite.backtest import indicators
from stocksite.backtest.bars import Prices, align
from stocksite.backtest.engine import run
from stocksite.backtest.grid import merged_exits, read_grid
from stocksite.backtest.kernels.crossings import pair_events, play
from stocksite.backtest.kernels.curves import equity_rows, held_at, statistics
from stocksite.backtest.kernels.hop import play_one, play_universe
from stocksite.backtest.kernels.tables import RangeIndex, falls_from_peak, next_event
from stocksite.backtest.strategies import PercentMove, SmaCross, build
from stocksite.backtest.sweep import CrossingSweep, HopSweep, LoopSweep, Sweep, sweep
from stocksite.backtest.terms import R1, Costs, Exits, Shares, Sizing, SizingKind, Terms
from tests.backtest.samples import SYMBOLS, one, raw, walk

PAIRS = {"fast": {"from": 2, "to": 50}, "slow": {"from": 3, "to": 200}}
CASH = 100_000.0


def test_grid_sums_of_the_reference() -> None:
    """Final equities and entries over 8,526 pairs, as vectorbt gives them for our averages."""
    grid = read_grid("sma_cross", PAIRS)
    money = sweep(grid, one(raw("AAPL")), CASH, R1).money()
    assert len(grid) == 8_526
    assert round(float(money.final.sum()), 3) == 10_632_261_162.956
    assert int(money.entries.sum()) == 199_595


def assert_like_the_bar_loop(played: Sweep, which: Any, prices: Prices, terms: Terms) -> None:
    money, market = played.money(), one(prices)
    curves = np.concatenate([rows for _, _, rows in played.equity(which)])
    bars = np.arange(0, len(prices), 7)
    held = played.held(which, bars)
    for row, i in enumerate(which):
        strategy, exits = played.grid.of(int(i))
        mine = replace(terms, exits=merged_exits(terms.exits, exits))
        done = run(strategy.decider(market), market, CASH, mine)
        label = f"{played.grid.strategy} {played.grid.parameters(int(i))} on {prices.symbol}"
        assert money.final[i] == pytest.approx(done.final, rel=1e-11), label
        assert money.entries[i] == len(done.trades), label
        assert money.closed[i] == len(done.closed), label
        assert money.wins[i] == sum(trade.profit > 0 for trade in done.closed), label
        np.testing.assert_allclose(curves[row], done.equity, rtol=1e-11, err_msg=label)
        np.testing.assert_array_equal(held[row], done.held[bars], err_msg=label)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_crossings_equal_the_bar_loop(symbol: str) -> None:
    """200 random pairs per symbol: 1,000 cases."""
    prices = raw(symbol)
    played = sweep(read_grid("sma_cross", PAIRS), one(prices), CASH, R1)
    assert isinstance(played, CrossingSweep)
    which = np.random.default_rng(SYMBOLS.index(symbol)).integers(0, len(played.grid), 200)
    assert_like_the_bar_loop(played, which, prices, R1)


COSTLY = Costs(0.2, 5.0, 0.1)
CASES: list[tuple[str, dict[str, Any], Terms]] = [
    ("dip", {"winbuy": {"from": 2, "to": 60}, "winsell": {"from": 2, "to": 60, "step": 3}}, R1),
    (
        "dip",
        {"winbuy": [5, 20, 80], "winsell": [3, 30], "stop_loss_pct": [3, 10, 40]},
        Terms(costs=COSTLY),
    ),
    (
        "dip",
        {"winbuy": [5, 20, 80], "winsell": [3, 30, 90]},
        Terms(costs=COSTLY, exits=Exits(8, 12, 9, 25)),
    ),
    (
        "percent_move",
        {"buy_pct": [1, 4, 9], "sell_pct": [1, 5, 20], "trailing_stop_pct": [3, 12]},
        Terms(costs=COSTLY),
    ),
    ("percent_move", {"buy_pct": [2, 8], "sell_pct": [3, 30], "take_profit_pct": [2, 9]}, R1),
    (
        "rsi",
        {"window": [5, 14], "buy_below": [30, 45], "sell_above": [55, 70]},
        Terms(shares=Shares.FRACTIONAL),
    ),
    (
        "bollinger",
        {"window": [10, 20], "width": [1, 1.5, 2]},
        Terms(exits=Exits(stop_loss_pct=10, max_holding=15)),
    ),
    ("macd", {"fast": [5, 12], "slow": [20, 26], "signal": [5, 9]}, R1),
    ("ema_cross", {"fast": [3, 12], "slow": [26, 50]}, R1),
    (
        "donchian",
        {"entry": [5, 20, 55], "exit": [5, 20]},
        Terms(exits=Exits(trailing_stop_pct=7, take_profit_pct=30)),
    ),
    ("sma_cross", {"fast": [5, 20], "slow": [30, 60], "max_holding": [1, 10]}, R1),
    # A purse that at times cannot afford a single share.
    ("dip", {"winbuy": [5, 20], "winsell": [5, 20]}, Terms(costs=Costs(3.0, 500.0))),
    ("sma_cross", {"fast": [2, 5], "slow": [6, 9]}, Terms(costs=Costs(0.1, 1_000.0))),
]


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG"])
@pytest.mark.parametrize("case", range(len(CASES)))
def test_every_kernel_equals_the_bar_loop(case: int, symbol: str) -> None:
    name, parameters, terms = CASES[case]
    prices = raw(symbol).part(0, 900)
    played = sweep(read_grid(name, parameters), one(prices), CASH, terms)
    assert not isinstance(played, LoopSweep)
    which = np.random.default_rng(case).permutation(len(played.grid))[:12]
    assert_like_the_bar_loop(played, which, prices, terms)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["sma_cross", "dip", "percent_move", "donchian", "bollinger"]),
    st.sampled_from([None, 2.0, 7.0]),
    st.sampled_from([None, 3.0, 15.0]),
    st.sampled_from([None, 4.0]),
    st.sampled_from([None, 1, 9]),
    st.booleans(),
)
def test_one_hopping_run_equals_the_bar_loop(
    seed: int,
    name: str,
    stop: float | None,
    target: float | None,
    trail: float | None,
    hold: int | None,
    fractional: bool,
) -> None:
    prices = walk(160, seed, volatility=0.6)
    terms = Terms(
        shares=Shares.FRACTIONAL if fractional else Shares.WHOLE,
        costs=Costs(0.1, 1.0, 0.05),
        exits=Exits(stop, target, trail, hold),
    )
    small = {"sma_cross": {"fast": 3, "slow": 8}, "donchian": {"entry": 6, "exit": 4}}
    strategy = build(name, small.get(name, {}))
    log = play_one(strategy, prices, CASH, terms, start=20, stop=150)
    done = run(strategy.decider(one(prices)), one(prices), CASH, terms, start=20, stop=150)
    equity = equity_rows(log, prices.close, 0, 1, start=20)[0]
    np.testing.assert_allclose(equity, done.equity, rtol=1e-12)
    np.testing.assert_array_equal(held_at(log, np.arange(20, 150))[0], done.held)
    assert log.entry.tolist() == [trade.entry_bar for trade in done.trades]


def test_a_sweep_that_starts_late_equals_the_bar_loop_from_there() -> None:
    prices = raw("IBM").part(0, 700)
    for parameters in ({"fast": [5, 10], "slow": [20, 40]}, {"winbuy": [5, 9], "winsell": [4]}):
        name = "sma_cross" if "fast" in parameters else "dip"
        played = sweep(read_grid(name, parameters), one(prices), CASH, R1, start=120, stop=650)
        money = played.money()
        for i in range(len(played.grid)):
            decider = played.grid.of(i)[0].decider(one(prices))
            done = run(decider, one(prices), CASH, R1, start=120, stop=650)
            assert money.final[i] == pytest.approx(done.final, rel=1e-12)
            assert next(iter(played.equity(np.array([i]))))[2].shape == (1, 530)


def test_what_kernels_cannot_play_goes_through_the_loop() -> None:
    prices = raw("AAPL").part(0, 200)
    half = Terms(sizing=Sizing(SizingKind.FIXED_FRACTION, 0.5))
    grid = read_grid("sma_cross", {"fast": [5, 10], "slow": [20]})
    played = sweep(grid, one(prices), CASH, half)
    assert isinstance(played, LoopSweep)
    assert_like_the_bar_loop(played, np.arange(2), prices, half)
    assert isinstance(sweep(read_grid("dca", {"amount": [1, 2]}), one(prices), CASH, R1), LoopSweep)


def test_statistics_of_the_visible_cell() -> None:
    prices = raw("AAPL")
    played = sweep(read_grid("sma_cross", {"fast": [20, 30], "slow": [50]}), one(prices), CASH, R1)
    assert isinstance(played, CrossingSweep)
    figures = statistics(played.log, prices.close)
    assert figures.sharpe[0] == pytest.approx(0.539254878, rel=1e-9)
    assert figures.max_drawdown[0] == pytest.approx(-0.729912593513477, rel=1e-9)
    assert figures.exposure[0] == pytest.approx(0.6229357798165137, rel=1e-9)
    assert figures.money.win_rate[0] == pytest.approx(19 / 30)


def test_macd_over_more_rows_than_fit_is_played_in_blocks(monkeypatch: Any) -> None:
    prices = raw("GOOG").part(0, 400)
    grid = read_grid("macd", {"fast": [5, 8, 12], "slow": [20, 26], "signal": [4, 9]})
    whole = sweep(grid, one(prices), CASH, R1).money()
    monkeypatch.setattr("stocksite.backtest.sweep.MAX_ROWS", 6)
    told: list[float] = []
    blocks = sweep(grid, one(prices), CASH, R1).money(told.append)
    np.testing.assert_array_equal(whole.final, blocks.final)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_exact_ties_keep_the_last_strict_relation() -> None:
    """96 of the 8,526 pairs meet one on AAPL; a tie neither makes nor hides a crossing."""
    closes = raw("AAPL").close
    lines = indicators.sma_many(closes, list(range(2, 201)))
    tied = sum(
        bool((lines[fast - 2] == lines[slow - 2]).any())
        for fast in range(2, 51)
        for slow in range(fast + 1, 201)
    )
    assert tied == 96


def test_pairs_in_any_order_and_with_repeats() -> None:
    prices = raw("FB")
    pairs = np.array([[2, 5], [2, 40], [2, 9], [3, 9]])
    log = play(pair_events(prices.close, pairs, indicators.sma_many), prices, CASH, R1)
    for i, (fast, slow) in enumerate(pairs):
        alone = play_one(SmaCross(int(fast), int(slow)), prices, CASH)
        part = slice(int(log.offsets[i]), int(log.offsets[i + 1]))
        np.testing.assert_array_equal(log.entry[part], alone.entry)
        np.testing.assert_allclose(log.cash_after[part], alone.cash_after, rtol=1e-12)


def test_universe_is_each_symbol_alone() -> None:
    series = [walk(300, seed) for seed in range(4)]
    logs = play_universe(SmaCross(5, 20), series, CASH)
    for prices, log in zip(series, logs, strict=True):
        done = run(SmaCross(5, 20).decider(one(prices)), one(prices), CASH)
        assert log.money(float(prices.close[-1])).final[0] == pytest.approx(done.final, rel=1e-12)


class TestTables:
    @given(st.lists(st.booleans(), max_size=60))
    def test_next_event(self, flags: list[bool]) -> None:
        table = next_event(np.array(flags, dtype=bool))
        n = len(flags)
        for t in range(n + 1):
            assert table[t] == next((s for s in range(t, n) if flags[s]), n)

    @given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(-1, 9))
    def test_range_index(self, values: list[int], threshold: int) -> None:
        series, n = np.array(values, dtype=float), len(values)
        index = RangeIndex(series)
        bars = np.arange(n)
        found = index.first_at_or_below(np.full(n, float(threshold)), bars)
        for t in range(n):
            assert found[t] == next((s for s in range(t, n) if values[s] <= threshold), n)
        stops = np.minimum(bars + 1 + bars % 5, n)
        for t, low in enumerate(index.minimum(bars, stops)):
            assert low == min(values[t : stops[t]])

    @given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
    def test_falls_from_peak(self, values: list[int]) -> None:
        closes, n = np.array(values, dtype=float), len(values)
        table = falls_from_peak(closes, 0.9)
        for x in range(n):
            expected = next(
                (t for t in range(x, n) if closes[t] <= closes[x : t + 1].max() * 0.9), n
            )
            assert table[x] == expected


def test_a_sweep_with_two_symbols_shares_one_purse() -> None:
    market = align([walk(200, 1, symbol="A"), walk(200, 2, symbol="B")])
    grid = read_grid("momentum", {"lookback": [5, 20]}, looped=True)
    played = sweep(grid, market, CASH, R1)
    assert isinstance(played, LoopSweep)
    assert played.money().final.shape == (2,)


def test_percent_moves_are_swept_by_tables() -> None:
    grid = read_grid("percent_move", {"buy_pct": [2, 5], "sell_pct": [4]})
    assert isinstance(sweep(grid, one(raw("FB")), CASH, R1), HopSweep)
    assert PercentMove(2.0, 4.0) == grid.of(0)[0]


def test_own_rules_are_swept_over_their_exits() -> None:
    prices = raw("GOOG").part(0, 500)
    average = {"indicator": "sma", "window": 20}
    rules = {
        "enter": {"all": [{"left": "close", "op": ">", "right": average}]},
        "leave": {"all": [{"left": "close", "op": "<", "right": average}]},
    }
    grid = read_grid("rules", {**rules, "stop_loss_pct": [3, 9], "max_holding": [5, 50]})
    played = sweep(grid, one(prices), CASH, R1)
    assert isinstance(played, HopSweep)
    assert_like_the_bar_loop(played, np.arange(4), prices, R1)
