"""Bars in bulk: each day once, whoever brings it and however often."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from stocksite.market.models import Bar, Stock
from stocksite.market.providers.base import BarSeries, Basis
from stocksite.market.service import bulk, storing
from tests.market.conftest import statements

NOW = datetime(2012, 3, 2, 23, tzinfo=UTC)


def parcel(stock_id: int, *days: int, close: float = 10.0) -> bulk.Parcel:
    """Bars of these days of March 2012, all alike."""
    rows = [(date(2012, 3, day), close, close + 1, close - 1, close, 1e6) for day in days]
    return bulk.Parcel(stock_id, BarSeries.of_rows("X", "massive", Basis.RAW, rows, NOW, ""))


def closes(session: Session, stock_id: int) -> dict[int, float]:
    rows = session.execute(select(Bar.date, Bar.close).where(Bar.stock_id == stock_id))
    return {day.day: close for day, close in rows}


@pytest.fixture
def stock(session: Session) -> Iterator[int]:
    """A committed stock without bars, gone afterwards."""
    made = storing.ensure_stock(session, "BULK", "Bulk")
    session.commit()
    yield made
    session.rollback()
    session.execute(delete(Stock).where(Stock.id == made))
    session.commit()


def test_a_stored_day_is_never_rewritten_and_the_span_grows(session: Session, stock: int) -> None:
    assert bulk.write(session, [parcel(stock, 6, 7)]) == 2
    assert bulk.write(session, [parcel(stock, 5, 6, 8, close=20.0)]) == 2
    assert closes(session, stock) == {5: 20.0, 6: 10.0, 7: 10.0, 8: 20.0}
    row = session.execute(
        select(Stock.first_bar, Stock.last_bar, Stock.status).where(Stock.id == stock)
    ).one()
    assert tuple(row) == (date(2012, 3, 5), date(2012, 3, 8), "active")
    assert bulk.write(session, [parcel(stock, 5, 6, 7, 8, close=30.0)]) == 0


def test_a_day_that_comes_twice_at_once_is_stored_once(session: Session, stock: int) -> None:
    twice = [parcel(stock, 5, 5, 6), parcel(stock, 6, 7, close=20.0)]
    assert bulk.write(session, twice) == 3
    assert closes(session, stock) == {5: 10.0, 6: 10.0, 7: 20.0}
    assert bulk.write(session, []) == bulk.write(session, [parcel(stock)]) == 0


def test_a_stock_that_is_not_there_is_refused_by_the_database(session: Session) -> None:
    with pytest.raises(IntegrityError, match="stock"):
        bulk.write(session, [parcel(2**40, 5)])


def test_whoever_comes_second_waits_and_finds_nothing_new(
    session: Session, engine: Engine, stock: int
) -> None:
    assert bulk.write(session, [parcel(stock, 5, 6)]) == 2

    def second() -> int:
        with Session(engine) as other:
            new = bulk.write(other, [parcel(stock, 5, 6, 7, close=20.0)])
            other.commit()
            return new

    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool, engine.connect() as watch:
        late = pool.submit(second)
        while not watch.scalar(waiting) and not late.done():
            watch.rollback()
        assert not late.done()
        session.commit()
        assert late.result(30) == 1
    assert closes(session, stock) == {5: 10.0, 6: 10.0, 7: 20.0}


def test_many_stocks_cost_as_many_statements_as_one(session: Session, stock: int) -> None:
    ids = [storing.ensure_stock(session, f"BULK{n}", "Bulk") for n in range(4)]
    with statements(session) as seen:
        assert bulk.write(session, [parcel(i, 5, 6) for i in ids]) == 8
    assert len(seen) <= 4
