"""A series of returns beside its benchmark's, day by day."""

from __future__ import annotations

import numpy as np

from stocksite.portfolios.performance.returns import twr
from stocksite.portfolios.performance.series import TRADING_DAYS, FloatArray, Numbers, floats


def beta(returns: Numbers, benchmark: Numbers) -> float | None:
    """cov(r, b) / var(b), both ddof 1; the two series cover the same days.

    None for fewer than two days or a benchmark that does not vary; ValueError for unequal lengths.
    """
    series, against = _aligned(returns, benchmark)
    if series.size < 2 or np.ptp(against) == 0.0:
        return None
    deviations = against - np.mean(against)
    return float(np.dot(series - np.mean(series), deviations) / np.dot(deviations, deviations))


def alpha(returns: Numbers, benchmark: Numbers, *, periods: int = TRADING_DAYS) -> float | None:
    """(mean(r) - beta * mean(b)) * periods: arithmetic, per year; None where beta is None."""
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    series, against = _aligned(returns, benchmark)
    return float((np.mean(series) - slope * np.mean(against)) * periods)


def tracking_difference(returns: Numbers, benchmark: Numbers) -> float:
    """The period's time-weighted return less the benchmark's, as a fraction."""
    series, against = _aligned(returns, benchmark)
    return twr(series) - twr(against)


def _aligned(returns: Numbers, benchmark: Numbers) -> tuple[FloatArray, FloatArray]:
    series = floats(returns, name="returns")
    return series, floats(benchmark, name="benchmark", size=series.size)
