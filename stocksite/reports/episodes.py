"""What a curve is told as: its deepest falls, one after the other, and how wild it has been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from stocksite.portfolios import performance as rules
from stocksite.portfolios.performance.series import TRADING_DAYS

ROLLING: Final = 63
"""Sessions of a rolling figure: a quarter."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A stay below a high. `depth_pct` ≤ 0; `back` is None while it lasts."""

    peak: date
    trough: date
    back: date | None
    depth_pct: float
    sessions: int
    """From the high to the first close back at it, or to the last close."""


def deepest(days: Sequence[date], drawdown_pct: Sequence[float], most: int = 5) -> list[Episode]:
    """The deepest stays below a high, deepest first. `drawdown_pct` ≤ 0, one per day."""
    below = np.asarray(drawdown_pct, dtype=np.float64)
    under = below < -1e-9
    edges = np.diff(np.concatenate(([False], under, [False])).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        trough = start + int(np.argmin(below[start:end]))
        peak = max(start - 1, 0)
        back = days[end] if end < len(days) else None
        last = min(end, len(days) - 1)
        found.append(Episode(days[peak], days[trough], back, float(below[trough]), last - peak))
    return sorted(found, key=lambda episode: (episode.depth_pct, episode.peak))[:most]


def rolling_volatility(returns: Sequence[float], window: int = ROLLING) -> list[float | None]:
    """Percent points a year over the last `window` returns (fractions); None before there are."""
    series = np.asarray(returns, dtype=np.float64)
    if series.size < window:
        return [None] * series.size
    views = np.lib.stride_tricks.sliding_window_view(series, window)
    wild = views.std(axis=1, ddof=1) * np.sqrt(TRADING_DAYS) * 100
    return [None] * (window - 1) + [float(value) for value in wild]


def below_high(levels: Sequence[float]) -> list[float]:
    """Percent points below the highest level so far, ≤ 0."""
    return [float(value) for value in rules.drawdowns(levels) * 100]
