"""Events in the database: as quotes come, from closes, never early, never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from itertools import pairwise
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.paging import PageRequest
from stocksite.market import events as rules
from stocksite.market.models import Bar, EventHistory, Quote, SignificantEvent, Stock
from stocksite.market.service import clock, events
from stocksite.market.service.events import EventFilter
from tests.market.conftest import statements

TWO = Decimal(2)
ALL = PageRequest(1, 200)


def stored(session: Session, symbol: str, day: date) -> list[SignificantEvent]:
    return list(
        session.scalars(
            select(SignificantEvent)
            .join(Stock, Stock.id == SignificantEvent.stock_id)
            .where(Stock.symbol == symbol, SignificantEvent.session_date == day)
            .order_by(SignificantEvent.direction)
        )
    )


def quote(session: Session, price: str, previous: str | None, tick: int, symbol="AAPL") -> None:
    session.execute(
        text(
            "UPDATE quote SET price = :price, previous_close = :previous, tick = :tick"
            " WHERE stock_id = (SELECT id FROM stock WHERE symbol = :symbol)"
        ),
        {"price": price, "previous": previous, "tick": tick, "symbol": symbol},
    )


# --- as quotes come ----------------------------------------------------------------------------


def test_the_first_quote_that_crosses_is_kept_in_each_direction(session, stand):
    day = stand(date(2009, 1, 14), 11).session_date
    quote(session, "101.9", "100", 10)
    assert events.detect(session, TWO, 9) == 0
    quote(session, "102.5", "100", 11)
    assert events.detect(session, TWO, 10) == 1
    quote(session, "104", "100", 12)
    assert events.detect(session, TWO, 11) == 0
    quote(session, "97", "100", 13)
    assert events.detect(session, TWO, 12) == 1
    quote(session, "103", "100", 14)
    assert events.detect(session, TWO, 13) == 0
    down, up = stored(session, "AAPL", day)
    assert (up.price, up.previous_price, up.change_pct) == (Decimal("102.5"), 100, 2.5)
    assert (down.price, down.change_pct, down.source) == (97, -3.0, "quote")
    at = session.scalar(select(Quote.as_of).join(Stock).where(Stock.symbol == "AAPL"))
    assert up.at == at


def test_only_quotes_newer_than_the_last_look_are_looked_at(session, stand):
    stand(date(2009, 1, 14), 11)
    quote(session, "110", "100", 10)
    assert events.detect(session, TWO, 10) == 0
    assert events.detect(session, TWO, 9) == 1


def test_looking_costs_one_statement(session, stand):
    stand(date(2009, 1, 14), 11)
    with statements(session) as seen:
        events.detect(session, TWO, 0)
    assert len(seen) == 1


def test_a_stock_without_a_previous_close_makes_no_event(session, stand):
    stand(date(2009, 1, 14), 11)
    quote(session, "110", None, 10)
    assert events.detect(session, TWO, 9) == 0


@given(
    price=st.decimals("0.01", "3000", places=3),
    previous=st.decimals("0.01", "3000", places=3),
    threshold=st.decimals("0.01", "60", places=2),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_statement_and_the_rule_agree(session, stand, price, previous, threshold):
    if session.scalar(select(Quote.stock_id).limit(1)) is None:
        stand(date(2009, 1, 14), 11)
    session.execute(text("DELETE FROM significant_event"))
    quote(session, str(price), str(previous), 10)
    events.detect(session, threshold, 9)
    session.expire_all()
    got = session.scalars(select(SignificantEvent)).one_or_none()
    wanted = rules.move(price, previous, threshold)
    if wanted is None:
        assert got is None
    else:
        assert got is not None
        assert (got.direction, got.price, got.previous_price, got.change_pct) == (
            wanted.direction,
            wanted.price,
            wanted.previous_price,
            wanted.change_pct,
        )


def test_two_clocks_at_once_record_one_event(engine, session, stand):
    day = stand(date(2009, 1, 14), 11).session_date
    quote(session, "110", "100", 10)
    session.commit()
    barrier = Barrier(2)

    def look() -> int:
        with Session(engine) as mine:
            barrier.wait()
            new = events.detect(mine, TWO, 9)
            mine.commit()
            return new

    with ThreadPoolExecutor(2) as pool:
        counts = [each.result() for each in [pool.submit(look), pool.submit(look)]]
    assert sorted(counts) == [0, 1]
    assert len(stored(session, "AAPL", day)) == 1


def test_a_session_that_is_lived_through_has_the_crossings_of_its_path(session, market):
    """Every event lies on the first quote that crossed, of those that were really seen."""
    seen: dict[int, list[tuple[Decimal, Decimal]]] = {}
    last, day = 0, None
    market.open_next()
    for _ in range(70):
        state = market.state
        day = state.session_date
        new = select(Quote).where(Quote.tick > last)
        for row in session.scalars(new.execution_options(populate_existing=True)):
            seen.setdefault(row.stock_id, []).append((row.price, row.previous_close))
        events.detect(session, Decimal(1), last)
        session.commit()
        last = state.tick
        if state.phase == "closing":
            break
        market.tick()
    assert market.state.phase == "closing"
    expected = set()
    for stock_id, prices in seen.items():
        path = [(None, price) for price, _ in prices]
        for direction, (_, found) in rules.first_moves(path, prices[0][1], Decimal(1)).items():
            expected.add((stock_id, direction.value, found.price))
    got = {
        (e.stock_id, e.direction, e.price)
        for e in session.scalars(
            select(SignificantEvent).where(SignificantEvent.session_date == day)
        )
    }
    assert expected, "the control: something moved"
    assert got == expected


# --- from closes -------------------------------------------------------------------------------


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


# --- listed ------------------------------------------------------------------------------------


def test_nothing_later_than_market_time_is_listed(session, stand):
    stand(date(2009, 1, 14), 11)
    events.fill_history(session, TWO)
    late = session.scalars(select(SignificantEvent).limit(1)).one()
    late.at = xnys().on(date(2009, 1, 14)).close
    session.flush()
    wanted = EventFilter(day_from=late.session_date, day_to=late.session_date)
    found = events.listed(session, ALL, wanted).results
    assert late.id not in {each.id for each in found}


def test_pages_do_not_overlap(session, stand):
    stand(date(2009, 1, 14), 11)
    events.fill_history(session, TWO)
    for ordering in ("timestamp", "-timestamp", "symbol__ticker", "event_type"):
        ids = []
        for number in range(1, 6):
            page = events.listed(session, PageRequest(number, 50), None, ordering)
            ids += [each.id for each in page.results]
        assert len(ids) == len(set(ids)) == 250
