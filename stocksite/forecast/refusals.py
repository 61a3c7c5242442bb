"""When to say nothing: too short, stale, or absurd. A refusal is stored with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from stocksite.forecast.series import log_returns
from stocksite.forecast.terms import SHORT_BARS, Floats

STALE_DAYS: Final = 3
"""Trading days the last bar may lag behind."""
MAX_GAP_SHARE: Final = 0.05
MAX_MOVE: Final = 0.7
"""Largest believable log return of a day without a split: a price doubled or halved."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no forecast: a word for programs, a sentence with its numbers for people."""

    code: str
    sentence: str


def refuse(
    days: Sequence[date], closes: Floats, sessions: Sequence[date], origin: date
) -> Refusal | None:
    """Why not to forecast from these closes (adjusted for splits), or None.

    `sessions` are the exchange's trading days up to and including `origin`, the last complete one;
    at least the last 66 of them.
    """
    if len(closes) == 0:
        return Refusal("too-short", f"There are no prices yet; {SHORT_BARS} days are needed.")
    if not bool(np.isfinite(closes).all() and (closes > 0).all()):
        return Refusal("absurd", "A stored price is zero, negative or not a number.")
    if len(closes) < SHORT_BARS:
        return Refusal(
            "too-short",
            f"There are {len(closes)} days of prices and {SHORT_BARS} are needed. "
            f"Come back in {SHORT_BARS - len(closes)} trading days.",
        )
    return _stale(days, sessions, origin) or _absurd(days, closes)


def _stale(days: Sequence[date], sessions: Sequence[date], origin: date) -> Refusal | None:
    behind = sum(1 for session in sessions if days[-1] < session <= origin)
    if behind > STALE_DAYS:
        return Refusal(
            "stale", f"The last price is of {days[-1]}, {behind} trading days before {origin}."
        )
    recent = [s for s in sessions if s <= days[-1]][-SHORT_BARS:]
    missing = len(set(recent) - set(days[-2 * SHORT_BARS :]))
    if recent and missing > MAX_GAP_SHARE * len(recent):
        return Refusal(
            "stale", f"{missing} of the last {len(recent)} trading days have no price stored."
        )
    return None


def _absurd(days: Sequence[date], closes: Floats) -> Refusal | None:
    """Only moves that the volatilities still see count: 250 days."""
    recent = log_returns(closes)[1:][-250:]
    worst = int(np.argmax(np.abs(recent)))
    if abs(float(recent[worst])) <= MAX_MOVE:
        return None
    day = days[len(days) - len(recent) + worst]
    change = 100 * float(np.expm1(recent[worst]))
    return Refusal(
        "absurd",
        f"The price moved by {change:+.0f} % on {day} with no split recorded; "
        "a forecast from it would be nonsense until 250 trading days have passed.",
    )
