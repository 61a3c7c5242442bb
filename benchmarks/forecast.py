"""`make bench-forecast`: are the forecasts' promises kept, and are they quick?

The panel: 20 stocks, 1990 to 2022 (survivors, so drift flatters), from the skfolio wheel; symbols
are forecast by models trained on the other half of them. 100 windows, 42 bars apart, refit every
two years; training outcomes end before the cut. The table is of the last 80 windows, as measured
in the reference, the coverage of all 100 is beside it. Intervals: bootstrap over origins.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, table
from stocksite.forecast import fan, garch, model, shipped
from stocksite.forecast.bootstrap import Interval, ratio
from stocksite.forecast.panel import History
from stocksite.forecast.rolling import Outcome, run
from stocksite.forecast.terms import HORIZON, METHODS
from stocksite.forecast.train import train

PANEL_SHA256 = "ee21cac28befb1d0a739a9ceb22184f995394726aa0cfde9a21941d1ac04ac0d"
WINDOWS, APART, BURN_IN, REFIT = 100, 42, 20, 12
SHOWN = ("last_price", "drift", "ewma", "garch", "linear", "model", "regression")


def panel() -> list[History]:
    """The 20 stocks, read from the wheel's file: the package itself is not imported."""
    found = find_spec("skfolio")
    if found is None or found.origin is None:
        raise SystemExit("The panel is not installed: run `make bench-forecast`, which fetches it.")
    raw = (
        Path(found.origin).with_name("datasets").joinpath("data/sp500_dataset.csv.gz").read_bytes()
    )
    if hashlib.sha256(raw).hexdigest() != PANEL_SHA256:
        raise SystemExit("The panel is another one than the figures were measured on.")
    header, *rows = csv.reader(gzip.decompress(raw).decode().splitlines())
    days = np.array([row[0] for row in rows], dtype="datetime64[D]")
    closes = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return [History(name, days, closes[:, i]) for i, name in enumerate(header[1:])]


def fit_once() -> None:
    """Remember GARCH fits: every refit asks for those of the same days again."""
    known: dict[tuple[float, ...], garch.Garch] = {}
    fit = garch.fit

    def remembered(closes: np.ndarray) -> garch.Garch:
        key = (len(closes), *closes[:3].tolist(), *closes[-3:].tolist())
        return known[key] if key in known else known.setdefault(key, fit(closes))

    garch.fit = remembered


def on_the_panel() -> list[Outcome]:
    """Every symbol at every window, by models trained on the other half of the symbols."""
    fit_once()
    histories = panel()
    days = histories[0].days
    last = len(days) - 1 - HORIZON
    at = np.array([last - APART * i for i in reversed(range(WINDOWS))])
    outcomes: list[Outcome] = []
    for half in (0, 1):
        learned = [h for i, h in enumerate(histories) if i % 2 == half]
        unseen = [h for i, h in enumerate(histories) if i % 2 != half]
        for first in range(0, WINDOWS, REFIT):
            cut = days[at[first]].astype(object)
            models = (train("boosted", learned, cut), train("linear", learned, cut))
            outcomes += run(unseen, days[at[first : first + REFIT]], *models)
        print(f"   trained on {', '.join(h.symbol for h in learned)}", flush=True)
    return outcomes


def on_the_sample() -> list[Outcome]:
    """The shipped models on the years after their training, origins 30 sessions apart."""
    histories = shipped.sample_histories()
    days = histories[0].days
    start = int(np.searchsorted(days, np.datetime64(shipped.CUT, "D")))
    origins = days[start : len(days) - HORIZON : HORIZON]
    return run(histories, origins, shipped.shipped("boosted"), shipped.shipped("linear"), least=66)


def means(outcomes: Sequence[Outcome], method: str, name: str) -> np.ndarray:
    """One number per forecast: the mean over its 30 days."""
    return np.array([getattr(o.scores[method], name).mean() for o in outcomes])


def by_origin(outcomes: Sequence[Outcome], method: str, name: str) -> np.ndarray:
    """Sums per origin, which the bootstrap draws whole."""
    origins = sorted({o.origin for o in outcomes})
    place = {origin: i for i, origin in enumerate(origins)}
    sums = np.zeros(len(origins))
    for outcome, value in zip(outcomes, means(outcomes, method, name), strict=True):
        sums[place[outcome.origin]] += value
    return sums


def against(outcomes: Sequence[Outcome], method: str, rival: str, name: str = "crps") -> Interval:
    """A method's loss over a rival's on the same days."""
    return ratio(by_origin(outcomes, method, name), by_origin(outcomes, rival, name))


def terciles(outcomes: Sequence[Outcome]) -> np.ndarray:
    """0 calm, 1 middle, 2 wild: thirds of EWMA volatility against that of the whole history."""
    state = np.array(
        [o.fans.spreads["ewma"].scale[0] / o.fans.spreads["last_price"].scale[0] for o in outcomes]
    )
    return np.searchsorted(np.quantile(state, (1 / 3, 2 / 3)), state, side="right")


