"""Rolling origins: forecast from many days of the past as if each were today, and score.

Used by the benchmark, by the acceptance of a new model, and to fill the scoreboard. Each forecast
sees its history up to the origin and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stocksite.forecast.fan import Fans, fans
from stocksite.forecast.model import Model
from stocksite.forecast.panel import Days, History
from stocksite.forecast.scoring import Scores, score
from stocksite.forecast.terms import HORIZON, METHODS, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One stock's forecasts of one origin with what happened."""

    symbol: str
    origin: Any
    """`datetime64[D]`."""
    fans: Fans
    returns: Floats
    """Log returns over 1 … 30 days, shape (30,)."""
    scores: Mapping[str, Scores]
    """By method; each of shape (30,)."""


def positions(days: Days, origins: Days) -> list[int]:
    """Where the origins lie in a history, those without 30 days after them left out."""
    found = np.searchsorted(days, origins)
    return [
        int(at)
        for at, origin in zip(found, origins, strict=True)
        if at < len(days) - HORIZON and days[at] == origin
    ]


def run(
    histories: Sequence[History], origins: Days, live: Model, linear: Model, least: int = 260
) -> list[Outcome]:
    """Forecast and score every stock at every origin that has `least` days before it."""
    tasks = [
        (history, at)
        for history in histories
        for at in positions(history.days, origins)
        if at >= least
    ]
    made = fans([history.closes[: at + 1] for history, at in tasks], live, linear)
    return [_scored(history, at, one) for (history, at), one in zip(tasks, made, strict=True)]


def _scored(history: History, at: int, made: Fans) -> Outcome:
    path = np.log(history.closes[at : at + HORIZON + 1])
    returns = path[1:] - path[0]
    quantiles = np.stack([made.spreads[method].quantiles() for method in METHODS])
    together = score(quantiles, np.broadcast_to(returns, (len(METHODS), HORIZON)))
    names = Scores.__slots__
    scores = {
        method: Scores(*(getattr(together, name)[i] for name in names))
        for i, method in enumerate(METHODS)
    }
    return Outcome(history.symbol, history.days[at], made, returns, scores)
