"""The calendar's file is exactly what exchange_calendars says, and answers as it should."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files

import pytest

from stocksite.core.calendar import regenerate, trading_date, xnys


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:Series.values"
)
def test_the_file_is_what_exchange_calendars_says():
    stored = files("stocksite.core").joinpath("data/xnys.csv").read_text("utf-8")
    assert regenerate() == stored


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_daylight_saving_moves_the_open_in_utc():
    winter, summer = xnys().on(date(2009, 1, 2)), xnys().on(date(2009, 7, 1))
    assert winter.open == at("2009-01-02T14:30")
    assert summer.open == at("2009-07-01T13:30")
    assert xnys().on(date(2009, 3, 9)).open == at("2009-03-09T13:30"), "the Monday after the change"


def test_holidays_half_days_and_the_leap_day():
    assert xnys().on(date(2009, 1, 1)) is None
    assert xnys().on(date(2009, 11, 27)).is_half_day
    assert xnys().on(date(2012, 2, 29)) is not None
    assert xnys().on(date(2012, 10, 29)) is None, "closed for the hurricane"


def test_the_edges_of_a_session():
    day = xnys().on(date(2009, 1, 2))
    assert xnys().at(day.open) is day
    assert xnys().at(day.close) is None
    assert xnys().last_closed(day.close) is day
    assert xnys().next_after(day.open).date == date(2009, 1, 5)
    assert xnys().previous(date(2009, 1, 4)) is day
    assert [s.date.day for s in xnys().between(date(2008, 12, 30), date(2009, 1, 5))] == [
        30,
        31,
        2,
        5,
    ]


def test_the_end_is_told_not_guessed():
    with pytest.raises(LookupError, match="upgrade"):
        xnys().next_after(xnys().sessions[-1].open)


@pytest.mark.parametrize("zone_text", ["2009-01-03T02:00", "2009-01-02T14:30", "2009-01-02T05:00"])
def test_trading_dates_are_new_yorks(zone_text):
    assert trading_date(at(zone_text)) == date(2009, 1, 2)
