"""The market clock in the database: ticks, quotes, the gate, the start and the end."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.errors import Conflict, InvalidInput, ProviderUnavailable
from stocksite.market.models import Quote
from stocksite.market.reading import Tick
from stocksite.market.service import clock, quotes
from stocksite.settings import Settings, SettingsError
from tests.market.conftest import NOW, Stand, replaying, statements
from tests.market.ticking import JAN_14, Clock, bar, exact


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
