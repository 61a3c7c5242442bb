"""Levels meet quotes: once per crossing, armed again by the rules, whatever runs at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stocksite.watchlist import alerts as rules
from stocksite.watchlist import service
from stocksite.watchlist.alerts import Kind, Levels, Seen
from stocksite.watchlist.models import (
    Notification,
    NotificationDelivery,
)
from stocksite.watchlist.service import channels, levels
from tests.watchlist.conftest import NOW, put


def test_above_fires_once_when_the_price_reaches_it(watch, ticks):
    watch(above="105")
    assert ticks("104.99") == []
    assert ticks("105") == [("above", 105)]
    assert ticks("110") == []
    assert ticks("104") == []
    assert ticks("111") == [], "within the session it stays silent"


def test_below_fires_once_when_the_price_reaches_it(watch, ticks):
    watch(below="95")
    assert ticks("95.01") == []
    assert ticks("90") == [("below", 90)]
    assert ticks("80") == []


def test_a_close_on_the_other_side_arms_it_again(session, watch, ticks):
    first, second = date(2009, 1, 2), date(2009, 1, 5)
    watch(above="105", below="95")
    assert ticks("106", day=first) == [("above", 106)]
    assert levels.rearm(session, first) == 0, "the session closed above"
    assert ticks("107", day=second) == []
    ticks("104", day=second)
    assert levels.rearm(session, second) == 1
    assert levels.rearm(session, second) == 0, "repeating does nothing"
    assert ticks("105", day=date(2009, 1, 6)) == [("above", 105)]


def test_a_close_of_another_session_arms_nothing(session, watch, ticks):
    watch(above="105")
    ticks("106")
    ticks("104")
    assert levels.rearm(session, date(2009, 1, 1)) == 0


def test_changing_a_level_arms_it_at_once(session, actor, watch, ticks):
    watch(above="105")
    assert ticks("106") == [("above", 106)]
    service.change(session, actor, "AAPL", Levels(above=Decimal(108)))
    assert ticks("107") == []
    assert ticks("108") == [("above", 108)]


def test_saving_the_row_with_the_same_levels_does_not(session, actor, watch, ticks):
    watch(above="105")
    ticks("106")
    ticks("104")
    service.change(session, actor, "AAPL", Levels("a note", above=Decimal("105.00")))
    assert ticks("106") == []


def test_a_level_that_is_passed_when_it_is_set_does_not_fire(session, actor, ticks):
    ticks("104", "100")
    service.add(session, actor, "AAPL")
    service.change(session, actor, "AAPL", Levels(above=Decimal(99), move_pct=Decimal(3)))
    row = service.one(session, actor, "AAPL")
    assert (row.above_armed, row.below_armed) == (False, True)
    assert ticks("105") == []
    levels.rearm(session, date(2009, 1, 2))
    assert ticks("105", "105", date(2009, 1, 5)) == [], "it closed across the level"
    ticks("98", "98", date(2009, 1, 5))
    levels.rearm(session, date(2009, 1, 5))
    assert ticks("99", "98", date(2009, 1, 6)) == [("above", 99)]
    assert ticks("101", "98", date(2009, 1, 6)) == [("move", 101)]


def test_levels_given_while_adding_follow_the_same_rules(session, actor, ticks):
    ticks("100")
    service.add(session, actor, "AAPL", Levels(above=Decimal(99), below=Decimal(98)))
    assert ticks("100.1") == []
    assert ticks("97") == [("below", 97)]


def test_a_move_fires_once_a_session_in_either_direction(watch, ticks):
    watch(move_pct="5")
    assert ticks("104.9") == []
    assert ticks("95") == [("move", 95)]
    assert ticks("106") == []
    assert ticks("106", day=date(2009, 1, 5)) == [("move", 106)]


def test_one_price_may_reach_several_levels(watch, ticks):
    watch(above="105", move_pct="5")
    assert ticks("106") == [("above", 106), ("move", 106)]


def test_only_quotes_newer_than_the_last_look_count(session, watch, ticks):
    watch(above="105")
    put(session, "106", "100", 50)
    assert levels.evaluate(session, NOW, 50) == 0
    assert levels.evaluate(session, NOW, 49) == 1


@given(
    price=st.decimals("50", "150", places=2),
    previous=st.decimals("50", "150", places=2),
    above=st.none() | st.decimals("50", "150", places=2),
    below=st.none() | st.decimals("50", "150", places=2),
    move=st.none() | st.decimals("0.1", "50", places=2),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_statement_and_the_rules_agree(session, actor, price, previous, above, below, move):
    session.execute(text("DELETE FROM notification"))
    session.execute(text("DELETE FROM watchlist_item"))
    service.add(session, actor, "AAPL")
    session.execute(
        text("UPDATE watchlist_item SET above = :a, below = :b, move_pct = :m"),
        {"a": above, "b": below, "m": move},
    )
    put(session, price, previous, 100)
    levels.evaluate(session, NOW, 99)
    seen = Seen(price, previous, date(2009, 1, 2))
    wanted = {
        kind.value
        for kind, level in ((Kind.ABOVE, above), (Kind.BELOW, below), (Kind.MOVE, move))
        if rules.passed(kind, level, seen)
    }
    assert set(session.scalars(select(Notification.kind))) == wanted


def test_two_workers_at_once_tell_it_once(engine, session, actor, redis):
    put(session, "100", "100", 99)
    channels.change(session, actor, by_email=True, webhook_url="https://example.com/hook")
    for symbol in ("AAPL", "IBM", "MSFT", "GOOG"):
        service.add(session, actor, symbol)
        put(session, "100", "100", 99, symbol=symbol)
        service.change(session, actor, symbol, Levels("", Decimal(105), Decimal(50), Decimal(4)))
        put(session, "106", "100", 100, symbol=symbol)
    session.commit()
    for _ in range(5):
        session.execute(text("DELETE FROM notification"))
        session.execute(text("UPDATE watchlist_item SET above_armed = true, moved_on = NULL"))
        session.commit()
        barrier = Barrier(4)

        def look() -> int:
            with Session(engine) as mine:
                barrier.wait()  # noqa: B023  used up before the next round
                fired = levels.evaluate(mine, NOW, 99, mail=True)
                mine.commit()
                return fired

        with ThreadPoolExecutor(4) as pool:
            fired = [each.result() for each in [pool.submit(look) for _ in range(4)]]
        # A row another worker holds is skipped; whoever held it told it.
        assert sum(fired) == 8, fired
        assert session.scalar(select(func.count()).select_from(Notification)) == 8
        assert session.scalar(select(func.count()).select_from(NotificationDelivery)) == 16
        session.rollback()


def test_a_row_somebody_is_editing_is_found_by_the_next_look(engine, session, watch, ticks):
    watch(above="105")
    session.commit()
    with Session(engine) as editing:
        editing.execute(text("SELECT * FROM watchlist_item FOR UPDATE"))
        put(session, "106", "100", 100)
        assert levels.evaluate(session, NOW, 99) == 0, "it does not wait for the editor"
        editing.rollback()
    assert levels.evaluate(session, NOW, 99) == 1


def test_deliveries_are_made_for_the_channels_that_were_chosen(session, actor, watch, ticks):
    watch(above="105", below="95")
    channels.change(session, actor, by_email=True, webhook_url="")
    ticks("106", mail=False)
    assert session.scalars(select(NotificationDelivery)).all() == []
    channels.change(session, actor, by_email=True, webhook_url="https://example.com/hook")
    ticks("94", mail=True)
    rows = session.scalars(select(NotificationDelivery)).all()
    assert sorted((r.channel, r.status, r.attempts) for r in rows) == [
        ("email", "waiting", 0),
        ("webhook", "waiting", 0),
    ]


def test_what_one_person_watches_tells_nobody_else(session, actor, make_user, watch, ticks):
    stranger = make_user()
    service.add(session, stranger, "AAPL")
    watch(above="105")
    ticks("106")
    assert set(session.scalars(select(Notification.user_id))) == {actor.user_id}
