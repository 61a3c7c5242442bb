"""Reading a provider's values: strict about what a number is, lenient about how it is written."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from stocksite.core import money
from stocksite.core.calendar import NEW_YORK
from stocksite.core.errors import InvalidInput
from stocksite.market.providers.errors import MalformedPayload
from stocksite.market.symbols import normalize

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d{1,18})(\.\d{1,12})?", re.ASCII)
NAN = float("nan")


def number(value: Any) -> float:
    """A finite number from a JSON number or a text such as `1,234.50`; NaN for anything else.

    NaN marks what is not there: the quality gate refuses a bar that has one.
    """
    if type(value) is float and -1e300 < value < 1e300:  # nearly always; NaN is in no range
        return value
    if isinstance(value, bool):
        return NAN
    if isinstance(value, (int, float)):
        made = float(value) if abs(value) < 1e300 else NAN
        return made if math.isfinite(made) else NAN
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value.strip().replace(",", ""))
    return NAN


def price(value: Any) -> Decimal | None:
    """A positive price as money; None for anything else: zero means "no value"."""
    made = number(value)
    return money.from_observation(made) if 0 < made < 1e9 else None


def amount(value: Any) -> Decimal | None:
    """A positive amount of any size, such as a market value; None for anything else."""
    made = number(value)
    return Decimal(repr(made)) if 0 < made < 1e16 else None


def day(value: Any) -> date | None:
    """A date from `YYYY-MM-DD` (or a longer text that begins so); None for anything else."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def new_york_day(seconds: Any) -> date | None:
    """The New York date of a Unix time; None for what is none."""
    try:
        return datetime.fromtimestamp(float(seconds), NEW_YORK).date()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def text(value: Any, longest: int = 200) -> str:
    """Printable text on one line; empty for `None`, `-` and the like."""
    if not isinstance(value, str):
        return ""
    made = " ".join("".join(c if c.isprintable() else " " for c in value).split())[:longest]
    return "" if made in ("None", "-", "N/A", "null") else made


def symbol(value: Any) -> str:
    """A canonical symbol; empty for what is none."""
    try:
        return normalize(value) if isinstance(value, str) else ""
    except InvalidInput:
        return ""


def mapping(provider: str, value: Any, what: str) -> dict[str, Any]:
    """The value as a JSON object. Raises MalformedPayload."""
    if isinstance(value, dict):
        return value
    raise MalformedPayload(provider, f"{what} is no object")


def rows(provider: str, value: Any, what: str) -> list[dict[str, Any]]:
    """The value as a list of JSON objects. Raises MalformedPayload."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise MalformedPayload(provider, f"{what} is no list of objects")
