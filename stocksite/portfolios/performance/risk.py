"""Risk of a series of simple returns on trading days: spread, and reward for it."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from stocksite.portfolios.performance.series import TRADING_DAYS, FloatArray, Numbers, floats


def volatility(
    returns: Numbers, *, periods: int = TRADING_DAYS, logarithmic: bool = False
) -> float | None:
    """Sample standard deviation (ddof 1) times sqrt(periods); None for fewer than two returns.

    Of simple returns, or of log(1 + r) when `logarithmic` (as Portfolio Performance shows it).
    Feed trading days only: weekends counted as zero returns understate it.
    """
    series = floats(returns, name="returns")
    if series.size < 2:
        return None
    if logarithmic:
        series = np.log1p(series)
    return float(np.std(series, ddof=1) * math.sqrt(periods))


def sharpe(
    returns: Numbers, *, risk_free: float = 0.0, periods: int = TRADING_DAYS
) -> float | None:
    """mean(r - rf) / sd(r - rf, ddof 1) * sqrt(periods), `risk_free` per period (Sharpe 1994).

    None for fewer than two returns or when they do not vary.
    """
    per_period = _sharpe_per_period(floats(returns, name="returns") - risk_free)
    return None if per_period is None else per_period * math.sqrt(periods)


def sortino(
    returns: Numbers, *, risk_free: float = 0.0, periods: int = TRADING_DAYS
) -> float | None:
    """mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)) * sqrt(periods), over all n (Sortino 1994).

    None when no return falls short of `risk_free` (per period).
    """
    excess = floats(returns, name="returns") - risk_free
    shortfall = np.minimum(excess, 0.0)
    if not shortfall.any():
        return None
    downside = math.sqrt(float(np.mean(shortfall**2)))
    return float(np.mean(excess)) / downside * math.sqrt(periods)


def value_at_risk(returns: Numbers, level: float = 0.95) -> float | None:
    """The historical (1 - level) quantile of returns, linear between neighbours; None for none.

    A fraction and usually negative: at 0.95, one day in twenty was worse.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level lies between 0 and 1, not {level}")
    series = floats(returns, name="returns")
    return float(np.quantile(series, 1.0 - level)) if series.size else None


def probabilistic_sharpe(
    returns: Numbers, *, benchmark: float = 0.0, corrected: bool = True
) -> float | None:
    """The probability that the true Sharpe ratio exceeds `benchmark`; both per period.

    Phi[(SR - SR*) * sqrt(n - 1) / sqrt(1 - g3 * SR + (g4 - 1) / 4 * SR^2)], g3 the skewness and
    g4 the non-excess kurtosis (Bailey and Lopez de Prado 2012, Journal of Risk 15(2)). Moments
    are bias-corrected, or population moments with `corrected=False`, as the deflated Sharpe ratio
    takes them. None for fewer than four returns or when they do not vary.
    """
    series = floats(returns, name="returns")
    ratio = _sharpe_per_period(series)
    if ratio is None or series.size < 4:
        return None
    skewness, kurtosis = _moments(series, corrected=corrected)
    variance = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if variance <= 0.0:
        return None
    return NormalDist().cdf((ratio - benchmark) * math.sqrt((series.size - 1) / variance))


def _sharpe_per_period(excess: FloatArray) -> float | None:
    if excess.size < 2 or np.ptp(excess) == 0.0:
        return None
    return float(np.mean(excess) / np.std(excess, ddof=1))


def _moments(series: FloatArray, *, corrected: bool) -> tuple[float, float]:
    """Skewness and non-excess kurtosis; bias-corrected as G1 and G2 (Joanes and Gill 1998)."""
    n = series.size
    deviations = series - np.mean(series)
    # Multiplied, not raised to a power: numpy's pow is a hundred times slower.
    squares = deviations * deviations
    variance = float(np.mean(squares))
    skewness = float(np.mean(squares * deviations)) / variance**1.5
    kurtosis = float(np.mean(squares * squares)) / variance**2
    if corrected:
        skewness *= math.sqrt(n * (n - 1)) / (n - 2)
        kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis - 3.0) + 6.0) + 3.0
    return skewness, kurtosis
