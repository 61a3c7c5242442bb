"""Events found in closes: every one that moved, once, never ahead of market time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from itertools import pairwise
from threading import Barrier

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.market.models import Bar, EventHistory, SignificantEvent, Stock
from stocksite.market.service import clock, events
from tests.market.conftest import statements
from tests.market.test_events import TWO, quote, stored


def test_history_holds_every_close_that_moved_and_no_other(session, stand):
    stand(date(2009, 1, 14), 11)
    new = events.fill_history(session, TWO)
    total = 0
    for stock in session.scalars(select(Stock)):
        bars = session.scalars(
            select(Bar)
            .where(Bar.stock_id == stock.id, Bar.date < date(2009, 1, 14))
            .order_by(Bar.date)
        ).all()
        splits = {date(2000, 6, 21), date(2005, 2, 28)} if stock.symbol == "AAPL" else set()
        splits = {date(2003, 2, 18)} if stock.symbol == "MSFT" else splits
        wanted = {}
        for before, bar in pairwise(bars):
            base = Decimal(repr(before.close)) / (2 if bar.date in splits else 1)
            change = (Decimal(repr(bar.close)) - base) * 100 / base
            if abs(change) >= 2:
                wanted[bar.date] = "up" if change > 0 else "down"
        got = {
            e.session_date: e.direction
            for e in session.scalars(
                select(SignificantEvent).where(SignificantEvent.stock_id == stock.id)
            )
        }
        assert got == wanted, stock.symbol
        total += len(wanted)
    assert new == total > 2_000


def test_apple_2000_09_29_and_its_split_of_june(session, stand):
    stand(date(2000, 10, 2))
    events.fill_history(session, TWO)
    (crash,) = stored(session, "AAPL", date(2000, 9, 29))
    assert (crash.direction, crash.price, crash.previous_price, crash.change_pct) == (
        "down",
        Decimal("25.75"),
        Decimal("53.5"),
        -51.8692,
    )
    assert crash.at == xnys().on(date(2000, 9, 29)).close
    assert crash.source == "close"
    split = stored(session, "AAPL", date(2000, 6, 21))
    assert [each.direction for each in split] == ["up"], "55.63 after 101.25 / 2: 9.89 % up"
    assert split[0].previous_price == Decimal("50.625")
    assert split[0].change_pct == pytest.approx(9.8864, abs=1e-4)


def test_the_splits_of_2003_and_2005_are_no_events(session, stand):
    stand(date(2005, 3, 2))
    events.fill_history(session, Decimal(10))
    assert stored(session, "AAPL", date(2005, 2, 28)) == []
    assert stored(session, "MSFT", date(2003, 2, 18)) == []


def test_history_never_looks_ahead(session, stand):
    stand(date(2009, 1, 14), 11)
    events.fill_history(session, TWO)
    latest = select(SignificantEvent.session_date).order_by(SignificantEvent.session_date.desc())
    assert session.scalars(latest).first() < date(2009, 1, 14)
    through = set(session.scalars(select(EventHistory.through)))
    assert through == {date(2009, 1, 13)}


def test_history_is_filled_once_and_goes_on_where_it_stopped(session, stand):
    stand(date(2009, 1, 14), 11)
    first = events.fill_history(session, TWO)
    with statements(session) as seen:
        assert events.fill_history(session, TWO) == 0
    assert len(seen) == 3, "the lock, the clock, nothing due"
    before = {e.id for e in session.scalars(select(SignificantEvent))}
    assert len(before) == first
    row = session.get(clock.MarketClock, 1)
    row.session_date, row.phase = date(2009, 1, 30), "closed"
    session.flush()
    new = events.fill_history(session, TWO)
    added = [e for e in session.scalars(select(SignificantEvent)) if e.id not in before]
    assert len(added) == new > 0
    assert all(date(2009, 1, 14) <= e.session_date <= date(2009, 1, 30) for e in added)


def test_an_event_seen_as_it_came_is_not_replaced_by_its_close(session, stand):
    day = date(2009, 1, 14)
    stand(day, 11)
    quote(session, "103", "100", 10, "AAPL")
    quote(session, "97", "100", 10, "MSFT")
    events.detect(session, TWO, 9)
    row = session.get(clock.MarketClock, 1)
    row.phase = "closed"
    session.flush()
    events.fill_history(session, TWO)
    assert [e.source for e in stored(session, "MSFT", day)] == ["quote"]
    up = [e for e in stored(session, "AAPL", day) if e.direction == "up"]
    assert [e.price for e in up] == [103]


def test_older_bars_that_arrive_later_are_searched_too(session, stand, engine):
    stand(date(2009, 1, 14), 11)
    session.execute(
        text("UPDATE stock SET first_bar = '2004-01-02' WHERE symbol = 'IBM'")
    )  # rolled back
    events.fill_history(session, TWO)
    session.execute(
        text(
            "DELETE FROM significant_event WHERE session_date < '2004-01-01' AND stock_id ="
            " (SELECT id FROM stock WHERE symbol = 'IBM')"
        )
    )
    session.execute(text("UPDATE stock SET first_bar = '2000-01-03' WHERE symbol = 'IBM'"))
    assert events.fill_history(session, TWO) > 50
    session.rollback()


def test_two_workers_fill_history_once(engine, session, stand):
    stand(date(2009, 1, 14), 11)
    barrier = Barrier(2)

    def fill() -> int:
        with Session(engine) as mine:
            barrier.wait()
            new = events.fill_history(mine, TWO)
            mine.commit()
            return new

    with ThreadPoolExecutor(2) as pool:
        counts = sorted(each.result() for each in [pool.submit(fill), pool.submit(fill)])
    assert counts[0] == 0
    assert counts[1] == len(session.scalars(select(SignificantEvent.id)).all())