def show(title: str, outcomes: Sequence[Outcome]) -> None:
    """The reference's table."""
    origins = len({o.origin for o in outcomes})
    print(f"\n{title}: {len(outcomes)} forecasts from {origins} origins")
    print(
        f"{'method':<12}{'error':>8}{'cov80':>7}{'cov95':>7}{'width80':>9}{'W80':>7}{'W95':>7}"
        f"{'CRPS':>8}  {'vs last price':<24}{'vs EWMA':<24}calm/mid/wild"
    )
    third = terciles(outcomes)
    for method in SHOWN:
        inside = means(outcomes, method, "inside80")
        spread = [o.fans.spreads[method].quantiles() for o in outcomes]
        width = np.mean([np.exp(q[:, -3]) - np.exp(q[:, 2]) for q in spread])
        states = "/".join(f"{100 * inside[third == k].mean():.0f}" for k in range(3))
        print(
            f"{method:<12}{against(outcomes, method, 'last_price', 'error').value:>8.3f}"
            f"{100 * inside.mean():>7.1f}{100 * means(outcomes, method, 'inside95').mean():>7.1f}"
            f"{100 * width:>8.1f}%{1e4 * means(outcomes, method, 'winkler80').mean():>7.0f}"
            f"{1e4 * means(outcomes, method, 'winkler95').mean():>7.0f}"
            f"{1e4 * means(outcomes, method, 'crps').mean():>8.1f}  "
            f"{_text(against(outcomes, method, 'last_price')):<24}"
            f"{_text(against(outcomes, method, 'ewma')):<24}{states}"
        )

    for name, level in (("inside80", 80), ("inside95", 95)):
        print(f"model's {level} % band held, with its interval: {_text(_held(outcomes, name), 1)}")


def _held(outcomes: Sequence[Outcome], name: str) -> Interval:
    """Coverage in percent; origins are drawn whole."""
    origins = np.unique([o.origin for o in outcomes], return_counts=True)[1]
    return ratio(100 * by_origin(outcomes, "model", name), origins.astype(float))


def _text(interval: Interval, places: int = 3) -> str:
    value = f"{interval.value:.{places + (places > 1)}f}"
    if interval.low is None:
        return value
    return f"{value} [{interval.low:.{places}f}, {interval.high:.{places}f}]"


def bars(outcomes: Sequence[Outcome]) -> list[Figure]:
    """What was asked, on symbols never trained on."""
    inside = means(outcomes, "model", "inside80")
    third = terciles(outcomes)
    worst = max(abs(100 * inside[third == k].mean() - 80) for k in range(3))
    wide = means(outcomes, "model", "inside95")
    return [
        Figure(
            "CRPS vs full-history sigma", against(outcomes, "model", "last_price").value, "×", 0.949
        ),
        Figure("CRPS vs EWMA 0.94", against(outcomes, "model", "ewma").value, "×", 0.993),
        Figure("80 % band, off by", abs(100 * inside.mean() - 80), "points", 3),
        Figure("95 % band, off by", abs(100 * wide.mean() - 95), "points", 2),
        Figure("80 % band, worst tercile off by", worst, "points", 4),
        Figure(
            "Point error vs naive", against(outcomes, "model", "last_price", "error").value, "×", 1
        ),
    ]


def by_symbol(outcomes: Sequence[Outcome]) -> None:
    """Coverage of the 80 % band for each symbol and each year."""
    for title, key in (("symbol", lambda o: o.symbol), ("year", lambda o: str(o.origin)[:4])):
        groups = sorted({key(o) for o in outcomes})
        shares = []
        for group in groups:
            among = [o for o in outcomes if key(o) == group]
            shares.append(f"{group} {100 * means(among, 'model', 'inside80').mean():.0f}")
        print(f"80 % held by {title}: {', '.join(shares)}")


def loading() -> list[Figure]:
    """Reading a checked artifact."""
    out = []
    for kind, asked in (("linear", 1.0), ("boosted", None)):
        raw, known = shipped.artifact(kind), shipped.HASHES[kind]
        took = []
        for _ in range(50):
            began = time.perf_counter()
            model.load(raw, known)
            took.append(time.perf_counter() - began)
        out.append(
            Figure(f"load {kind} artifact", 1000 * min(took), "ms", asked, f"{len(raw):,} B")
        )
    return out


def many(stocks: int = 500, days: int = 2520) -> list[Figure]:
    """From arrays of closes to stored quantiles, on one core."""
    rng = np.random.default_rng(1)
    moves = 0.015 * rng.standard_normal((stocks, days)) * np.exp(0.3 * rng.standard_normal(days))
    closes = 50 * np.exp(np.cumsum(moves, axis=1))
    live, linear = shipped.shipped("boosted"), shipped.shipped("linear")
    began = time.process_time(), time.perf_counter()
    made = fan.fans(list(closes), live, linear)
    fitted = time.process_time() - began[0]
    note = "features, GARCH, both models, every baseline; CPU time"
    figures = [Figure(f"{stocks} × {days:,} bars to fans", fitted, "s", None, note)]
    if "DATABASE_URL" in os.environ:
        from benchmarks.forecast_store import store

        stored = store(closes, made)
        figures.append(Figure("… and stored", fitted + stored, "s", 3.0, "with hashes; CPU + wait"))
    return figures


def main(wanted: Sequence[str]) -> int:
    """Everything, or only `speed`, `panel`, `sample`."""
    figures: list[Figure] = []
    if not wanted or "speed" in wanted:
        figures += loading() + many()
    if not wanted or "sample" in wanted:
        outcomes = on_the_sample()
        show("Sample symbols 2009 to 2013, shipped models", outcomes)
        by_symbol(outcomes)
    if not wanted or "panel" in wanted:
        outcomes = on_the_panel()
        show("Panel, all windows", outcomes)
        by_symbol(outcomes)
        burnt = sorted({o.origin for o in outcomes})[BURN_IN:]
        late = [o for o in outcomes if o.origin >= burnt[0]]
        show("Panel, the bar's 80 windows", late)
        figures += bars(late)
    print(f"\n{table(figures)}")
    return int(any(f.verdict == "missed" for f in figures))


assert set(SHOWN) == set(METHODS)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
