"""Intervals for scores by drawing origins again: stocks move together, so an origin stays whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stocksite.forecast.terms import Floats

_DRAWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; the bounds are None with fewer than five blocks."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def spans_one(self) -> bool:
        """Whether a ratio's interval does not exclude "no better than"."""
        return self.low is None or self.high is None or self.low <= 1 <= self.high


def ratio(above: Floats, below: Floats, seed: int = 1) -> Interval:
    """Σ above / Σ below over blocks (one entry per block of origins), percentile bootstrap."""
    total = float(below.sum())
    if total == 0:
        return Interval(float("nan"))
    value = float(above.sum()) / total
    if len(above) < 5:
        return Interval(value)
    draws = np.random.default_rng(seed).integers(0, len(above), (_DRAWS, len(above)))
    bottom = below[draws].sum(axis=1)
    drawn = above[draws].sum(axis=1)[bottom > 0] / bottom[bottom > 0]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(value, float(low), float(high))
