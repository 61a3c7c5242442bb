"""Lives follow the session: tables of moments and what holds then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from stocksite.core.calendar import xnys
from stocksite.market import freshness

DAY = date(2012, 3, 1)
"""A Thursday: open 14:30, close 21:00 UTC."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2012-{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "settled"),
    [
        ("03-01 21:29", date(2012, 2, 29)),
        ("03-01 21:30", DAY),
        ("03-03 12:00", date(2012, 3, 2)),
        ("02-20 22:00", date(2012, 2, 17)),
    ],
)
def test_a_bar_is_finished_half_an_hour_after_the_close(now: str, settled: date) -> None:
    assert freshness.last_settled(at(now), xnys()) == settled


@pytest.mark.parametrize(
    ("now", "delay", "until"),
    [
        ("03-01 15:00", "delayed", "03-01 15:01"),
        ("03-01 21:10", "delayed", "03-01 21:11"),
        ("03-01 22:00", "delayed", "03-02 14:30"),
        ("03-03 12:00", "realtime", "03-05 14:30"),
        ("03-01 15:00", "eod", "03-01 21:30"),
        ("03-01 21:10", "eod", "03-01 21:30"),
        ("03-01 22:00", "eod", "03-02 21:30"),
    ],
)
def test_how_long_a_price_need_not_be_asked_again(now: str, delay: str, until: str) -> None:
    assert freshness.quote_lives_until(at(now), delay, xnys()) == at(until)


@pytest.mark.parametrize(
    ("session", "as_of", "delay", "now", "stale"),
    [
        (DAY, "03-01 15:00", "delayed", "03-01 15:20", False),
        (DAY, "03-01 15:00", "delayed", "03-01 15:21", True),
        (DAY, "03-01 15:00", "realtime", "03-01 15:06", True),
        (date(2012, 2, 29), "02-29 21:00", "delayed", "03-01 14:45", False),
        (date(2012, 2, 29), "02-29 21:00", "delayed", "03-01 14:51", True),
        (DAY, "03-01 21:00", "delayed", "03-02 09:00", False),
        (DAY, "03-01 21:00", "delayed", "03-02 14:40", False),
        (date(2012, 2, 29), "02-29 21:00", "eod", "03-01 20:00", False),
        (date(2012, 2, 29), "02-29 21:00", "eod", "03-01 21:29", False),
        (date(2012, 2, 29), "02-29 21:00", "eod", "03-01 21:30", True),
        (date(2012, 3, 2), "03-02 21:00", "eod", "03-04 12:00", False),
        (date(2012, 2, 29), "02-29 21:00", "delayed", "03-01 21:30", True),
    ],
)
def test_when_a_price_is_stale(
    session: date, as_of: str, delay: str, now: str, stale: bool
) -> None:
    assert freshness.quote_is_stale(session, at(as_of), delay, at(now), xnys()) is stale


@pytest.mark.parametrize(
    ("calls", "left", "remaining_s", "apart_s"),
    [
        (1, [600], 23_400, 60),
        (2, [600], 23_400, 78),
        (2, [600, 100], 23_400, 468),
        (4, [3], 23_400, 23_400),
        (1, [-5], 1000, 1000),
        (5, [], 1000, 60),
    ],
)
def test_a_budget_is_spread_over_what_is_left_of_the_session(
    calls: int, left: list[int], remaining_s: int, apart_s: int
) -> None:
    spread = freshness.spread(calls, left, timedelta(seconds=remaining_s))
    assert spread == timedelta(seconds=apart_s)


def test_lives_are_those_agreed() -> None:
    assert freshness.LIVES["unknown"] == timedelta(hours=24)
    assert freshness.bars_live_until(at("03-01 22:00"), xnys()) == at("03-02 21:30")
