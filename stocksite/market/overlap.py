"""Comparing two providers where they overlap, before one continues the other's series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stocksite.market.adjust import Days, Floats
from stocksite.market.providers.base import BarSeries

AGREE = 0.005
"""Two providers agree when their figures differ by no more than this share."""
OVERLAP_CLOSES = 20


@dataclass(frozen=True, slots=True)
class Known:
    """Closes that are stored already, ascending; they are believed."""

    days: Days
    closes: Floats

    @classmethod
    def nothing(cls) -> Known:
        """No closes."""
        return cls(np.empty(0, "datetime64[D]"), np.empty(0))


@dataclass(frozen=True, slots=True)
class Overlap:
    """How the closes of two providers compare on their common days."""

    compared: int
    worst: float
    """The largest difference, as a share."""
    agrees: bool


def overlap(known: Known, series: BarSeries) -> Overlap:
    """Compare the last 20 common closes; fewer suffice only when no more are stored."""
    common, ours, theirs = np.intersect1d(known.days, series.days, return_indices=True)
    if not len(common):
        return Overlap(0, 0.0, not len(known.days))
    ours, theirs = ours[-OVERLAP_CLOSES:], theirs[-OVERLAP_CLOSES:]
    shares = np.abs(series.close[theirs] / known.closes[ours] - 1)
    worst = float(np.nan_to_num(shares, nan=np.inf).max())
    enough = len(ours) >= min(OVERLAP_CLOSES, len(known.days))
    return Overlap(len(ours), worst, enough and worst <= AGREE)
