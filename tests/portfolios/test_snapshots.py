"""Daily snapshots: set-based and rebuilt agree to the cent; flows never count as gains."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from stocksite.core.calendar import xnys
from stocksite.core.money import cents
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.models import PortfolioSnapshot
from stocksite.portfolios.service import cash, reads, snapshots
from tests.conftest import SETTINGS

D = Decimal


def rows(session):
    session.expire_all()
    found = session.scalars(
        select(PortfolioSnapshot).order_by(PortfolioSnapshot.portfolio_id, PortfolioSnapshot.date)
    )
    return [
        (
            *(r.date, r.cash, r.positions_value, r.total_value),
            *(r.inflow, r.outflow, r.net_deposits),
            *(round(r.twr_index, 12), round(r.peak_index, 12)),
        )
        for r in found
    ]


def test_the_database_rounds_to_cents_as_the_ledger_does(session):
    @settings(max_examples=300, deadline=None)
    @given(st.decimals("-99999999.999999999", "99999999.999999999", places=9))
    def equal(value):
        stored = session.scalar(text("SELECT cents(CAST(:v AS numeric))"), {"v": value})
        assert stored == cents(value)

    equal()
    for tie in ("0.005", "0.015", "0.025", "-0.005", "-0.015", "1234.565", "2.675"):
        stored = session.scalar(text("SELECT cents(CAST(:v AS numeric))"), {"v": D(tie)})
        assert stored == cents(D(tie))


def test_lived_through_and_rebuilt_are_the_same(market, session, actor, open_book, trade):
    book = open_book(commission_pct=D("0.1"))
    market.open_next()
    trade(book, "buy", "AAPL", notional="3333.33")
    trade(book, "buy", "GOOG", "3")
    for number in range(4):
        day = market.run_session()
        if number == 1:
            cash.move(session, actor, book.id, TransactionType.DEPOSIT, D("2500"))
        snapshots.take(session, day)
        session.commit()
        market.open_next()
        if number == 2:
            trade(book, "sell", "GOOG", "1.5")
            cash.move(session, actor, book.id, TransactionType.WITHDRAWAL, D("1000"))
            session.commit()
    lived = rows(session)
    assert len(lived) == 4
    snapshots.rebuild(session, book.id, day)
    session.commit()
    assert rows(session) == lived


def test_a_deposit_is_no_gain_and_belongs_to_the_day_whose_close_follows(
    market, session, actor, open_book
):
    book = open_book(cash="10000")
    first = market.run_session()
    snapshots.take(session, first)
    session.commit()
    market.until("closed")
    cash.move(session, actor, book.id, TransactionType.DEPOSIT, D("5000"))
    session.commit()
    view = reads.portfolio(session, actor, book.id)
    assert (view.total_value, view.day_change) == (D("15000.00"), 0)
    second = market.run_session()
    snapshots.take(session, second)
    session.commit()
    by_day = {row[0]: row for row in rows(session)}
    assert by_day[second][4] == D("5000.00")
    assert by_day[second][7] == 1.0


def test_never_two_for_a_day(market, session, open_book):
    open_book()
    day = market.run_session()
    assert snapshots.take(session, day) == 1
    assert snapshots.take(session, day) == 0
    assert len(rows(session)) == 1


def test_a_holiday_is_no_trading_day(session):
    with pytest.raises(ValueError, match="not a trading day"):
        snapshots.take(session, SETTINGS.replay_start.replace(month=1, day=1))


def test_a_missed_day_is_valued_at_its_own_close(market, session, actor, open_book, trade):
    book = open_book()
    market.open_next()
    trade(book, "buy", "AAPL", "10")
    missed = market.run_session()
    market.open_next()
    later = market.run_session()
    snapshots.take(session, missed)
    snapshots.take(session, later)
    session.commit()
    closes = dict(
        session.execute(
            text(
                "SELECT date, close FROM bar JOIN stock ON stock.id = stock_id"
                " WHERE symbol = 'AAPL' AND date IN (:a, :b)"
            ),
            {"a": missed, "b": later},
        ).all()
    )
    held = {row[0]: row[2] for row in rows(session)}
    assert held == {day: cents(D(repr(closes[day])) * 10) for day in (missed, later)}


def test_a_quote_that_stopped_coming_gives_way_to_the_official_close(
    market, session, open_book, trade
):
    book = open_book()
    market.open_next()
    trade(book, "buy", "AAPL", "10")
    first = market.run_session()
    snapshots.take(session, first)
    old = session.execute(
        text("SELECT q.* FROM quote q JOIN stock s ON s.id = q.stock_id WHERE symbol = 'AAPL'")
    ).one()
    market.open_next()
    second = market.run_session()
    session.execute(
        text(
            "UPDATE quote SET price = :price, as_of = :as_of, session_date = :day"
            " WHERE stock_id = :id"
        ),
        {"price": old.price, "as_of": old.as_of, "day": old.session_date, "id": old.stock_id},
    )
    snapshots.take(session, second)
    close = session.scalar(
        text("SELECT close FROM bar WHERE stock_id = :id AND date = :day"),
        {"id": old.stock_id, "day": second},
    )
    held = {row[0]: row[2] for row in rows(session)}
    assert held[second] == cents(D(repr(close)) * 10) != held[first]


def test_a_close_is_put_right_when_its_official_price_comes(
    market, session, actor, open_book, trade
):
    book = open_book()
    market.open_next()
    trade(book, "buy", "AAPL", "10")
    first = market.run_session()
    snapshots.catch_up(session, first)
    session.commit()
    of_aapl = "stock_id = (SELECT id FROM stock WHERE symbol = 'AAPL') AND date = :day"
    bar = session.execute(
        text(f"SELECT close, high FROM bar WHERE {of_aapl}"), {"day": first}
    ).one()
    assert bar.high > bar.close
    official = text(f"UPDATE bar SET close = :close WHERE {of_aapl}")
    try:
        session.execute(official, {"close": bar.high, "day": first})
        market.open_next()
        cash.move(session, actor, book.id, TransactionType.DEPOSIT, D("500"))
        trade(book, "sell", "AAPL", "4")
        second = market.run_session()
        snapshots.catch_up(session, second)
        session.commit()
        corrected = rows(session)
        row = session.get(PortfolioSnapshot, (book.id, first))
        assert row.positions_value == cents(D(repr(bar.high)) * 10)
        assert row.reported_value == row.cash + cents(D(repr(bar.close)) * 10)
        assert row.corrected_at is not None
        assert row.reported_index < row.twr_index <= row.peak_index
        snapshots.rebuild(session, book.id, second)
        assert rows(session) == corrected
    finally:
        session.rollback()
        session.execute(official, {"close": bar.close, "day": first})
        session.commit()


def test_the_day_change_is_the_markets_alone(market, session, actor, open_book, trade):
    book = open_book()
    market.open_next()
    trade(book, "buy", "IBM", "20")
    snapshots.take(session, market.run_session())
    session.commit()
    market.open_next()
    market.tick()
    cash.move(session, actor, book.id, TransactionType.DEPOSIT, D("777.77"))
    session.commit()
    view = reads.portfolio(session, actor, book.id)
    [held] = reads.positions(session, view)
    moved = cents((held.price - held.previous_close) * 20)
    assert view.day_change == moved
    assert view.twr_pct is not None
    assert xnys().on(market.state.session_date)
