"""How numbers, times and ages are written on every page: pure functions, also Jinja filters.

Cash has 2 places, prices 2 to 4 as quoted, quantities no trailing zeros, percentages 2 places with
their sign. What is not known is an en dash, never a zero. Signs are U+2212, so that columns of
tabular figures line up. Rounding for display is half-even and never feeds back into a figure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

DASH: Final = "–"
MINUS: Final = "\u2212"
NEW_YORK: Final = ZoneInfo("America/New_York")

_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_LARGEST: Final = Decimal("1e30")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_COMPACT: Final = tuple(
    (Decimal(10) ** power, suffix) for power, suffix in ((12, "T"), (9, "B"), (6, "M"), (3, "K"))
)

Number = Decimal | int | float


def _exact(value: Decimal | int) -> Decimal | None:
    """Money and quantities: exact types only. None for what cannot be written as a number."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise TypeError(f"money is Decimal, not {type(value).__name__}")
    return _finite(Decimal(value))


def _observed(value: Number) -> Decimal | None:
    """Observations (quoted prices, ratios) may be floats: their shortest decimal form is meant."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, float)):
        raise TypeError(f"a number, not {type(value).__name__}")
    return _finite(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))


def _finite(value: Decimal) -> Decimal | None:
    return value if value.is_finite() and value.copy_abs() < _LARGEST else None


def _round(value: Decimal, places: int) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
    return rounded.copy_abs() if rounded == 0 else rounded  # there is no minus zero on a statement


def _signed(value: Decimal, body: str, *, sign: bool) -> str:
    if value < 0:
        return MINUS + body
    return "+" + body if sign and value > 0 else body


def _grouped(value: Decimal) -> str:
    return f"{value.copy_abs():,f}"


def money(value: Decimal | int | None, *, sign: bool = False, currency: bool = True) -> str:
    """Cash with 2 places: `$1,234.50`, `−$3.00`; `sign` writes the plus, `currency=False` no `$`.

    Raises TypeError for a float: money is exact or it is not shown.
    """
    exact = None if value is None else _exact(value)
    if exact is None:
        return DASH
    cents = _round(exact, 2)
    return _signed(cents, ("$" if currency else "") + _grouped(cents), sign=sign)


def price(value: Number | None, *, sign: bool = False, currency: bool = True) -> str:
    """A price as quoted: at least 2 places, at most 4, no zeros beyond the second."""
    quoted = None if value is None else _observed(value)
    if quoted is None:
        return DASH
    rounded = _round(quoted, 4)
    whole, _, decimals = _grouped(rounded).partition(".")
    text = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return _signed(rounded, ("$" if currency else "") + text, sign=sign)


def quantity(value: Decimal | int | None, *, sign: bool = False) -> str:
    """Shares: up to 9 places, no trailing zeros, thousands separators: `1,250`, `0.333333333`."""
    exact = None if value is None else _exact(value)
    if exact is None:
        return DASH
    rounded = _round(exact, 9)
    text = _grouped(rounded).rstrip("0").rstrip(".")
    return _signed(rounded, text, sign=sign)


def percent(value: Number | None, *, sign: bool = True, places: int = 2) -> str:
    """Percent points with their sign: `1.25` → `+1.25%`, `0` → `0.00%`."""
    points = None if value is None else _observed(value)
    if points is None:
        return DASH
    rounded = _round(points, places)
    return _signed(rounded, _grouped(rounded) + "%", sign=sign)


def number(value: Number | None, *, places: int = 0, sign: bool = False) -> str:
    """A plain count or figure with thousands separators."""
    figure = None if value is None else _observed(value)
    if figure is None:
        return DASH
    rounded = _round(figure, places)
    return _signed(rounded, _grouped(rounded), sign=sign)


def compact(value: Number | None) -> str:
    """Volumes and market values with three significant figures: `38.1M`, `1.23B`, `950`."""
    figure = None if value is None else _observed(value)
    if figure is None:
        return DASH
    size = figure.copy_abs()
    for unit, suffix in _COMPACT:
        if size >= unit * Decimal("0.9995"):  # 999,600 would round to "1,000K": it is 1.00M
            scaled = size / unit
            places = 2 if scaled < Decimal("9.995") else 1 if scaled < Decimal("99.95") else 0
            return _signed(figure, f"{_round(scaled, places):,f}{suffix}", sign=False)
    return _signed(figure, f"{_round(size, 2):,f}".rstrip("0").rstrip("."), sign=False)


def direction(value: Number | None, places: int = 2) -> str:
    """`up`, `down`, `flat` or `none`, judged at the precision shown: `0.00%` is never green."""
    known = None if value is None else _observed(value)
    if known is None:
        return "none"
    rounded = _round(known, places)
    return "up" if rounded > 0 else "down" if rounded < 0 else "flat"


def duration(value: timedelta | Number | None) -> str:
    """A length of time in its one or two largest units: `45 s`, `4 h 12 min`, `3 d 4 h`."""
    if value is None:
        return DASH
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    whole = int(abs(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return _pair(hours, "h", minutes - hours * 60, "min")
    if days < 60:
        return _pair(days, "d", hours - days * 24, "h")
    if days < 730:
        return f"{days // 30} months"
    return f"{days // 365} years"


def _pair(major: int, major_unit: str, minor: int, minor_unit: str) -> str:
    tail = f" {minor} {minor_unit}" if minor and major < 10 else ""
    return f"{major} {major_unit}{tail}"


def age(value: timedelta | Number | None) -> str:
    """How long ago: `just now`, `45 s ago`, `3 h ago`. A moment in the future is `just now`."""
    if value is None:
        return DASH
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def age_between(then: datetime | None, now: datetime | None) -> str:
    """The age of `then` as seen from `now`; both aware, both of the same clock."""
    return DASH if then is None or now is None else age(now - then)


def _new_york(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a stored time is aware; this one has no zone")
    return moment.astimezone(NEW_YORK)


def ny_time(moment: datetime | None) -> str:
    """The New York wall clock: `11:42`."""
    return DASH if moment is None else f"{_new_york(moment):%H:%M}"


def ny_datetime(moment: datetime | None) -> str:
    """`14 Jan 2009, 11:42` in New York."""
    return DASH if moment is None else f"{day(_new_york(moment))}, {ny_time(moment)}"


def ny_day(moment: datetime | None) -> str:
    """The New York date of a moment: `14 Jan 2009`."""
    return DASH if moment is None else day(_new_york(moment))


def day(value: date | None) -> str:
    """A trading day: `14 Jan 2009`. A moment has a zone: use `ny_day` for those."""
    return DASH if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def weekday(value: date | None) -> str:
    """`Wed 14 Jan 2009`."""
    return DASH if value is None else f"{_DAYS[value.weekday()]} {day(value)}"


def iso(value: datetime | date | None) -> str:
    """For `<time datetime>`: UTC with `Z`, or a plain date; empty when unknown."""
    if value is None:
        return ""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise ValueError("a stored time is aware; this one has no zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def slug(text: str) -> str:
    """An id or file name part out of any text: lower-case ASCII letters, digits and hyphens."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "x"


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    f.__name__: f
    for f in (
        *(money, price, quantity, percent, number, compact, direction, duration, age, age_between),
        *(ny_time, ny_datetime, ny_day, day, weekday, iso, slug),
    )
}
"""Registered by `web.assets.init_app`; the names are the functions' own."""
