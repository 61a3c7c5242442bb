"""Splits and dividends that become known after their stock was traded in the new session."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from stocksite.core.calendar import xnys
from stocksite.core.money import cents
from stocksite.market.service import restating
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.models import Transaction
from stocksite.portfolios.service import cash, proof, reads
from tests.portfolios.days import kinds, position, post, stock_id

D = Decimal


def test_a_dividend_that_becomes_known_late_is_back_dated(session, actor, days, made, open_book):
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    at = market.open("2009-01-06").at + timedelta(minutes=1)
    post(session, book, "sell", "IBM", "100", "100", at)
    market.close()
    market.open("2009-01-08")
    before = {d: r.total_value for d, r in market.snapshots(book.id).items()}
    made.dividend("IBM", "2009-01-06", "0.50")
    market.close()
    rows = market.snapshots(book.id)
    session.expire_all()
    assert (book.income, book.dirty_from) == (D("50.00"), None)
    [paid] = session.scalars(select(Transaction).where(Transaction.type == "dividend"))
    assert paid.executed_at == xnys().on(date(2009, 1, 6)).open
    for day, value in before.items():
        late = D("50.00") if day >= date(2009, 1, 6) else D(0)
        assert rows[day].total_value == value + late
        reported = rows[day].reported_value
        assert reported == (value if late else None), "as reported stays beside as corrected"
        assert bool(rows[day].corrected_at) == bool(late)
    assert proof.verify(session, actor, book.id).ok


def test_a_split_that_becomes_known_late_rewrites_what_came_after_it(
    session, actor, days, made, open_book
):
    made.dividend("IBM", "2009-01-07", "1.00")
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    at = market.open("2009-01-06").at + timedelta(hours=1)
    post(session, book, "sell", "IBM", "50", "60", at)
    cash.move(session, actor, book.id, TransactionType.WITHDRAWAL, D("12000"))
    session.commit()
    market.open("2009-01-08")
    session.expire_all()
    assert (book.realized_pnl, book.income) == (D("-2000.00"), D("50.00"))
    made.split("IBM", "2009-01-06", 2, 1)
    market.close()
    session.expire_all()
    assert position(session) == (150, D("7500.00"))
    assert (book.realized_pnl, book.income) == (D("500.00"), D("150.00"))
    assert book.cash == D("20000") - 10_000 + 3_000 - 12_000 + 150
    assert book.net_deposits == 8_000
    assert proof.verify(session, actor, book.id).ok
    rows = market.snapshots(book.id)
    bars = {
        day: restating.close_before(session, stock_id(session, "IBM"), day + timedelta(days=1))
        for day in rows
    }
    for day, shares in ((5, 100), (6, 150), (7, 150), (8, 150)):
        found = rows[date(2009, 1, day)]
        assert found.positions_value == cents(bars[found.date] * shares)
    assert rows[date(2009, 1, 6)].outflow == 12_000
    assert sum(row.outflow for row in rows.values()) == 12_000, "once, though it is posted twice"
    view = reads.portfolio(session, actor, book.id)
    earned = view.realized_pnl + view.unrealized_pnl + view.income - view.fees
    assert view.total_value - view.net_deposits == earned


def test_a_late_split_that_trades_contradict_is_left_out_and_logged(
    session, actor, days, made, open_book, caplog
):
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    post(session, book, "sell", "IBM", "50", "60", market.open("2009-01-06").at)
    made.split("IBM", "2009-01-05", 1, 10)
    market.close()
    assert position(session)[0] == 50
    assert "leaves" in caplog.text
    assert "reversal" not in kinds(session)
    assert proof.verify(session, actor, book.id).ok
