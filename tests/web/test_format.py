"""How numbers, times and ages are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from stocksite.web import format as f

D = Decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("0"), "$0.00"),
        (D("-0.001"), "$0.00"),
        (D("1234.5"), "$1,234.50"),
        (D("-6049.5"), "−$6,049.50"),
        (D("1234567890.12"), "$1,234,567,890.12"),
        (D("999999999999.99"), "$999,999,999,999.99"),
        (D("123456789012345678901234567.89"), "$123,456,789,012,345,678,901,234,567.89"),
        (D("0.125"), "$0.12"),
        (D("0.135"), "$0.14"),
        (7, "$7.00"),
        (None, "–"),
        (D("NaN"), "–"),
        (D("-Infinity"), "–"),
        (D("1e400"), "–"),
    ],
)
def test_money(value: Decimal | None, text: str) -> None:
    assert f.money(value) == text


def test_money_sign_and_currency() -> None:
    assert f.money(D("12"), sign=True) == "+$12.00"
    assert f.money(D("-12"), sign=True, currency=False) == "−12.00"
    assert f.money(D("0"), sign=True) == "$0.00"


@pytest.mark.parametrize("wrong", [1.5, True, "1.50"])
def test_money_refuses_what_is_not_exact(wrong: object) -> None:
    with pytest.raises(TypeError):
        f.money(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        f.quantity(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("604.850000"), "$604.85"),
        (D("604.8"), "$604.80"),
        (D("3140.0625"), "$3,140.0625"),
        (D("0.123456"), "$0.1235"),
        (D("12.3450"), "$12.345"),
        (606.8499999999999, "$606.85"),
        (1e-9, "$0.00"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_price_has_two_to_four_places(value: Decimal | float | None, text: str) -> None:
    assert f.price(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("10.000000000"), "10"),
        (D("1250000"), "1,250,000"),
        (D("0.333333333"), "0.333333333"),
        (D("1E+3"), "1,000"),
        (D("999999999.999999999"), "999,999,999.999999999"),
        (D("0"), "0"),
        (D("-3.50"), "−3.5"),
        (None, "–"),
    ],
)
def test_quantity_has_no_trailing_zeros(value: Decimal | None, text: str) -> None:
    assert f.quantity(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.25, "+1.25%"),
        (D("-0.5"), "−0.50%"),
        (0, "0.00%"),
        (0.001, "0.00%"),
        (-0.001, "0.00%"),
        (12345.678, "+12,345.68%"),
        (None, "–"),
    ],
)
def test_percent(value: Decimal | float | None, text: str) -> None:
    assert f.percent(value) == text
    assert f.percent(41.2, sign=False, places=1) == "41.2%"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (950, "950"),
        (999.4, "999.4"),
        (999.6, "1.00K"),
        (1234, "1.23K"),
        (38_123_456, "38.1M"),
        (999_499, "999K"),
        (999_600, "1.00M"),
        (1_230_000_000, "1.23B"),
        (D("-4500000000000"), "−4.50T"),
        (9_996, "10.0K"),
        (0, "0"),
        (None, "–"),
    ],
)
def test_compact(value: Decimal | float | None, text: str) -> None:
    assert f.compact(value) == text


def test_direction_is_judged_at_the_precision_shown() -> None:
    assert [f.direction(v) for v in (0.004, 0.006, -1, D("0"), None, float("nan"))] == [
        "flat",
        "up",
        "down",
        "flat",
        "none",
        "none",
    ]
    assert f.direction(D("0.0004"), places=4) == "up"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (15_120, "4 h 12 min"),
        (86_400 * 3 + 3600 * 4, "3 d 4 h"),
        (86_400 * 45, "45 d"),
        (86_400 * 100, "3 months"),
        (86_400 * 800, "2 years"),
    ],
)
def test_duration(seconds: int, text: str) -> None:
    assert f.duration(seconds) == text
    assert f.duration(timedelta(seconds=seconds)) == text


def test_age() -> None:
    now = datetime(2009, 1, 14, 16, 42, tzinfo=UTC)
    assert f.age(2) == "just now"
    assert f.age(-30) == "just now"
    assert f.age(timedelta(minutes=12)) == "12 min ago"
    assert f.age_between(now - timedelta(days=3), now) == "3 d ago"
    assert f.age_between(None, now) == "–"


def test_new_york_times_follow_daylight_saving() -> None:
    winter = datetime(2009, 1, 14, 16, 42, tzinfo=UTC)
    summer = datetime(2009, 7, 14, 16, 42, tzinfo=UTC)
    assert f.ny_time(winter) == "11:42"
    assert f.ny_time(summer) == "12:42"
    assert f.ny_datetime(winter) == "14 Jan 2009, 11:42"
    assert f.ny_day(datetime(2009, 1, 15, 2, 0, tzinfo=UTC)) == "14 Jan 2009"
    assert (f.ny_time(None), f.ny_datetime(None), f.ny_day(None)) == ("–", "–", "–")


def test_dates() -> None:
    assert f.weekday(date(2009, 1, 14)) == "Wed 14 Jan 2009"
    assert f.day(date(2000, 12, 3)) == "3 Dec 2000"
    assert f.day(None) == "–"
    assert f.iso(date(2009, 1, 14)) == "2009-01-14"
    assert f.iso(datetime(2009, 1, 14, 11, 42, 5, tzinfo=f.NEW_YORK)) == "2009-01-14T16:42:05Z"
    assert f.iso(None) == ""


def test_a_time_without_a_zone_is_a_mistake() -> None:
    for write in (f.ny_time, f.iso):
        with pytest.raises(ValueError, match="zone"):
            write(datetime(2009, 1, 14))


def test_slug_keeps_to_plain_letters() -> None:
    assert (
        f.slug("Retirement, long horizon & quite long na")
        == "retirement-long-horizon-quite-long-na"
    )
    assert f.slug("日本 <script>") == "script"
    assert f.slug("…") == "x"


def test_number_and_registered_filters() -> None:
    assert f.number(10_000) == "10,000"
    assert f.number(-2.5, places=1) == "−2.5"
    assert f.FILTERS["money"] is f.money
