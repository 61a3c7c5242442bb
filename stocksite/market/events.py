"""Significant events: the first move of a session beyond a threshold, in each direction.

A move is measured against the close before the session, in the shares of the session's own day:
on a split's day the previous close is divided by the split first, so the split itself is no move.
A price that is exactly at the threshold counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from stocksite.core import money
from stocksite.market import adjust
from stocksite.market.adjust import Split

_PCT_STEP: Final = Decimal("0.0001")


class Direction(StrEnum):
    """Which way a price went."""

    UP = "up"
    DOWN = "down"


EVENT_TYPES: Final = {"PRICE_INCREASE": Direction.UP, "PRICE_DECREASE": Direction.DOWN}
"""What scripts call the directions."""
TYPE_OF: Final = {direction.value: name for name, direction in EVENT_TYPES.items()}
"""The name of a stored direction."""


@dataclass(frozen=True, slots=True)
class Move:
    """A price beyond the threshold, and the close it is measured against (in the same shares)."""

    direction: Direction
    price: Decimal
    previous_price: Decimal
    change_pct: float
    """Percent points, 4 places."""


@dataclass(frozen=True, slots=True)
class Close:
    """A stored close (double, raw) and the stored close before it, with the splits in between."""

    day: date
    close: float
    previous_day: date
    previous_close: float
    splits: tuple[Split, ...] = ()


def change_pct(price: Decimal, previous: Decimal) -> float:
    """The change in percent points, rounded to 4 places half away from zero as PostgreSQL does."""
    return float(((price - previous) * 100 / previous).quantize(_PCT_STEP, ROUND_HALF_UP))


def move(price: Decimal, previous: Decimal | None, threshold_pct: Decimal) -> Move | None:
    """The move of `price` against `previous` when it is at least `threshold_pct` percent points.

    None for a smaller move, and where there is no previous close to measure against.
    """
    if previous is None or previous <= 0:
        return None
    if abs(price - previous) * 100 < threshold_pct * previous:
        return None
    direction = Direction.UP if price > previous else Direction.DOWN
    return Move(direction, price, previous, change_pct(price, previous))


def first_moves(
    prices: Iterable[tuple[datetime, Decimal]], previous: Decimal | None, threshold_pct: Decimal
) -> dict[Direction, tuple[datetime, Move]]:
    """Of one session's prices in order of time, the first that crosses in each direction."""
    found: dict[Direction, tuple[datetime, Move]] = {}
    for at, price in prices:
        crossed = move(price, previous, threshold_pct)
        if crossed is not None:
            found.setdefault(crossed.direction, (at, crossed))
    return found


def closing_move(row: Close, threshold_pct: Decimal) -> Move | None:
    """The move of a stored close against the one before it, splits taken out; None if smaller."""
    previous = adjust.previous_close(row.previous_close, row.previous_day, row.splits, row.day)
    return move(money.from_observation(row.close), previous, threshold_pct)
