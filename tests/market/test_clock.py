"""The market clock in the database: ticks, quotes, the gate, and the administrator's controls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from redis import Redis
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.errors import Conflict, InvalidInput, ProviderUnavailable
from stocksite.core.models import MarketClock
from stocksite.market.models import Bar, Quote, Stock
from stocksite.market.reading import MarketState, Tick
from stocksite.market.service import clock, quotes
from stocksite.settings import Settings, SettingsError
from tests.market.conftest import NOW, Stand, replaying, statements

JAN_14 = date(2009, 1, 14)


class Clock:
    """Ticks as the clock process does, once a second."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, NOW + timedelta(hours=1)
        session.execute(update(MarketClock).values(ticked_at=self.now))

    def __call__(self, wall_s: float = 1.0, gate: Callable[[date], bool] = lambda _: True) -> Tick:
        self.now += timedelta(seconds=wall_s)
        return clock.tick(self.session, self.now, gate)


def bar(session: Session, symbol: str, day: date) -> Bar:
    found = session.scalar(select(Bar).join(Stock).where(Stock.symbol == symbol, Bar.date == day))
    assert found is not None
    return found


def exact(price: float) -> Decimal:
    return Decimal(repr(price))


def test_a_session_from_its_open_to_its_close(session: Session, stand: Stand) -> None:
    stand(JAN_14)
    tick = Clock(session)
    while not (first := tick()).opened:
        pass
    day = bar(session, "AAPL", JAN_14)
    opening = quotes.of(session, "AAPL")
    session_hours = xnys().on(JAN_14)
    assert first.opened == JAN_14
    assert opening.price == opening.open == opening.high == opening.low == exact(day.open)
    assert opening.as_of == opening.opened_at == session_hours.open
    high, low, volume, ticks = opening.high, opening.low, opening.volume, 0
    while not (last := tick()).closed:
        ticks += 1
        quote = quotes.of(session, "AAPL")
        assert quote.low <= quote.price <= quote.high
        assert (quote.high >= high, quote.low <= low) == (True, True)
        assert quote.volume >= volume
        assert quote.as_of == clock.state(session).at
        high, low, volume = quote.high, quote.low, quote.volume
    closing = quotes.of(session, "AAPL")
    assert (last.closed, ticks + 1) == (JAN_14, 60)
    assert closing.as_of == session_hours.close
    assert (closing.price, closing.high, closing.low, closing.volume) == (
        exact(day.close),
        exact(day.high),
        exact(day.low),
        day.volume,
    )


def test_a_month_of_the_market(session: Session, stand: Stand) -> None:
    stand(date(2009, 11, 2))
    clock.set_speed(session, 3_900.0)
    tick, opened, closed, asked = Clock(session), [], [], []

    def gate(day: date) -> bool:
        asked.append(day)
        return len([d for d in asked if d == day]) > 1  # the after-close work takes a second

    before = clock.state(session)
    while len(closed) < 20:
        done = tick(gate=gate)
        after = clock.state(session)
        assert after.at >= before.at
        assert after.tick == done.tick == before.tick + done.moved
        opened += [done.opened] * bool(done.opened)
        closed += [done.closed] * bool(done.closed)
        if done.closed:
            assert not after.is_open
            for quote in quotes.by_ids(session, range(1, 6)).values():
                if quote.listed:
                    official = bar(session, quote.symbol, done.closed)
                    assert quote.price == exact(official.close)
                    assert quote.high == exact(official.high)
                    assert quote.low == exact(official.low)
        before = after
    sessions = [s.date for s in xnys().between(date(2009, 11, 2), date(2009, 11, 30))]
    assert opened == closed == sessions
    assert [day for day in asked if asked.count(day) < 2] == []
    half_day = xnys().on(date(2009, 11, 27))
    assert half_day.is_half_day


def test_the_gate_holds_the_night_back(session: Session, stand: Stand) -> None:
    stand(JAN_14, 16.0)
    tick, asked = Clock(session), []
    for _ in range(30):
        assert tick(gate=lambda day: bool(asked.append(day))) == Tick(
            tick=clock.state(session).tick
        )
    state = clock.state(session)
    assert (state.phase, state.waiting_for) == ("closing", "the day's closing work")
    assert set(asked) == {JAN_14}
    assert state.at == xnys().on(JAN_14).close + clock.AFTER_CLOSE
    assert tick(gate=lambda _: True).moved
    assert clock.state(session).phase == "closed"
    assert clock.state(session).waiting_for is None


