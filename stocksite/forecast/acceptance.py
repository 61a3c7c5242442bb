"""Whether a candidate may go live: it must keep its promises and not lose to the live model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stocksite.forecast.bootstrap import Interval, ratio
from stocksite.forecast.conformal import STATES
from stocksite.forecast.rolling import Outcome
from stocksite.forecast.terms import Floats

COVERAGE80: Final = (70.0, 90.0)
COVERAGE95: Final = (88.0, 99.0)
"""Wider than the benchmark's bar: a held-out year is one market, not many."""
_LEAST: Final = 30


@dataclass(frozen=True, slots=True)
class Judgment:
    """The verdict with its numbers."""

    accepted: bool
    verdict: str
    metrics: dict[str, Any]


def judge(candidate: Sequence[Outcome], live: Sequence[Outcome]) -> Judgment:
    """Compare on the same stocks and origins; both lists in the same order."""
    if len(candidate) < _LEAST:
        return Judgment(
            False, f"Only {len(candidate)} held-out forecasts; {_LEAST} are needed.", {}
        )
    metrics = measure(candidate)
    against = ratio(_by_month(candidate, "model"), _by_month(live, "model"))
    metrics["vs_live"] = _plain(against)
    c80, c95 = metrics["coverage80_pct"], metrics["coverage95_pct"]
    faults = []
    if not COVERAGE80[0] <= c80 <= COVERAGE80[1]:
        faults.append(f"its 80 % band held {c80:.1f} %")
    if not COVERAGE95[0] <= c95 <= COVERAGE95[1]:
        faults.append(f"its 95 % band held {c95:.1f} %")
    if metrics["vs_last_price"]["value"] > 1:
        faults.append("it lost to the width of the whole history")
    if (against.low is not None and against.low > 1) or against.value > 1.01:
        faults.append(f"its CRPS was {against.value:.3f} times the live model's")
    said = (
        f"On {len(candidate)} held-out forecasts the 80 % band held {c80:.1f} % and the 95 % band "
        f"{c95:.1f} %; CRPS {against.value:.3f} times the live model's"
    )
    if faults:
        return Judgment(False, f"{said}. Rejected: {'; '.join(faults)}.", metrics)
    return Judgment(True, f"{said}. Accepted.", metrics)


def measure(outcomes: Sequence[Outcome], method: str = "model") -> dict[str, Any]:
    """Figures for the model card: overall, by market state, by horizon and by year."""

    def mean(name: str, among: Sequence[Outcome]) -> float:
        return float(np.mean([getattr(o.scores[method], name).mean() for o in among]))

    years = sorted({str(o.origin)[:4] for o in outcomes})
    crps = _by_month(outcomes, method)
    horizons = np.mean([o.scores[method].inside80 for o in outcomes], axis=0)
    return {
        "forecasts": len(outcomes),
        "coverage80_pct": 100 * mean("inside80", outcomes),
        "coverage95_pct": 100 * mean("inside95", outcomes),
        "crps_bp": 1e4 * mean("crps", outcomes),
        "winkler80_bp": 1e4 * mean("winkler80", outcomes),
        "vs_last_price": _plain(ratio(crps, _by_month(outcomes, "last_price"))),
        "vs_ewma": _plain(ratio(crps, _by_month(outcomes, "ewma"))),
        "vs_garch": _plain(ratio(crps, _by_month(outcomes, "garch"))),
        "by_state80_pct": {
            state: 100 * mean("inside80", among)
            for state in STATES
            if (among := [o for o in outcomes if o.fans.state == state])
        },
        "by_horizon80_pct": {
            str(h): 100 * float(horizons[h - 1]) for h in (1, 5, 10, 15, 20, 25, 30)
        },
        "by_year80_pct": {
            year: 100 * mean("inside80", [o for o in outcomes if str(o.origin)[:4] == year])
            for year in years
        },
    }


def _by_month(outcomes: Sequence[Outcome], method: str) -> Floats:
    months = sorted({str(o.origin)[:7] for o in outcomes})
    sums = dict.fromkeys(months, 0.0)
    for outcome in outcomes:
        sums[str(outcome.origin)[:7]] += float(outcome.scores[method].crps.mean())
    return np.array(list(sums.values()))


def _plain(interval: Interval) -> dict[str, float | None]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}
