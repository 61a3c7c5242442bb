"""Made-up prices for the rules: random walks whose volatility comes and goes."""

from __future__ import annotations

import numpy as np

from stocksite.forecast.panel import History


def walk(n: int, seed: int = 1, daily: float = 0.015):
    """Closes of a GARCH-like walk of n days."""
    rng = np.random.default_rng(seed)
    variance, closes = daily**2, [100.0]
    for shock in rng.standard_normal(n - 1):
        move = np.sqrt(variance) * shock
        variance = daily**2 * 0.05 + 0.08 * move**2 + 0.87 * variance
        closes.append(closes[-1] * np.exp(move))
    return np.array(closes)


def history(n: int, seed: int = 1, symbol: str | None = None) -> History:
    days = np.datetime64("2000-01-03") + np.arange(n)
    return History(symbol or f"S{seed:02d}", days, walk(n, seed))
