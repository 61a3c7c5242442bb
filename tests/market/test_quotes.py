"""The latest prices: one statement, what changed, what is stale."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.paging import PageRequest
from stocksite.market.models import Bar, Stock
from stocksite.market.service import clock, quotes
from tests.market.conftest import NOW, Stand, statements

JAN_14 = date(2009, 1, 14)
SPLIT = date(2005, 2, 28)
"""AAPL, 2:1, a Monday."""


def stock_id(session: Session, symbol: str) -> int:
    found = session.scalar(select(Stock.id).where(Stock.symbol == symbol))
    assert found is not None
    return found


def raw_close(session: Session, symbol: str, day: date) -> float:
    found = session.scalar(
        select(Bar.close).join(Stock).where(Stock.symbol == symbol, Bar.date == day)
    )
    assert found is not None
    return found


def test_quotes_are_one_statement(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    ids = list(session.scalars(select(Stock.id)))
    for read in (
        lambda: quotes.of(session, "AAPL"),
        lambda: quotes.by_ids(session, ids),
        lambda: quotes.changed_since(session, ids, 0),
        lambda: quotes.tracked(session, PageRequest()),
    ):
        with statements(session) as seen:
            assert read()
        assert len(seen) == 1


def test_nothing_asked_nothing_read(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    with statements(session) as seen:
        assert quotes.by_ids(session, []) == {}
        assert quotes.changed_since(session, [], 0) == {}
    assert seen == []
    assert quotes.by_ids(session, [10**9]) == {}


def test_changed_since_is_what_moved(session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 12.0)
    ids = list(session.scalars(select(Stock.id)))
    assert quotes.changed_since(session, ids, state.tick) == {}
    now = NOW + timedelta(hours=1)
    clock.tick(session, now, lambda _: True)
    seen = clock.state(session).tick
    clock.tick(session, now + timedelta(seconds=1), lambda _: True)
    changed = quotes.changed_since(session, ids, seen)
    assert {quote.symbol for quote in changed.values()} == {"AAPL", "GOOG", "IBM", "MSFT"}
    assert all(quote.tick == seen + 1 for quote in changed.values())
    assert quotes.changed_since(session, [stock_id(session, "FB")], 0) == {}


def test_a_stock_without_a_bar_today_keeps_its_price_and_is_stale(
    session: Session, stand: Stand
) -> None:
    ibm = stock_id(session, "IBM")
    session.connection().exec_driver_sql(
        "DELETE FROM bar WHERE stock_id = %s AND date = %s", (ibm, JAN_14)
    )
    try:
        stand(JAN_14, 12.0)
        quote = quotes.of(session, "IBM")
        assert quote.stale
        assert quote.session_date == date(2009, 1, 13)
        assert float(quote.price) == raw_close(session, "IBM", date(2009, 1, 13))
        assert not quotes.of(session, "AAPL").stale
    finally:
        session.rollback()
        restore(session, ibm)


def restore(session: Session, ibm: int) -> None:
    from stocksite.market.providers.sample import SampleProvider

    row = SampleProvider().daily_bars("IBM", JAN_14, JAN_14)[0]
    session.merge(
        Bar(
            stock_id=ibm,
            date=row.date,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            source="sample",
        )
    )
    session.commit()


def test_overnight_a_price_holds_and_is_not_stale(session: Session, stand: Stand) -> None:
    stand(date(2009, 1, 20))  # after a weekend and a holiday
    quote = quotes.of(session, "AAPL")
    assert quote.session_date == date(2009, 1, 16)
    assert not quote.stale


@pytest.mark.parametrize(
    ("ordering", "first"),
    [("symbol", "AAPL"), ("-symbol", "MSFT"), ("price", "MSFT"), ("name", "AAPL")],
)
def test_the_list_is_ordered(session: Session, stand: Stand, ordering: str, first: str) -> None:
    stand(JAN_14, 12.0)
    page = quotes.tracked(session, PageRequest(1, 2), ordering)
    assert page.results[0].symbol == first
    assert (page.count, page.pages, len(page.results)) == (5, 3, 2)
    assert (
        len(
            {
                q.symbol
                for n in (1, 2, 3)
                for q in quotes.tracked(session, PageRequest(n, 2), ordering).results
            }
        )
        == 5
    )
