"""JSON in and out. Out: read models become plain values, exactly. In: nothing ambiguous passes.

Decimals leave as strings, times as ISO 8601 UTC with `Z`, days as YYYY-MM-DD, NaN and infinity as
null. What comes in may hold no NaN, no infinity, no repeated name, no NUL, no lone surrogate.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from flask.json.provider import JSONProvider
from pydantic import BaseModel

MAX_NUMBER_LENGTH: Final = 60
"""Characters of the longest number literal read; money has at most 27."""
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL and lone surrogates: legal in JSON escapes, but no text anybody could store."""


class JsonError(ValueError):
    """The text is not JSON we accept; the message says why."""


class JsonNumber(float):
    """A number with a fraction or exponent as it was written: a float that keeps its text.

    Research reads it as the float it is; money reads `text` and never sees the float.
    """

    text: str

    def __new__(cls, text: str) -> JsonNumber:
        """Read the literal; refuse what is too long or beyond every double."""
        number = super().__new__(cls, _short(text))
        if not math.isfinite(number):
            raise JsonError(f"the number {text} is too large")
        number.text = text
        return number


def _short(text: str) -> str:
    if len(text) > MAX_NUMBER_LENGTH:
        raise JsonError(
            f"a number has {len(text)} characters, at most {MAX_NUMBER_LENGTH} are read"
        )
    return text


def _refuse_constant(name: str) -> Any:
    raise JsonError(f"{name} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonError(f"the name {twice[:60]!r} appears twice in one object")
    for name in result:
        _text(name)
    return result


def _text(value: str) -> None:
    if UNSTORABLE.search(value):
        raise JsonError("text may not hold NUL characters or lone surrogates")


def _check_texts(value: Any) -> None:
    """Walk the values (names were checked while parsing) without recursion."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            _text(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def parse(raw: bytes | str) -> Any:
    """Read JSON strictly. Raises JsonError (a ValueError) with the reason for people."""
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        value = json.loads(
            text,
            parse_float=JsonNumber,
            parse_int=lambda digits: int(_short(digits)),
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise JsonError(f"the text is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise JsonError("the values are nested too deeply") from None
    except json.JSONDecodeError as error:
        raise JsonError(str(error)) from None
    _check_texts(value)
    return value


def decimal_text(value: Decimal) -> str | None:
    """Write an exact number: cash (2 places) as is, prices (6) with at least 2 places, quantities
    (9) and everything else without trailing zeros. NaN and infinity are None.
    """
    if not value.is_finite():
        return None
    text = format(value, "f")
    places = -int(value.as_tuple().exponent)
    if places <= 0 or places == 2:
        return text
    stripped = text.rstrip("0")
    if places == 6:
        stripped += "0" * max(0, 2 - (len(stripped) - stripped.index(".") - 1))
    return stripped.rstrip(".")


def iso(value: datetime) -> str:
    """Write a moment: ISO 8601, UTC, `Z`, microseconds only when there are any."""
    if value.tzinfo is None:
        raise TypeError("a time without a zone cannot be sent: nobody knows what it means")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


@lru_cache(maxsize=512)
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _float(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


_WRITERS: dict[type, Callable[[Any], Any]] = {
    str: lambda value: value,
    int: lambda value: value,
    bool: lambda value: value,
    type(None): lambda value: value,
    float: _float,
    Decimal: decimal_text,
    datetime: iso,
    date: date.isoformat,
    UUID: str,
    list: lambda value: [dump(item) for item in value],
    tuple: lambda value: [dump(item) for item in value],
    dict: lambda value: {str(dump(key)): dump(item) for key, item in value.items()},
}


def dump(value: Any) -> Any:
    """Turn a read model (frozen dataclass, list, mapping, plain value) into what `json` writes."""
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: dump(getattr(value, name)) for name in _field_names(type(value))}
    return _dump_other(value)


def _dump_other(value: Any) -> Any:
    if isinstance(value, Enum):
        return dump(value.value)
    if isinstance(value, BaseModel):
        return dump(value.model_dump(by_alias=True))
    for kind in (datetime, date, Decimal, str, bool, int, float):
        if isinstance(value, kind):
            return str(value) if kind is str else _WRITERS[kind](value)
    if isinstance(value, Mapping):
        return _WRITERS[dict](value)
    if isinstance(value, (set, frozenset)):
        return sorted(dump(item) for item in value)
    if hasattr(value, "tolist"):  # numpy scalars and arrays, without importing numpy here
        return dump(value.tolist())
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def dumps(value: Any, **options: Any) -> str:
    """`dump` and write, compact unless options say otherwise."""
    options.setdefault("separators", (",", ":"))
    options.setdefault("allow_nan", False)
    return json.dumps(dump(value), **options)


class Provider(JSONProvider):
    """Makes `jsonify`, `tojson` and `request.get_json` speak as this module does."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write."""
        return dumps(obj, **kwargs)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read strictly."""
        return parse(s)
