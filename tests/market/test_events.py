"""Events in the database: as quotes come, from closes, never early, never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.paging import PageRequest
from stocksite.market import events as rules
from stocksite.market.models import Quote, SignificantEvent, Stock
from stocksite.market.service import events
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
