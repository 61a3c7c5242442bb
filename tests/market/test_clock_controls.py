"""Pausing, speed, skipping ahead, and how the clock is shown and published."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.errors import Conflict, InvalidInput
from stocksite.market.reading import MarketState
from stocksite.market.service import clock, quotes
from tests.market.conftest import NOW, Stand, statements
from tests.market.ticking import JAN_14, Clock, bar, exact


def test_a_pause_stops_time_and_what_was_slept_does_not_count(
    session: Session, stand: Stand
) -> None:
    stand(JAN_14, 12.0)
    tick = Clock(session)
    before = clock.set_paused(session, True)
    assert (before.paused, before.state) == (True, "waiting")
    assert before.state_text.startswith("paused")
    for _ in range(5):
        assert not tick(600.0).moved
    assert clock.state(session).at == before.at
    assert clock.state(session).tick == before.tick
    resumed = clock.set_paused(session, False)
    assert resumed.tick == before.tick + 1
    tick(1.0)
    assert clock.state(session).at == before.at + timedelta(seconds=390)


def test_speed(session: Session, stand: Stand) -> None:
    start = stand(JAN_14, 12.0)
    tick = Clock(session)
    assert clock.set_speed(session, 60).speed == 60
    tick(2.0)
    assert clock.state(session).at == start.at + timedelta(minutes=2)
    for wrong in (0.0, -1.0, 0.09, 100_001.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match=r"0\.1 to 100,000"):
            clock.set_speed(session, wrong)


def test_skipping_ahead_returns_what_still_has_to_be_booked(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    passed = clock.skip_to(session, date(2009, 1, 21), NOW)
    assert [day.day for day in passed] == [14, 15, 16, 20]
    state = clock.state(session)
    assert (state.phase, state.session_date) == ("closing", date(2009, 1, 20))
    assert state.at == xnys().on(date(2009, 1, 20)).close + clock.AFTER_CLOSE
    quote = quotes.of(session, "IBM")
    assert quote.price == exact(bar(session, "IBM", date(2009, 1, 20)).close)
    tick, asked = Clock(session), []
    for _ in range(3):
        tick(gate=lambda day: bool(asked.append(day)))
    assert set(asked) == {date(2009, 1, 20)}
    while not (done := tick()).opened:
        pass
    assert done.opened == date(2009, 1, 21)


def test_skipping_over_a_split_adjusts_the_previous_close(session: Session, stand: Stand) -> None:
    stand(date(2005, 2, 1))
    passed = clock.skip_to(session, date(2005, 3, 1), NOW)
    assert passed[-1] == date(2005, 2, 28)
    quote = quotes.of(session, "AAPL")
    friday = bar(session, "AAPL", date(2005, 2, 25)).close
    assert quote.previous_close == (exact(friday) / 2).quantize(Decimal("0.000001"))
    assert abs(quote.change_pct) < 2


def test_what_cannot_be_skipped_to(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    for day in (date(2009, 1, 13), JAN_14, date(1990, 1, 1)):
        with pytest.raises(InvalidInput, match="never goes back"):
            clock.skip_to(session, day, NOW)
    with pytest.raises(InvalidInput, match="end on 2013-03-01"):
        clock.skip_to(session, date(2013, 3, 2), NOW)
    stand(JAN_14, 16.0)
    with pytest.raises(Conflict, match="being booked"):
        clock.skip_to(session, date(2009, 2, 2), NOW)
    stand(JAN_14)
    before = clock.state(session)
    assert clock.skip_to(session, JAN_14, NOW) == []
    assert clock.state(session) == before


def test_the_cursor_travels_through_redis(session: Session, stand: Stand, redis: Redis) -> None:
    state = stand(JAN_14, 12.0)
    assert clock.cursor(redis) is None
    clock.publish(redis, state)
    assert clock.cursor(redis) == state.cursor == str(state.tick)
    assert clock.cursor(None) is None
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))
    assert clock.cursor(away) is None


@pytest.mark.parametrize(
    ("day", "hour", "words"),
    [
        (JAN_14, 11.7, "open, closes in 4 h"),
        (JAN_14, 14.75, "open, closes in 1 h 15 min"),
        (JAN_14, 15.75, "open, closes in 15 min"),
        (JAN_14, 15.995, "open, closes in less than a minute"),
        (JAN_14, 16.0, "closed, the day is being booked"),
        (JAN_14, None, "closed, opens 09:30"),
        (date(2009, 1, 17), None, "closed, opens Tue 20 Jan 2009 09:30"),
    ],
)
def test_the_banner_in_words(stand: Stand, day: date, hour: float | None, words: str) -> None:
    assert stand(day, hour).state_text == words


def test_the_banner_shows_new_york(stand: Stand) -> None:
    state: MarketState = stand(JAN_14, 11.7)
    assert (state.label, state.date_text, state.time_text, state.state) == (
        "Sample market",
        "Wed 14 Jan 2009",
        "11:42 New York",
        "open",
    )
    assert stand(date(2009, 7, 15), 11.7).time_text == "11:42 New York"


def test_the_clock_row_is_locked_while_it_ticks(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    tick = Clock(session)
    with statements(session) as seen:
        tick()
    assert "FOR UPDATE OF market_clock" in seen[0]


def test_walking_is_remembered(session: Session, stand: Stand) -> None:
    """A tick after the first of a session does not walk the day again."""
    from stocksite.market import path

    stand(JAN_14, 12.0)
    tick = Clock(session)
    tick()
    misses = path.walk.cache_info().misses
    for _ in range(10):
        tick()
    assert path.walk.cache_info().misses == misses
