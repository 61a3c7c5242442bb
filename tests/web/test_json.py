"""How read models become JSON: exactly, and never with a float that is none."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from stocksite.core import money
from stocksite.web.json import JsonError, JsonNumber, decimal_text, dump, dumps, parse


class Side(StrEnum):
    BUY = "buy"


class Level(Enum):
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Inner:
    day: date
    values: tuple[float, ...]


@dataclass(frozen=True)
class Outer:
    inner: Inner
    cash: Decimal
    side: Side
    note: str | None = None

    @property
    def derived(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100728.50", "100728.50"),
        ("0.00", "0.00"),
        ("-5.10", "-5.10"),
        ("604.850000", "604.85"),
        ("604.000000", "604.00"),
        ("0.000001", "0.000001"),
        ("-3.100000", "-3.10"),
        ("10.000000000", "10"),
        ("0.333333333", "0.333333333"),
        ("0.500000000", "0.5"),
        ("100.000000000", "100"),
        ("0E-9", "0"),
        ("0E-6", "0.00"),
        ("1E+3", "1000"),
        ("7", "7"),
        ("0.2500", "0.25"),
    ],
)
def test_the_three_scales(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9)))
def test_no_scale_changes_a_value(value: Decimal) -> None:
    text = decimal_text(value)
    assert text is not None
    assert Decimal(text) == value
    assert "E" not in text


@pytest.mark.parametrize(
    "scale", [money.cents, money.price, money.quantity], ids=["cash", "price", "quantity"]
)
def test_what_is_sent_can_be_read_again(scale: Any) -> None:
    for number in ("0", "1", "1234567.891234567", "0.005", "999999999"):
        value = scale(Decimal(number))
        assert money.parse(str(decimal_text(value)), field="x", places=9) == value


def test_read_models() -> None:
    model = Outer(
        Inner(date(2010, 1, 4), (1.5, math.nan, math.inf, -math.inf)), Decimal("1.00"), Side.BUY
    )
    assert dump(model) == {
        "inner": {"day": "2010-01-04", "values": [1.5, None, None, None]},
        "cash": "1.00",
        "side": "buy",
        "note": None,
    }
    assert json.loads(dumps([model, {Side.BUY: 1}, {2}]))[1:] == [{"buy": 1}, [2]]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (datetime(2010, 1, 4, 14, 30, tzinfo=UTC), "2010-01-04T14:30:00Z"),
        (datetime(2010, 1, 4, 14, 30, 0, 1, tzinfo=UTC), "2010-01-04T14:30:00.000001Z"),
        (
            datetime(2010, 1, 4, 9, 30, tzinfo=timezone(timedelta(hours=-5))),
            "2010-01-04T14:30:00Z",
        ),
        (Level.HIGH, 2),
        (True, True),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Markup("<b>"), "<b>"),
        (np.float64(1.5), 1.5),
        (np.float64("nan"), None),
        (np.int64(3), 3),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), [[1.0, None], [2.0, 3.0]]),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (JsonNumber("1.50"), 1.5),
    ],
)
def test_plain_values(value: Any, plain: Any) -> None:
    assert dump(value) == plain
    assert json.loads(dumps(value)) == plain


@pytest.mark.parametrize("value", [datetime(2010, 1, 4), object(), b"bytes", 1j])
def test_what_has_no_meaning_is_a_mistake_of_ours(value: Any) -> None:
    with pytest.raises(TypeError):
        dump(value)


def test_the_app_speaks_it(probe_app: Flask) -> None:
    with probe_app.app_context():
        assert (
            probe_app.json.dumps({"a": Decimal("1.00"), "b": math.nan}) == '{"a":"1.00","b":null}'
        )
        rendered = probe_app.jinja_env.from_string("{{ x|tojson }}").render(x={"a": "</script>"})
    assert "</script>" not in rendered


@pytest.mark.parametrize(
    "text", ["NaN", "-Infinity", "[1e999]", '{"a":1,"a":1}', "\ufeff1", "1" * 61]
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(JsonError):
        parse(text)


def test_numbers_keep_their_text() -> None:
    number = parse("[12.50, 3, 1e2]")
    assert [type(n) for n in number] == [JsonNumber, int, JsonNumber]
    assert number[0].text == "12.50"
    assert number == [12.5, 3, 100.0]
