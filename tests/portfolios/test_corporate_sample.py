"""The sample's real splits and MSFT's $3.08, held through: equity moves as the market, no more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from stocksite.core.money import cents
from stocksite.market.models import Bar
from stocksite.portfolios.models import AppliedAction, Position, Transaction
from stocksite.portfolios.service import corporate, proof, reads, snapshots
from tests.portfolios.days import stock_id

D = Decimal


def close(session, symbol, day):
    found = session.scalar(
        select(Bar.close).where(
            Bar.stock_id == stock_id(session, symbol), Bar.date == date.fromisoformat(day)
        )
    )
    return D(repr(found))


def postings(session, kind):
    return session.scalars(
        select(Transaction).where(Transaction.type == kind).order_by(Transaction.id)
    ).all()


@pytest.mark.parametrize(
    ("symbol", "before", "ex", "shares", "after"),
    [
        ("AAPL", "2005-02-25", "2005-02-28", "10", "20"),
        ("AAPL", "2000-06-20", "2000-06-21", "7.5", "15"),
        ("MSFT", "2003-02-14", "2003-02-18", "100", "200"),
    ],
)
def test_a_split_changes_shares_and_nothing_else(
    session, actor, days, open_book, trade, symbol, before, ex, shares, after
):
    market = days(before)
    book = open_book(cash="50000")
    market.open(before)
    trade(book, "buy", symbol, shares)
    cost = session.scalar(select(Position.cost_basis))
    market.close()
    spent = 50_000 - cost
    assert market.snapshots(book.id)[date.fromisoformat(before)].total_value == spent + cents(
        close(session, symbol, before) * D(shares)
    )
    market.open(ex)
    view = reads.portfolio(session, actor, book.id)
    [held] = reads.positions(session, view)
    assert (held.quantity, held.cost_basis) == (D(after), cost)
    assert held.average_buy_price == (cost / D(after)).quantize(D("0.000001"))
    assert view.day_change == cents((held.price - held.previous_close) * D(after))
    assert abs(view.day_change_pct) < 10, "a jump of a half would be the split"
    market.close()
    lived = market.snapshots(book.id)[date.fromisoformat(ex)]
    assert lived.total_value == spent + cents(close(session, symbol, ex) * D(after))
    assert lived.twr_index == pytest.approx(float(lived.total_value) / 50_000, abs=1e-12)
    assert proof.verify(session, actor, book.id).ok


def test_msft_through_its_split_and_its_dollars(session, actor, days, open_book, trade):
    market = days("2003-02-13")
    book = open_book(cash="10000")
    market.open("2003-02-13")
    trade(book, "buy", "MSFT", "100")
    market.skip("2004-11-12")
    market.open("2004-11-12")
    market.close()
    before = market.snapshots(book.id)[date(2004, 11, 12)]
    market.open("2004-11-15")
    [paid] = [
        t for t in postings(session, "dividend") if t.executed_at.year == 2004 and t.price > 1
    ]
    assert (paid.price, paid.quantity, paid.cash_amount) == (D("3.08"), 200, D("616.00"))
    market.close()
    after = market.snapshots(book.id)[date(2004, 11, 15)]
    fallen = cents(
        (close(session, "MSFT", "2004-11-15") - close(session, "MSFT", "2004-11-12")) * 200
    )
    assert after.total_value - before.total_value == fallen + D("616.00")
    assert abs(after.twr_index / before.twr_index - 1) < 0.02, "not the 10 % the price fell"
    total = sum(t.cash_amount for t in postings(session, "dividend"))
    assert after.income == total
    assert total > 616, "the quarterly ones of the skipped time are there too"
    assert proof.verify(session, actor, book.id).ok


def test_every_day_of_a_skipped_year_is_there_and_right(session, actor, days, open_book, trade):
    market = days("2003-02-13")
    book = open_book(cash="10000")
    market.open("2003-02-13")
    trade(book, "buy", "MSFT", "100")
    spent = 10_000 - session.scalar(select(Position.cost_basis))
    market.skip("2003-03-10")
    rows = market.snapshots(book.id)
    assert next(iter(rows)) == date(2003, 2, 13)
    assert len(rows) == 16
    assert rows[date(2003, 2, 14)].positions_value == cents(
        close(session, "MSFT", "2003-02-14") * 100
    )
    assert rows[date(2003, 2, 18)].total_value == spent + cents(
        close(session, "MSFT", "2003-02-18") * 200
    )
    lived = {d: (r.total_value, r.cash, round(r.twr_index, 12), r.income) for d, r in rows.items()}
    snapshots.rebuild(session, book.id, date(2003, 3, 7))
    session.commit()
    again = market.snapshots(book.id)
    assert lived == {
        d: (r.total_value, r.cash, round(r.twr_index, 12), r.income) for d, r in again.items()
    }
    assert all(r.corrected_at is None for r in again.values()), "nothing was corrected"


def test_nothing_is_applied_twice(session, actor, days, open_book, trade):
    market = days("2003-02-14")
    book = open_book(cash="10000")
    market.open("2003-02-14")
    trade(book, "buy", "MSFT", "100")
    market.open("2003-02-18")
    market.close()
    market.open("2003-02-19")
    seen = [(t.id, t.type) for t in session.scalars(select(Transaction).order_by(Transaction.id))]
    assert [kind for _, kind in seen] == ["deposit", "buy", "split", "dividend"]
    state = market.state
    assert corporate.apply_due(session, state) == 0
    session.execute(text("DELETE FROM processed_action"))
    assert corporate.apply_due(session, state) == 0
    session.commit()
    rows = session.scalars(select(Transaction).order_by(Transaction.id))
    assert [(t.id, t.type) for t in rows] == seen
    assert session.scalar(select(Position.quantity)) == 200
    snapshots.rebuild(session, book.id, date(2003, 2, 18))
    session.commit()
    assert corporate.apply_due(session, state) == 0
    assert session.scalar(select(Position.quantity)) == 200
    assert len(session.scalars(select(AppliedAction)).all()) == 2


def test_the_first_fill_of_the_ex_date_meets_new_shares(session, actor, days, open_book, trade):
    market = days("2005-02-25")
    book = open_book(cash="50000")
    market.open("2005-02-25")
    trade(book, "buy", "AAPL", "10")
    market.close()
    waiting = trade(book, "sell", "AAPL", "10")
    buying = trade(book, "buy", "AAPL", "3")
    market.open("2005-02-28")
    session.expire_all()
    opened = D(
        repr(
            session.scalar(
                select(Bar.open).where(
                    Bar.stock_id == stock_id(session, "AAPL"), Bar.date == date(2005, 2, 28)
                )
            )
        )
    )
    assert (waiting.status, waiting.filled_quantity) == ("filled", 20)
    assert (buying.status, buying.filled_quantity) == ("filled", 6)
    assert waiting.average_fill_price == opened
    assert session.scalar(select(Position.quantity)) == 6
    assert proof.verify(session, actor, book.id).ok
