"""From closes to fans: the live model's, the linear one's, and every baseline's, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stocksite.forecast import baselines, garch
from stocksite.forecast import features as feature_rules
from stocksite.forecast.garch import Garch
from stocksite.forecast.model import Model, blended
from stocksite.forecast.terms import METHODS, YOUNG_BARS, Floats, Spread

_CENTER = np.zeros(30)


@dataclass(frozen=True, slots=True, eq=False)
class Fans:
    """One stock's forecast of one origin, before it is turned into prices."""

    spreads: dict[str, Spread]
    """By method, in the order of `METHODS`; `own` besides when the published one is GARCH's."""
    state: str
    """The market state: `calm`, `middle` or `wild`."""
    short_history: bool
    """Fewer than 250 days of prices."""
    outside: bool
    """Whether a volatility lies outside what training saw."""
    absurd: str | None
    """A feature so far outside that the model must not be asked, or None."""


def blend(pooled: Floats, fitted: Garch, shape: Floats) -> Spread:
    """The mean of two variances by horizon, with a conformal shape around no change."""
    return Spread(_CENTER, blended(pooled, fitted.cumulative()), shape)


def fans(
    histories: Sequence[Floats], live: Model, linear: Model, *, fallback: bool = False
) -> list[Fans]:
    """Forecast every history of adjusted closes; no history may be shorter than `SHORT_BARS`.

    With `fallback` the method `model` is plain GARCH: the drift alarm rings.
    """
    if not histories:
        return []
    features = np.array([feature_rules.latest(closes) for closes in histories])
    pooled, plain = live.variances(features), linear.variances(features)
    return [
        _one(closes, features[i], (live, pooled[i]), (linear, plain[i]), fallback)
        for i, closes in enumerate(histories)
    ]


def _one(
    closes: Floats,
    features: Floats,
    live: tuple[Model, Floats],
    linear: tuple[Model, Floats],
    fallback: bool,
) -> Fans:
    fitted = garch.fit(closes)
    state = feature_rules.state(closes)
    known = baselines.spreads(closes, fitted)
    known["linear"] = blend(linear[1], fitted, linear[0].shapes.at(state))
    own = blend(live[1], fitted, live[0].shapes.at(state))
    known["model"] = known["garch"] if fallback else own
    spreads = {method: known[method] for method in METHODS}
    return Fans(
        spreads=spreads | ({"own": own} if fallback else {}),
        state=live[0].shapes.name(state),
        short_history=len(closes) < YOUNG_BARS,
        outside=live[0].outside(features),
        absurd=live[0].unfamiliar(features),
    )
