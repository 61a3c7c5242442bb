"""Price alerts: when a level fires, when it is armed again, and the sentence that tells it.

`above` and `below` fire once when a price is at the level or past it. They are armed again when
the level is changed, or when a session has closed back on the other side: at most one message a
session, and none while the price stays across. A level that the price has passed already when it
is set does not fire; it waits for such a close.

`move` fires once a session, when the price is so many percent away from the close before it, in
either direction. Each session is a new one.

Levels are prices per share, so a split divides them like the prices themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from stocksite.core import money
from stocksite.market import adjust, events
from stocksite.market.adjust import Split


class Kind(StrEnum):
    """What a level means."""

    ABOVE = "above"
    BELOW = "below"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Levels:
    """What the owner of a row wants to be told about, and a note. None means: nothing."""

    note: str = ""
    above: Decimal | None = None
    below: Decimal | None = None
    move_pct: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Arming:
    """Which levels of a row may fire. `moved_on` is the session that `move` is done with."""

    above: bool = True
    below: bool = True
    moved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The price a level is compared with; None without a quote."""

    price: Decimal | None = None
    previous_close: Decimal | None = None
    session_date: date | None = None


def passed(kind: Kind, level: Decimal | None, seen: Seen) -> bool:
    """Whether the price is at the level or past it. False without a level or a price."""
    if level is None or seen.price is None:
        return False
    if kind is Kind.ABOVE:
        return seen.price >= level
    if kind is Kind.BELOW:
        return seen.price <= level
    return events.move(seen.price, seen.previous_close, level) is not None


def arm(old: Levels, before: Arming, new: Levels, seen: Seen) -> Arming:
    """What is armed once a row's levels go from `old` to `new`; an unchanged level stays as is."""
    above, below, moved_on = before.above, before.below, before.moved_on
    if new.above != old.above:
        above = not passed(Kind.ABOVE, new.above, seen)
    if new.below != old.below:
        below = not passed(Kind.BELOW, new.below, seen)
    if new.move_pct != old.move_pct:
        moved_on = seen.session_date if passed(Kind.MOVE, new.move_pct, seen) else None
    return Arming(above, below, moved_on)


def after_splits(
    level: Decimal | None, splits: Sequence[Split], stated: date, today: date
) -> Decimal | None:
    """A level stated in the shares of one session, in those of a later one (6 places)."""
    if level is None:
        return None
    ratio = adjust.price_ratio(splits, stated, today)
    return max(money.price(level * ratio.numerator / ratio.denominator), money.PRICE_STEP)


_WAYS: Final = {Kind.ABOVE: "above", Kind.BELOW: "below"}


def sentence(
    kind: str, symbol: str, level: Decimal, price: Decimal, previous: Decimal | None
) -> str:
    """The notification in words: `AAPL is at $101.20, above your level of $100.00.`"""
    at = f"{symbol} is at ${_plain(price, 2)}"
    if kind != Kind.MOVE:
        return f"{at}, {_WAYS[Kind(kind)]} your level of ${_plain(level, 2)}."
    change = events.change_pct(price, previous) if previous else 0.0
    return f"{at}, {_signed(change)}% on the day; you asked for moves of {_plain(level, 0)}%."


def _signed(change: float) -> str:
    """2 places and a sign, the minus of the pages (U+2212)."""
    return f"{change:+.2f}".replace("-", "\u2212")


def _plain(value: Decimal, places: int) -> str:
    """Digits with separators, without trailing zeros beyond `places`."""
    whole, _, rest = f"{value:,f}".partition(".")
    rest = rest.rstrip("0").ljust(places, "0")
    return f"{whole}.{rest}" if rest else whole
