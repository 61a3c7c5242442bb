"""Pooled conformal quantiles: how large outcomes were against the scale that was promised.

z = |log return| / scale, pooled over stocks, horizons and origins the model was not fitted on.
Half of each quantile is pooled over everything, half over origins of the same market state (calm,
middle, wild), because one multiplier for all is too narrow in calm times and too wide in wild ones.
Symmetric: the sample's drift is not a promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stocksite.core.errors import InvalidInput
from stocksite.forecast.terms import LEVELS, Floats

STATES: Final = ("calm", "middle", "wild")
_ODDS: Final = np.array([abs(2 * level - 1) for level in LEVELS])
_SIGNS: Final = np.array([np.sign(round(level - 0.5, 9)) for level in LEVELS])


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Quantile shapes by market state, and where one state passes into the next."""

    middles: Floats
    """Typical `features.state` of each market state, ascending, shape (3,)."""
    edges: Floats
    """Between calm and middle, and between middle and wild, shape (2,)."""
    table: Floats
    """Shape (3, 21): quantiles of the standardized outcome, ascending."""

    def at(self, state: float) -> Floats:
        """The shape (21,) for a state; between two typical ones, in between."""
        columns = [np.interp(state, self.middles, column) for column in self.table.T]
        return np.array(columns)

    def name(self, state: float) -> str:
        """`calm`, `middle` or `wild`."""
        return STATES[int(np.searchsorted(self.edges, state, side="right"))]

    def to_json(self) -> dict[str, Any]:
        """Plain lists of numbers."""
        names = ("middles", "edges", "table")
        return {name: getattr(self, name).tolist() for name in names}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Shapes:
        """Read and check; raises InvalidInput."""
        shapes = cls(*(np.array(data[n], dtype=np.float64) for n in ("middles", "edges", "table")))
        good = (
            shapes.middles.shape == (3,)
            and shapes.edges.shape == (2,)
            and shapes.table.shape == (3, len(LEVELS))
            and bool(np.isfinite(shapes.table).all())
            and bool((np.diff(shapes.table, axis=1) >= 0).all())
            and bool((np.diff(shapes.middles) > 0).all())
        )
        if not good:
            raise InvalidInput("The quantiles of this model are damaged; train it again.")
        return shapes


def calibrate(outcomes: Floats, states: Floats) -> Shapes:
    """Shapes from |z| of calibration origins, shape (n, 30), and their states, shape (n,)."""
    edges = np.quantile(states, (1 / 3, 2 / 3))
    group = np.searchsorted(edges, states, side="right")
    pooled = np.quantile(outcomes, _ODDS)
    own = np.array([np.quantile(outcomes[group == k], _ODDS) for k in range(len(STATES))])
    middles = np.array([np.median(states[group == k]) for k in range(len(STATES))])
    return Shapes(middles, edges, _SIGNS * (0.5 * pooled + 0.5 * own))
