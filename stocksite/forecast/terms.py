"""What every part of the room agrees on: horizons, quantile levels, methods, and a fan's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

HORIZON: Final = 30
"""Trading days a forecast looks ahead."""
KNOTS: Final = (1, 5, 10, 15, 20, 25, 30)
"""Horizons the pooled models are asked for; variance is linear between them."""
LEVELS: Final = (0.025, *(i / 20 for i in range(1, 20)), 0.975)
"""The 21 quantile levels of a fan."""
HORIZONS: Final = np.arange(1, HORIZON + 1, dtype=np.float64)

SHORT_BARS: Final = 66
"""Fewer clean bars than this are not enough for a forecast."""
YOUNG_BARS: Final = 250
"""Fewer than this earn the badge "short history"."""
GARCH_BARS: Final = 2520
"""GARCH looks at the last ten years at most."""

METHODS: Final = ("model", "linear", "last_price", "drift", "ewma", "garch", "regression")
"""Whose forecasts are scored, in the order of every stored array; only ever append."""
BASELINES: Final = METHODS[2:]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """A fan in log returns since the origin: quantile = center[h] + scale[h] · shape[level]."""

    center: Floats
    """Shape (30,)."""
    scale: Floats
    """Shape (30,)."""
    shape: Floats
    """Shape (21,), ascending, one value per level."""

    def quantiles(self) -> Floats:
        """Shape (30, 21), log returns."""
        out: Floats = self.center[:, None] + self.scale[:, None] * self.shape
        return out

    def prices(self, last: float) -> Floats:
        """Shape (30, 21), in the currency of `last`."""
        out: Floats = last * np.exp(self.quantiles())
        return out
