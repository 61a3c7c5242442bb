"""The baselines every forecast stands beside: normal fans of the textbook methods.

Centers and scales are log returns since the origin. The last one is the straight line through the
price that most such sites draw; it is here so that people see why not.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Final

import numpy as np

from stocksite.forecast.garch import Garch
from stocksite.forecast.series import ewma, log_returns
from stocksite.forecast.terms import (
    BASELINES,
    HORIZON,
    HORIZONS,
    LEVELS,
    SHORT_BARS,
    Floats,
    Spread,
)

NORMAL: Final = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
_FLAT: Final = np.zeros(HORIZON)


def last_price(closes: Floats) -> Spread:
    """No change; the width from the variance of the whole history."""
    variance = float((log_returns(closes)[1:] ** 2).mean())
    return Spread(_FLAT, np.sqrt(variance * HORIZONS), NORMAL)


def drift(closes: Floats) -> Spread:
    """The average move of the whole history goes on; the width is that of the history."""
    returns = log_returns(closes)[1:]
    variance = float((returns**2).mean())
    return Spread(float(returns.mean()) * HORIZONS, np.sqrt(variance * HORIZONS), NORMAL)


def ewma_094(closes: Floats) -> Spread:
    """No change; the width of recent days, decay 0.94 (RiskMetrics 1996)."""
    squares = log_returns(closes) ** 2
    start = float(squares[1 : SHORT_BARS + 1].mean())
    variance = float(ewma(squares, 0.94, start)[-1])
    return Spread(_FLAT, np.sqrt(variance * HORIZONS), NORMAL)


def garch_normal(fitted: Garch) -> Spread:
    """No change; GARCH(1,1)'s width with a normal shape."""
    return Spread(_FLAT, np.sqrt(fitted.cumulative()), NORMAL)


def regression(closes: Floats) -> Spread:
    """Least squares of price on time over the whole history, with its textbook prediction band.

    Where the band would go below a thousandth of the last price it ends there: a logarithm needs
    a positive number.
    """
    y = closes
    n = len(y)
    x = np.arange(n) - (n - 1) / 2
    spread = float((x**2).sum())
    slope = float((x * y).sum()) / spread
    level = float(y.mean())
    error = float(np.sqrt(((y - level - slope * x) ** 2).sum() / max(n - 2, 1)))
    ahead = (n - 1) / 2 + HORIZONS
    width = error * np.sqrt(1 + 1 / n + ahead**2 / spread)
    last, floor = float(closes[-1]), 0.001
    middle = np.maximum((level + slope * ahead) / last, floor)
    upper = np.log(np.maximum(middle + width / last, floor))
    center = np.log(middle)
    return Spread(center, np.maximum(upper - center, 1e-6), NORMAL)


_OF_CLOSES: Final[dict[str, Callable[[Floats], Spread]]] = {
    "last_price": last_price,
    "drift": drift,
    "ewma": ewma_094,
    "regression": regression,
}


def spreads(closes: Floats, fitted: Garch) -> dict[str, Spread]:
    """Every baseline's fan, in the order of `BASELINES`."""
    return {
        name: garch_normal(fitted) if name == "garch" else _OF_CLOSES[name](closes)
        for name in BASELINES
    }
