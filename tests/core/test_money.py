"""Exact money: three scales, half-even once, and nothing that is not a plain number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.core import money
from stocksite.core.database import Cash
from stocksite.core.errors import InvalidInput

D = Decimal


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("0.025", "0.02"),
        ("-0.015", "-0.02"),
        ("2.675", "2.68"),
    ],
)
def test_cents_round_half_even(value, rounded):
    assert money.cents(D(value)) == D(rounded)


@given(st.decimals(-money.MAX_CASH, money.MAX_CASH, places=9))
def test_rounding_is_at_most_half_a_cent_and_idempotent(value):
    rounded = money.cents(value)
    assert abs(rounded - value) <= D("0.005")
    assert money.cents(rounded) == rounded


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1e3",
        "1e400",
        "0x10",
        "1_000",
        "1,000",
        "١٢",
        "½",
        "12abc",
        "--1",
        "1" * 200,
        "1." + "0" * 200,
        "\x001",
        "😀",
        None,
        True,
        1.5,
        [],
        {},
    ],
)
def test_what_is_no_plain_number_is_refused_by_name(text):
    with pytest.raises(InvalidInput) as refused:
        money.parse(text, field="amount", places=2)
    assert refused.value.fields[0].field == "amount"


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", "12"), ("12.50", "12.5"), (".5", "0.5"), ("+3", "3"), (" 7 ", "7"), (9, "9")],
)
def test_plain_numbers_are_read_exactly(text, value):
    assert money.parse(text, field="amount", places=2) == D(value)


def test_limits_and_places_are_said_with_their_numbers():
    with pytest.raises(InvalidInput, match="2 decimal places"):
        money.parse("1.005", field="amount", places=2)
    with pytest.raises(InvalidInput, match=r"smallest value accepted is 0\.01"):
        money.parse("0", field="amount", places=2, minimum=money.CENT)
    with pytest.raises(InvalidInput, match="999,999,999,999"):
        money.parse("1000000000000", field="amount", places=2)


def test_a_float_never_becomes_money():
    for function in (money.cents, money.price, money.quantity):
        with pytest.raises(TypeError):
            function(1.5)
    with pytest.raises(TypeError):
        Cash().process_bind_param(1.5, None)


@given(st.floats(0.0001, 1e6, allow_nan=False))
def test_an_observed_price_enters_at_six_places(value):
    assert money.from_observation(value) == round(D(repr(value)), 6)
