"""Alerts across splits, sessions and accounts, as the clock tells them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select, text

from stocksite import schedule
from stocksite.core import queue
from stocksite.core.clock import wall_now
from stocksite.market.models import SignificantEvent
from stocksite.market.service import clock as market_clock
from stocksite.watchlist import service
from stocksite.watchlist.alerts import Levels
from stocksite.watchlist.models import (
    Notification,
    NotificationDelivery,
    NotificationSettings,
    WatchlistItem,
)
from stocksite.watchlist.service import channels, levels, notifications


def test_a_split_divides_the_levels_and_fires_nothing(session, actor, redis, market):
    """AAPL, 2005-02-28, 2:1: 88.99 before, about 44.7 after."""
    stand_at(session, date(2005, 2, 28))
    service.add(session, actor, "AAPL")
    wanted = Levels("", Decimal("100"), Decimal("80"), Decimal("20"))
    service.change(session, actor, "AAPL", wanted)
    session.commit()
    before = session.get(WatchlistItem, (actor.user_id, item(session).stock_id))
    assert before.levels_on == date(2005, 2, 25)
    watch, now = schedule.Watch(), market_clock.read_clock(session).ticked_at
    for _ in range(80):
        now += timedelta(seconds=1)
        schedule.step(redis, now, watch)
        session.rollback()
        if market_clock.state(session).phase == "closing":
            break
    session.expire_all()
    after = item(session)
    assert (after.above, after.below, after.levels_on) == (50, 40, date(2005, 2, 28))
    assert session.scalars(select(Notification)).all() == []
    assert (after.above_armed, after.below_armed) == (True, True)
    split_day = select(SignificantEvent).where(SignificantEvent.session_date == date(2005, 2, 28))
    assert [e.change_pct for e in session.scalars(split_day) if abs(e.change_pct) > 20] == []


def item(session):
    return session.scalars(select(WatchlistItem)).one()


def stand_at(session, day):
    from stocksite.settings import Settings

    session.execute(text("DELETE FROM quote"))
    session.execute(text("DELETE FROM market_clock"))
    market_clock.start(session, Settings(replay_start=day), wall_now())
    session.commit()


def test_skipping_over_two_splits_divides_by_both(session, actor, market):
    stand_at(session, date(2000, 3, 2))
    service.add(session, actor, "AAPL")
    service.change(session, actor, "AAPL", Levels(above=Decimal(400), below=Decimal("0.000003")))
    market_clock.skip_to(session, date(2005, 3, 2), wall_now())
    assert levels.follow_splits(session, market_clock.state(session)) == 1
    session.expire_all()
    assert (item(session).above, item(session).below) == (100, Decimal("0.000001"))
    assert levels.follow_splits(session, market_clock.state(session)) == 0


def test_the_clock_tells_what_happens_in_a_session(session, actor, redis, market):
    """From the schedule's step: events, alerts and their bell, without any job."""
    queue.connect_queue(redis)
    service.add(session, actor, "AAPL")
    service.change(session, actor, "AAPL", Levels(move_pct=Decimal("0.05")))
    session.commit()
    watch, now = schedule.Watch(), market.wall
    for _ in range(20):
        now += timedelta(seconds=1)
        schedule.step(redis, now, watch)
        session.rollback()
        if session.scalar(select(func.count()).select_from(Notification)):
            break
    told = session.scalars(select(Notification)).one()
    assert told.kind == "move"
    assert told.at <= market_clock.state(session).at
    assert redis.get(notifications.revision_key(actor.user_id)) == b"1"


def test_a_fault_in_the_watching_does_not_stop_the_market(
    session, redis, market, monkeypatch, caplog
):
    from sqlalchemy.exc import ProgrammingError

    def broken(*args, **kwargs):
        raise ProgrammingError("broken", {}, Exception("broken"))

    monkeypatch.setattr(levels, "evaluate", broken)
    watch, now = schedule.Watch(), market.wall
    before = market.state.tick
    for _ in range(3):
        now += timedelta(seconds=1)
        schedule.step(redis, now, watch)
    session.expire_all()
    assert market.state.tick > before
    assert watch.tick == 0, "it will look again"
    assert "were not watched" in caplog.text


def test_the_end_of_an_account_ends_its_alerts(session, actor, watch, ticks):
    watch(above="105")
    channels.change(session, actor, by_email=True, webhook_url="https://example.com/hook")
    ticks("106", mail=True)
    service.forget(session, actor)
    for table in (WatchlistItem, Notification, NotificationSettings, NotificationDelivery):
        assert session.scalar(select(func.count()).select_from(table)) == 0
    assert ticks("110") == []
