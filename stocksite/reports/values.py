"""Kinds of values: how each is rounded (once, half-even), stored as plain JSON, and written.

money     "1234.50"   exact decimal text, 2 places      $1,234.50
gain      "-3.00"     the same with its sign            −$3.00
flow      "-3.00"     money that moved: no colour     −$3.00
price     "604.85"    exact, at most 4 places           $604.85
quantity  "0.5"       exact, at most 9 places           0.5
dollars   472726.56   research money: a number          $472,726.56
profit    -12.5       the same with its sign            −$12.50
percent   1.25        percent points with their sign    +1.25%
share     41.5        percent points of a whole         41.50%
points    1.2         percent points, 1 place, bare     +1.2
ratio     0.93        2 places                          0.93
figure    1.057       3 places                          1.057
count     1250        whole                             1,250
day       2009-01-14  trading day                       14 Jan 2009
moment    …Z          market time                       14 Jan 2009, 16:00
text
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, TypeAlias

from stocksite.web import format as formats

Scalar: TypeAlias = str | int | float | None

_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_TEXTS: Final = {"money": 2, "gain": 2, "flow": 2, "price": 4, "quantity": 9}
"""Kinds kept as decimal texts, with their places."""
_NUMBERS: Final = {
    "dollars": 2,
    "profit": 2,
    "percent": 2,
    "share": 2,
    "points": 1,
    "ratio": 2,
    "figure": 3,
    "count": 0,
}
"""Kinds kept as numbers."""
_SIGNED: Final = frozenset({"gain", "profit", "percent", "points"})
KINDS: Final = frozenset({*_TEXTS, *_NUMBERS, "day", "moment", "text"})
_TRIMMED: Final = frozenset({"price", "quantity"})
_HEAT: Final = (1.0, 3.0, 6.0, 10.0)
"""Percent points a month at which its square gets darker."""


def rounded(kind: str, value: Any) -> Scalar:
    """A value as it is kept: rounded to the digits that are printed. None stays None."""
    if value is None:
        return None
    if kind in _TEXTS:
        return _exact(kind, value)
    if kind in _NUMBERS:
        return _number(kind, value)
    if kind == "day":
        return value.isoformat() if isinstance(value, date) else str(value)
    if kind == "moment":
        return formats.iso(value) if isinstance(value, datetime) else str(value)
    if kind != "text":
        raise ValueError(f"{kind} is no kind of value")
    return str(value)


def _exact(kind: str, value: Any) -> str:
    if isinstance(value, float):
        if kind != "price":
            raise TypeError(f"{kind} is Decimal, not float")
        value = Decimal(repr(value))
    step = Decimal(1).scaleb(-_TEXTS[kind])
    text = f"{Decimal(value).quantize(step, context=_EXACT) + 0:f}"
    if kind not in _TRIMMED:
        return text
    whole, _, places = text.partition(".")
    kept = places.rstrip("0")
    if kind == "price":
        kept = kept.ljust(2, "0")
    return f"{whole}.{kept}" if kept else whole


def _number(kind: str, value: Any) -> float | int | None:
    figure = float(value)
    if figure != figure or figure in (float("inf"), float("-inf")):
        return None
    places = _NUMBERS[kind]
    found = Decimal(repr(figure)).quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return int(found) if places == 0 else float(found) + 0.0


def text(kind: str, value: Scalar, *, bare: bool = False) -> str:
    """A kept value as it is printed; `bare` leaves the currency to the column's head."""
    if value is None:
        return formats.DASH
    return _WRITERS[kind](value, not bare)


def _money(value: Scalar, currency: bool) -> str:
    return formats.money(Decimal(str(value)), currency=currency)


def _gain(value: Scalar, currency: bool) -> str:
    return formats.money(Decimal(str(value)), sign=True, currency=currency)


def _price(value: Scalar, currency: bool) -> str:
    return formats.price(Decimal(str(value)), currency=currency)


def _dollars(value: Scalar, currency: bool, sign: bool = False) -> str:
    return formats.price(Decimal(repr(value)), sign=sign, currency=currency)


_WRITERS: Final[dict[str, Callable[[Any, bool], str]]] = {
    "money": _money,
    "gain": _gain,
    "flow": _gain,
    "price": _price,
    "quantity": lambda value, _: formats.quantity(Decimal(str(value))),
    "dollars": _dollars,
    "profit": lambda value, currency: _dollars(value, currency, sign=True),
    "percent": lambda value, _: formats.percent(value),
    "share": lambda value, _: formats.percent(value, sign=False),
    "points": lambda value, _: formats.number(value, places=1, sign=True),
    "ratio": lambda value, _: formats.number(value, places=2),
    "figure": lambda value, _: formats.number(value, places=3),
    "count": lambda value, _: formats.number(value),
    "day": lambda value, _: formats.day(date.fromisoformat(value)),
    "moment": lambda value, _: formats.ny_datetime(datetime.fromisoformat(value)),
    "text": lambda value, _: str(value),
}


def way(kind: str, value: Scalar) -> str:
    """`up`, `down` or `flat` for a change, else nothing."""
    if kind not in _SIGNED or value is None:
        return ""
    return formats.direction(Decimal(str(value)), 9)


def heat(value: float | None) -> str:
    """The class of a month's square: `up-2`, `down-4`, `flat`, `none`."""
    if value is None:
        return "none"
    steps = sum(abs(value) >= step for step in _HEAT)
    return f"{'up' if value > 0 else 'down'}-{steps}" if steps else "flat"


def is_number(kind: str) -> bool:
    """Whether cells of the kind stand at the right."""
    return kind in _TEXTS or kind in _NUMBERS
