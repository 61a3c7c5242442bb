"""Amounts as pages write them: the right currency or none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stocksite.market.money_text import parse_money, parse_percent


@pytest.mark.parametrize(
    ("text", "country", "currency", "value"),
    [
        ("$3.52T", "", "USD", "3520000000000"),
        ("$26.2B", "us", "USD", "26200000000"),
        ("$5.1M", "ca", "CAD", "5100000"),
        ("HK$121.94B", "hk", "HKD", "121940000000"),
        ("HK$121.94B", "cn", "HKD", "121940000000"),
        ("NT$1,234.5M", "tw", "TWD", "1234500000"),
        ("₩387.04T", "kr", "KRW", "387040000000000"),
        ("¥22.55T", "jp", "JPY", "22550000000000"),
        ("¥22.55T", "cn", "CNY", "22550000000000"),
        ("￥1.5B", "cn", "CNY", "1500000000"),
        ("₹65.65B", "in", "INR", "65650000000"),
        ("€290.73B", "xe", "EUR", "290730000000"),
        ("£12.00K", "uk", "GBP", "12000.00"),
        ("kr 4.2B", "se", "SEK", "4200000000"),
        ("4.2B kr", "dk", "DKK", "4200000000"),
        ("1.5B SEK", "", "SEK", "1500000000"),
        ("7.5B", "jp", "JPY", "7500000000"),
        (" $ 12.5 b ", "", "USD", "12500000000"),
    ],
)
def test_amounts(text: str, country: str, currency: str, value: str) -> None:
    found = parse_money(text, country)
    assert found is not None
    assert (found.currency, found.value) == (currency, Decimal(value))


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("¥22.55T", ""),
        ("¥22.55T", "hk"),
        ("$5B", "de"),
        ("kr 5B", "us"),
        ("N/A", ""),
        ("-", ""),
        ("", ""),
        ("7.5B", ""),
        ("$", ""),
        ("$1,23B", ""),
        ("$1.2.3B", ""),
        ("-$5B", ""),
        ("$5Q", ""),
        ("$" + "9" * 40, ""),
        ("$5B <script>", ""),
        ("¤5B", ""),
    ],
)
def test_what_is_ambiguous_or_no_amount_is_none(text: str, country: str) -> None:
    assert parse_money(text, country) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-1.53%", "-1.53"),
        ("−1.53 %", "-1.53"),
        ("+3%", "3"),
        ("1,204.75%", "1204.75"),
        ("0.00%", "0.00"),
        ("-0.00%", "0.00"),
        ("N/A", None),
        ("-", None),
        ("%", None),
        (",%", None),
        ("1.5", None),
        ("NaN%", None),
    ],
)
def test_percentages(text: str, value: str | None) -> None:
    assert parse_percent(text) == (None if value is None else Decimal(value))


def test_the_colour_gives_the_sign_that_the_text_lacks() -> None:
    assert parse_percent("1.5%", negative=True) == Decimal("-1.5")
    assert parse_percent("-1.5%", negative=False) == Decimal("-1.5")
