"""From sums of scores to a scoreboard with intervals: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from stocksite.forecast.bootstrap import Interval, ratio
from stocksite.forecast.conformal import STATES
from stocksite.forecast.terms import METHODS, Floats

BASIS_POINTS: Final = 10_000
LABELS: Final = {
    "model": "Our model",
    "linear": "Linear challenger",
    "last_price": "Last price",
    "drift": "Average drift",
    "ewma": "Recent volatility (EWMA)",
    "garch": "GARCH(1,1)",
    "regression": "Straight line through prices",
}
MEANINGS: Final = {
    "model": "pooled volatility and GARCH, conformal bands: what you see",
    "linear": "the same with a Gamma regression instead of trees",
    "last_price": "no change, width of the whole history",
    "drift": "the average move of the past goes on",
    "ewma": "no change, width of the last weeks (decay 0.94)",
    "garch": "no change, width of a GARCH fitted to the stock",
    "regression": "least squares of price on time, as most such sites draw it",
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over n matured days of one month of origins, one market state and one method."""

    month: date
    state: str
    method: str
    n: int
    pinball: float
    crps: float
    winkler80: float
    winkler95: float
    error: float
    inside80: float
    inside95: float


@dataclass(frozen=True, slots=True)
class Standing:
    """One method's line. Coverages in percent points, losses in basis points of log return."""

    method: str
    label: str
    meaning: str
    n: int
    """Matured days."""
    coverage80_pct: Interval
    coverage95_pct: Interval
    states80_pct: dict[str, float | None]
    """Coverage of the 80 % band by market state."""
    pinball: float
    crps: float
    winkler80: float
    winkler95: float
    error: float
    vs_last_price: Interval
    """CRPS against that of the last price, as wide as its whole history; below 1 is better."""
    vs_ewma: Interval
    error_vs_last_price: Interval

    @property
    def verdict(self) -> str:
        """In words: against recent volatility, the hardest simple rival."""
        return skill(self.vs_ewma, "recent volatility (EWMA)")


@dataclass(frozen=True, slots=True)
class Board:
    """All methods on the same days."""

    n: int
    months: int
    first: date | None
    last: date | None
    """Months of the first and the last origin."""
    standings: tuple[Standing, ...]

    def of(self, method: str) -> Standing | None:
        """One method's line, None while nothing has matured."""
        return next((s for s in self.standings if s.method == method), None)


def skill(against: Interval, rival: str) -> str:
    """What a ratio of losses says, with its interval."""
    if against.low is None or against.high is None:
        return f"Too few months to tell it from {rival}"
    if against.spans_one:
        return f"No measurable difference from {rival}"
    better = against.value < 1
    return f"{'Better' if better else 'Worse'} than {rival} by {abs(1 - against.value) * 100:.1f} %"


def build(rows: Iterable[Sums]) -> Board:
    """Lines for every method, ordered as `METHODS`; empty without matured days."""
    known = list(rows)
    months = sorted({row.month for row in known})
    if not months:
        return Board(0, 0, None, None, ())
    index = {month: i for i, month in enumerate(months)}
    by_method = {method: [row for row in known if row.method == method] for method in METHODS}
    crps = {method: _by_month(by_method[method], "crps", index) for method in METHODS}
    error = {method: _by_month(by_method[method], "error", index) for method in METHODS}
    standings = tuple(
        _standing(method, by_method[method], index, crps, error)
        for method in METHODS
        if by_method[method]
    )
    return Board(standings[0].n, len(months), months[0], months[-1], standings)


def _by_month(rows: list[Sums], name: str, index: dict[date, int]) -> Floats:
    out = np.zeros(len(index))
    for row in rows:
        out[index[row.month]] += getattr(row, name)
    return out


def _standing(
    method: str,
    rows: list[Sums],
    index: dict[date, int],
    crps: dict[str, Floats],
    error: dict[str, Floats],
) -> Standing:
    n = _by_month(rows, "n", index)
    total = float(n.sum())

    def mean(name: str) -> float:
        return BASIS_POINTS * float(_by_month(rows, name, index).sum()) / total

    return Standing(
        method=method,
        label=LABELS[method],
        meaning=MEANINGS[method],
        n=int(total),
        coverage80_pct=ratio(100 * _by_month(rows, "inside80", index), n),
        coverage95_pct=ratio(100 * _by_month(rows, "inside95", index), n),
        states80_pct={state: _share(rows, state) for state in STATES},
        pinball=mean("pinball"),
        crps=mean("crps"),
        winkler80=mean("winkler80"),
        winkler95=mean("winkler95"),
        error=mean("error"),
        vs_last_price=ratio(crps[method], crps["last_price"]),
        vs_ewma=ratio(crps[method], crps["ewma"]),
        error_vs_last_price=ratio(error[method], error["last_price"]),
    )


def _share(rows: list[Sums], state: str) -> float | None:
    mine = [row for row in rows if row.state == state]
    n = sum(row.n for row in mine)
    return 100 * sum(row.inside80 for row in mine) / n if n else None
