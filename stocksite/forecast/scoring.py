"""Scores of quantile forecasts, after the fact. Distances are log returns; 0.01 is about 1 %.

Pinball: Koenker and Bassett 1978. CRPS over the 19 levels 0.05 … 0.95 is twice the mean pinball
loss (Gneiting and Ranjan 2011). Winkler 1972: width plus 2/α times the miss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stocksite.forecast.terms import LEVELS, Floats

_LEVELS: Final = np.array(LEVELS)
_INNER: Final = slice(1, -1)
_LOW80, _HIGH80, _MEDIAN = LEVELS.index(0.1), LEVELS.index(0.9), LEVELS.index(0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One value per outcome, in the shape of the outcomes."""

    pinball: Floats
    """Mean over all 21 levels."""
    crps: Floats
    winkler80: Floats
    winkler95: Floats
    error: Floats
    """Distance of the center line from the outcome."""
    inside80: Floats
    """1 where the outcome lies in the 80 % band, bounds included; else 0."""
    inside95: Floats


def score(quantiles: Floats, outcomes: Floats) -> Scores:
    """Score quantiles (…, 21) against outcomes (…)."""
    gap = outcomes[..., None] - quantiles
    loss = np.maximum(_LEVELS * gap, (_LEVELS - 1) * gap)
    low80, high80 = quantiles[..., _LOW80], quantiles[..., _HIGH80]
    low95, high95 = quantiles[..., 0], quantiles[..., -1]
    return Scores(
        pinball=loss.mean(axis=-1),
        crps=2 * loss[..., _INNER].mean(axis=-1),
        winkler80=_winkler(low80, high80, outcomes, 0.2),
        winkler95=_winkler(low95, high95, outcomes, 0.05),
        error=np.abs(outcomes - quantiles[..., _MEDIAN]),
        inside80=((outcomes >= low80) & (outcomes <= high80)).astype(np.float64),
        inside95=((outcomes >= low95) & (outcomes <= high95)).astype(np.float64),
    )


def _winkler(low: Floats, high: Floats, outcomes: Floats, alpha: float) -> Floats:
    miss = np.maximum(low - outcomes, 0) + np.maximum(outcomes - high, 0)
    out: Floats = high - low + 2 / alpha * miss
    return out
