"""The horizon rule, on the dates and bases recovered from real pages."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from stocksite.market.performance import base_dates, measure


def series(*points: tuple[str, float]) -> tuple[np.ndarray, np.ndarray]:
    days = np.array([day for day, _ in points], dtype="datetime64[D]")
    return days, np.array([close for _, close in points])


def test_the_bases_of_a_known_page() -> None:
    """AAPL on 2025-04-02: one month starts on 2025-03-05, year and three months share a base."""
    bases = base_dates(date(2025, 4, 2))
    assert bases == {
        "five_days": date(2025, 3, 26),
        "one_month": date(2025, 3, 5),
        "three_months": date(2025, 1, 1),
        "one_year": date(2024, 4, 3),
        "year_to_date": date(2024, 12, 31),
    }
    days, closes = series(
        ("2024-04-03", 169.65),
        ("2024-12-31", 250.42),
        ("2025-03-05", 235.74),
        ("2025-03-26", 221.53),
        ("2025-04-02", 223.89),
    )
    found = measure(days, closes, date(2025, 4, 2), 223.89)
    assert found.five_days == pytest.approx((223.89 / 221.53 - 1) * 100)
    assert found.one_month == pytest.approx((223.89 / 235.74 - 1) * 100)
    assert found.three_months == pytest.approx((223.89 / 250.42 - 1) * 100)
    assert found.year_to_date == found.three_months
    assert found.one_year == pytest.approx((223.89 / 169.65 - 1) * 100)


def test_the_bases_of_another_page() -> None:
    """AAPL on 2024-10-25: 235.00 is the close of 10-18, 227.79 that of 09-27."""
    bases = base_dates(date(2024, 10, 25))
    assert (bases["five_days"], bases["one_month"]) == (date(2024, 10, 18), date(2024, 9, 27))
    assert bases["year_to_date"] == date(2023, 12, 31)


def test_a_closed_base_day_takes_the_close_before() -> None:
    days, closes = series(("2008-12-31", 50.0), ("2009-01-09", 80.0), ("2009-01-12", 99.0))
    found = measure(days, closes, date(2009, 1, 18), 100.0)  # base 2009-01-11, a Sunday
    assert found.five_days == pytest.approx(25.0)
    assert found.year_to_date == pytest.approx(100.0)


def test_too_little_history_is_unknown_not_zero() -> None:
    days, closes = series(("2012-05-18", 38.23), ("2012-05-25", 31.91))
    found = measure(days, closes, date(2012, 5, 25), 31.91)
    assert found.five_days == pytest.approx(-16.53, abs=0.01)
    assert found.one_month is found.three_months is found.year_to_date is found.one_year is None


def test_a_base_that_is_too_old_is_no_base() -> None:
    days, closes = series(("2008-06-02", 10.0), ("2009-01-14", 12.0))
    found = measure(days, closes, date(2009, 1, 14), 12.0)
    assert found.five_days is None
    assert found.one_year is None


def test_no_history_at_all() -> None:
    none = np.empty(0, "datetime64[D]")
    found = measure(none, np.empty(0), date(2009, 1, 14), 12.0)
    assert {found.five_days, found.one_month, found.year_to_date} == {None}