def test_the_gate_is_asked_only_while_the_market_waits(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    tick = Clock(session)

    def never(day: date) -> bool:
        raise AssertionError(f"asked about {day} in an open market")

    assert tick(gate=never).moved


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


def test_at_real_speed_an_unchanged_minute_is_not_news(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    clock.set_speed(session, 1.0)
    tick = Clock(session)
    tick()
    seen = clock.state(session).tick
    ids = range(1, 6)
    for _ in range(20):
        tick()
    assert clock.state(session).tick == seen + 20
    assert quotes.changed_since(session, ids, seen) == {}
    assert quotes.of(session, "AAPL").as_of == clock.state(session).at
    for _ in range(20):
        tick(2.0)
    assert {q.symbol for q in quotes.changed_since(session, ids, seen).values()} == {
        "AAPL",
        "GOOG",
        "IBM",
        "MSFT",
    }


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


def test_the_sample_ends(session: Session, stand: Stand) -> None:
    stand(date(2013, 3, 1), 15.9)
    tick = Clock(session)
    while not tick().closed:
        pass
    tick()
    state = clock.state(session)
    assert (state.phase, state.next_open, state.state) == ("ended", None, "ended")
    assert "end here" in state.state_text
    assert not tick(3.0).moved
    assert clock.state(session).at == xnys().on(date(2013, 3, 1)).close + clock.AFTER_CLOSE
    with pytest.raises(InvalidInput):
        clock.skip_to(session, date(2013, 3, 4), NOW)


def test_starting_binds_the_date_once_and_takes_the_speed_over(session: Session) -> None:
    session.execute(text("DELETE FROM market_clock"))
    first = clock.start(session, replaying(JAN_14), NOW)
    assert (first.phase, first.session_date, first.is_sample) == ("closed", date(2009, 1, 13), True)
    again = clock.start(session, replaying(date(2010, 1, 4), speed=60.0), NOW)
    assert again.at == first.at
    assert again.speed == 60.0


def test_a_new_market_has_every_price_at_the_last_close(session: Session, stand: Stand) -> None:
    stand(JAN_14)
    eve = date(2009, 1, 13)
    found = quotes.by_ids(session, range(1, 6))
    assert sorted(q.symbol for q in found.values() if q.has_price) == [
        "AAPL",
        "GOOG",
        "IBM",
        "MSFT",
    ]
    for quote in found.values():
        if quote.has_price:
            assert quote.price == exact(bar(session, quote.symbol, eve).close)
            assert quote.as_of == xnys().on(eve).close
            assert not quote.stale


def test_the_very_first_day_has_no_price_before_its_open(session: Session, stand: Stand) -> None:
    stand(date(2000, 3, 1))
    assert not quotes.of(session, "AAPL").has_price
    tick = Clock(session)
    while not tick().opened:
        pass
    quote = quotes.of(session, "AAPL")
    assert quote.price == Decimal("118.56")
    assert quote.previous_close is quote.change is quote.change_pct is None


@pytest.mark.parametrize("day", [date(2000, 2, 29), date(2013, 3, 2), date(2026, 1, 1)])
def test_a_start_outside_the_sample_is_told(session: Session, day: date) -> None:
    session.execute(text("DELETE FROM market_clock"))
    with pytest.raises(SettingsError, match="2000-03-01 to 2013-03-01"):
        clock.start(session, replaying(day), NOW)


def test_a_folder_of_the_other_mode_is_refused(session: Session, stand: Stand) -> None:
    stand(JAN_14)
    with pytest.raises(SettingsError, match="MARKET asks for live"):
        clock.start(session, Settings(market="live"), NOW)


def test_an_unprepared_market_says_so(session: Session) -> None:
    session.execute(text("DELETE FROM market_clock"))
    for call in (
        lambda: clock.state(session),
        lambda: clock.tick(session, NOW, lambda _: True),
        lambda: clock.set_paused(session, True),
    ):
        with pytest.raises(ProviderUnavailable, match="flask prepare"):
            call()


def test_a_live_market_moves_by_the_exchange_and_cannot_be_steered(session: Session) -> None:
    session.execute(text("DELETE FROM quote"))
    session.execute(text("DELETE FROM market_clock"))
    friday = datetime(2026, 11, 20, 15, 0, tzinfo=NOW.tzinfo)
    clock.start(session, Settings(market="live"), friday)
    state = clock.state(session)
    assert (state.mode, state.phase, state.is_sample) == ("live", "open", False)
    assert state.label == "Market"
    done = clock.tick(session, friday.replace(hour=21), lambda _: False)
    assert done.closed == friday.date()
    assert clock.tick(session, friday.replace(hour=22), lambda _: True).moved
    assert session.scalar(select(Quote)) is None
    with pytest.raises(Conflict, match="cannot be steered"):
        clock.set_speed(session, 60.0)


def test_a_tick_is_four_statements(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    tick = Clock(session)
    with statements(session) as seen:
        tick()
    assert len(seen) == 4, seen
    stand(JAN_14)
    tick = Clock(session)
    with statements(session) as seen:
        tick(0.1)
    assert len(seen) == 2, seen


def test_state_is_one_statement(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    session.expire_all()
    with statements(session) as seen:
        clock.state(session)
    assert len(seen) == 1


def test_the_cursor_travels_through_redis(session: Session, stand: Stand, redis: Redis) -> None:
    state = stand(JAN_14, 12.0)
    assert clock.cursor(redis) is None
    clock.publish(redis, state)
    assert clock.cursor(redis) == state.cursor == str(state.tick)
    assert clock.cursor(None) is None
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
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
