"""Adjustment as known at a date, against the adjusted closes the data set's publisher computed."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from stocksite.market import adjust
from stocksite.market.adjust import Dividend, Floats, Split
from stocksite.market.providers import sample

LAST = date(2013, 3, 1)


def columns(symbol: str) -> tuple[adjust.Days, Floats, Floats]:
    """Days, raw closes and the publisher's adjusted closes."""
    rows = [
        row for row in csv.DictReader(sample.prices_csv().splitlines()) if row["Ticker"] == symbol
    ]
    days = np.array([row["Date"] for row in rows], dtype="datetime64[D]")
    close, adjusted = (np.array([float(row[n]) for row in rows]) for n in ("Close", "Adj Close"))
    return days, close, adjusted


def actions(symbol: str) -> tuple[list[Split], list[Dividend]]:
    mine = [action for action in sample.actions() if action.symbol == symbol]
    splits = [
        Split(a.ex_date, a.ratio_to, a.ratio_from) for a in mine if a.ratio_to and a.ratio_from
    ]
    return splits, [Dividend(a.ex_date, float(a.amount)) for a in mine if a.amount is not None]


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT"])
def test_total_factors_reproduce_the_published_adjusted_closes(symbol: str) -> None:
    days, close, published = columns(symbol)
    splits, dividends = actions(symbol)
    factors = adjust.split_factors(days, splits, LAST) * adjust.dividend_factors(
        days, close, dividends, LAST
    )
    # The publisher also knew the actions after our last day: one constant factor for all days.
    later = published[-1] / close[-1]
    assert np.allclose(close * factors * later, published, rtol=1e-6, atol=0)
    if splits or dividends:
        assert not np.allclose(close * later, published, rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("symbol", "day", "raw_pct", "split_pct"),
    [
        ("AAPL", "2000-06-21", -45, 10),
        ("AAPL", "2005-02-28", -50, 1),
        ("MSFT", "2003-02-18", -48, 3),
        ("AAPL", "2000-09-29", -52, -52),
    ],
)
def test_split_days(symbol: str, day: str, raw_pct: float, split_pct: float) -> None:
    days, close, _ = columns(symbol)
    splits, _ = actions(symbol)
    at = int(np.flatnonzero(days == np.datetime64(day))[0])
    factors = adjust.split_factors(days, splits, date.fromisoformat(day))
    adjusted = close * factors
    assert (close[at] / close[at - 1] - 1) * 100 == pytest.approx(raw_pct, abs=1)
    assert (adjusted[at] / adjusted[at - 1] - 1) * 100 == pytest.approx(split_pct, abs=1)


def test_a_crash_is_not_a_split() -> None:
    days, close, _ = columns("AAPL")
    at = int(np.flatnonzero(days == np.datetime64("2000-09-29"))[0])
    assert (close[at] / close[at - 1] - 1) * 100 == pytest.approx(-51.9, abs=0.05)
    assert date(2000, 9, 29) not in [split.ex_date for split in actions("AAPL")[0]]


def test_what_is_not_known_yet_changes_nothing() -> None:
    days, close, _ = columns("AAPL")
    splits, dividends = actions("AAPL")
    eve = date(2005, 2, 27)
    known = adjust.split_factors(days, splits, eve)
    assert known[0] == 0.5
    assert adjust.split_factors(days, splits, date(2005, 2, 28))[0] == 0.25
    assert np.all(known[days >= np.datetime64("2000-06-21")] == 1.0)
    assert np.all(adjust.dividend_factors(days, close, dividends, date(2012, 8, 8)) == 1.0)
    assert adjust.dividend_factors(days, close, dividends, date(2012, 8, 9))[0] < 1.0


def test_the_ex_date_itself_is_in_new_shares() -> None:
    days = np.array(["2005-02-25", "2005-02-28", "2005-03-01"], dtype="datetime64[D]")
    splits = [Split(date(2005, 2, 28), 2, 1)]
    assert adjust.split_factors(days, splits, date(2005, 3, 1)).tolist() == [0.5, 1.0, 1.0]


def test_a_special_dividend() -> None:
    """MSFT's $3.08 of 2004-11-15, the close being 27.39."""
    days, close, _ = columns("MSFT")
    _, dividends = actions("MSFT")
    special = [d for d in dividends if d.ex_date == date(2004, 11, 15)]
    assert special == [Dividend(date(2004, 11, 15), 3.08)]
    factors = adjust.dividend_factors(days, close, special, LAST)
    at = int(np.flatnonzero(days == np.datetime64("2004-11-15"))[0])
    assert factors[at] == 1.0
    assert factors[at - 1] == pytest.approx(close[at] / (close[at] + 3.08), rel=1e-12)


def test_previous_close_is_exact_money() -> None:
    splits = [Split(date(2005, 2, 28), 2, 1)]
    day, today = date(2005, 2, 25), date(2005, 2, 28)
    assert adjust.previous_close(88.99, day, splits, today) == Decimal("44.495000")
    assert adjust.previous_close(88.99, day, splits, day) == Decimal("88.990000")
    assert adjust.previous_close(88.99, day, [], today) == Decimal("88.990000")
    odd = [Split(today, 3, 2), Split(date(2005, 3, 1), 7, 1)]
    assert adjust.price_ratio(odd, day, today) == Fraction(2, 3)
    assert adjust.previous_close(10.0, day, odd, today) == Decimal("6.666667")
    assert adjust.previous_close(10.0, today, odd, today) == Decimal("10.000000")


def test_a_reverse_split_raises_prices() -> None:
    days = np.array(["2011-05-06", "2011-05-09"], dtype="datetime64[D]")
    splits = [Split(date(2011, 5, 9), 1, 10)]
    assert adjust.split_factors(days, splits, date(2011, 5, 9)).tolist() == [10.0, 1.0]


def test_nothing_in_nothing_out() -> None:
    none = np.empty(0, "datetime64[D]")
    assert len(adjust.split_factors(none, [Split(LAST, 2, 1)], LAST)) == 0
    assert len(adjust.dividend_factors(none, np.empty(0), [Dividend(LAST, 1.0)], LAST)) == 0
