"""Splits and dividends through the real services: vectors, fractions, orders, late news."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from stocksite.core.calendar import xnys
from stocksite.core.money import cents
from stocksite.market.models import Quote
from stocksite.market.service import restating
from stocksite.portfolios.models import (
    AppliedAction,
    OrderEvent,
    Portfolio,
    Transaction,
)
from stocksite.portfolios.service import corporate, proof, reads, snapshots
from tests.portfolios.days import kinds, position, post, stock_id

D = Decimal


def test_vector_e1(session, actor, days, made, open_book):
    made.split("AAPL", "2009-01-05", 2, 1)
    made.dividend("AAPL", "2009-01-06", "0.25")
    market = days("2009-01-02")
    book = open_book(cash="100000.00")
    at = market.open("2009-01-02").at
    post(session, book, "buy", "AAPL", "10", "150", at, "5")
    post(session, book, "buy", "AAPL", "5", "180", at, "5")
    post(session, book, "sell", "AAPL", "8", "200", at, "5")
    market.open("2009-01-06")
    session.expire_all()
    assert (book.cash, book.realized_pnl, book.income) == (D("99188.50"), D("309.67"), D("3.50"))
    quantity, cost = position(session)
    equity = book.cash + cents(quantity * 110)
    unrealized = cents(quantity * 110) - cost
    assert (quantity, equity, unrealized) == (14, D("100728.50"), D("415.33"))
    assert equity - book.net_deposits == book.realized_pnl + unrealized + book.income == D("728.50")
    assert proof.verify(session, actor, book.id).ok


@pytest.mark.parametrize(
    ("ratios", "sold", "quantity", "cost"),
    [
        ([(2, 1)], "0", "20", "1000.00"),
        ([(1, 10)], "0", "1", "1000.00"),
        ([(2, 1)], "5", "15", "750.00"),
        ([(2, 1), (1, 3)], "0", "6.666666667", "1000.00"),
    ],
)
def test_vector_s1(session, actor, days, made, open_book, ratios, sold, quantity, cost):
    for day, (to, of) in zip(("2009-01-05", "2009-01-06"), ratios, strict=False):
        made.split("AAPL", day, to, of)
    market = days("2009-01-02")
    book = open_book()
    post(session, book, "buy", "AAPL", "10", "100", market.open("2009-01-02").at)
    at = market.open("2009-01-06").at
    if sold != "0":
        post(session, book, "sell", "AAPL", sold, "50", at)
    assert position(session) == (D(quantity), D(cost))
    assert proof.verify(session, actor, book.id).ok


def test_vector_s2_cashes_the_fraction_at_the_close_before(session, actor, days, made, open_book):
    made.split("IBM", "2009-01-05", 100_000, 49_999)
    market = days("2009-01-02")
    book = open_book(cash="20000", fractions="cash")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    market.close()
    before = restating.close_before(session, stock_id(session, "IBM"), date(2009, 1, 5))
    market.open("2009-01-05")
    session.expire_all()
    assert position(session)[0] == 200
    [sale] = session.scalars(select(Transaction).where(Transaction.type == "sell"))
    price = (before * 49_999 / 100_000).quantize(D("0.000001"))
    assert (sale.quantity, sale.price, sale.order_id) == (D("0.004000080"), price, None)
    assert sale.cash_amount == cents(D("0.00400008") * price) > 0
    assert book.cash == D("10000.00") + sale.cash_amount
    assert proof.verify(session, actor, book.id).ok


def test_fractions_are_kept_unless_the_owner_wants_cash(session, days, made, open_book):
    made.split("IBM", "2009-01-05", 100_000, 49_999)
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    market.open("2009-01-05")
    assert position(session)[0] == D("200.004000080")
    assert kinds(session) == ["deposit", "buy", "split"]


def test_vector_d1_once(session, actor, days, made, open_book):
    made.dividend("AAPL", "2009-01-05", "10")
    market = days("2009-01-02")
    book = open_book(cash="200000")
    post(session, book, "buy", "AAPL", "1000", "100", market.open("2009-01-02").at)
    for _ in range(3):
        market.close()
        market.open()
    session.expire_all()
    assert (book.cash, book.income) == (D("110000.00"), D("10000.00"))
    assert kinds(session).count("dividend") == 1


def test_owed_from_the_ex_date_and_paid_on_its_day(session, actor, days, made, open_book):
    made.dividend("IBM", "2009-01-06", "1.00", "2009-01-10")  # a Saturday: paid on Monday
    market = days("2009-01-05")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-05").at)
    market.close()
    market.open("2009-01-06")
    view = reads.portfolio(session, actor, book.id)
    assert (view.receivable, view.income, view.cash) == (D("100.00"), D("100.00"), D("10000.00"))
    assert view.total_value == view.cash + view.positions_value + 100
    assert proof.verify(session, actor, book.id).ok
    market.close()
    market.open("2009-01-12")
    view = reads.portfolio(session, actor, book.id)
    assert (view.receivable, view.income, view.cash) == (D("0.00"), D("100.00"), D("10100.00"))
    market.close()
    rows = market.snapshots(book.id)
    owed = {day.day: (row.receivable, row.cash) for day, row in rows.items()}
    assert owed == {
        5: (0, 10_000),
        **dict.fromkeys((6, 7, 8, 9), (100, 10_000)),
        12: (0, D("10100")),
    }
    for row in rows.values():
        assert row.total_value == row.cash + row.positions_value + row.receivable
        open_gain = row.total_value - row.net_deposits - row.realized_pnl - row.income + row.fees
        assert open_gain == row.positions_value - 10_000
    lived = {d: (r.total_value, r.receivable, r.income, r.twr_index) for d, r in rows.items()}
    snapshots.rebuild(session, book.id, date(2009, 1, 12))
    session.commit()
    again = market.snapshots(book.id).items()
    assert lived == {d: (r.total_value, r.receivable, r.income, r.twr_index) for d, r in again}


def test_who_sells_at_the_ex_dates_open_is_paid_and_who_buys_is_not(
    session, days, made, open_book, trade
):
    made.dividend("IBM", "2009-01-05", "1.00")
    market = days("2009-01-02")
    seller, buyer = open_book("Seller", "50000"), open_book("Buyer", "50000")
    market.open("2009-01-02")
    trade(seller, "buy", "IBM", "10")
    market.close()
    trade(seller, "sell", "IBM", "10")
    trade(buyer, "buy", "IBM", "10")
    market.open("2009-01-05")
    paid = session.execute(
        select(Transaction.portfolio_id, Transaction.cash_amount).where(
            Transaction.type == "dividend"
        )
    ).all()
    assert [tuple(row) for row in paid] == [(seller.id, D("10.00"))]


def test_a_dividend_and_a_split_of_one_day_pay_per_new_share(session, days, made, open_book):
    made.dividend("IBM", "2009-01-05", "1.00")
    made.split("IBM", "2009-01-05", 3, 1)
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    market.open("2009-01-05")
    session.expire_all()
    assert (position(session)[0], book.income) == (300, D("300.00"))


def test_waiting_orders_move_into_new_shares_or_end_with_a_reason(
    session, actor, days, made, open_book, trade
):
    made.split("IBM", "2009-01-05", 1, 10)
    market = days("2009-01-02")
    keep, whole = open_book("Keep", "50000"), open_book("Whole", "50000", fractions="cash")
    market.open("2009-01-02")
    for book in (keep, whole):
        trade(book, "buy", "IBM", "25")
    market.close()
    sales = [trade(book, "sell", "IBM", "25") for book in (keep, whole)]
    small = trade(whole, "buy", "IBM", "5")
    amount = trade(keep, "buy", "IBM", notional="500")
    held = keep.reserved
    state = market.state
    at = xnys().on(date(2009, 1, 5)).open
    for action in corporate._due(session, replace_day(state, date(2009, 1, 5), at)):
        if action.kind == "split":
            corporate._apply(session, action, replace_day(state, date(2009, 1, 5), at))
    session.commit()
    session.expire_all()
    assert [(o.quantity, o.held_quantity) for o in sales] == [(D("2.5"), D("2.5")), (2, 2)]
    assert "25 shares became 2.5 shares" in sales[0].reason
    assert (small.status, small.reserved) == ("canceled", 0)
    assert "1:10 split of 5 Jan 2009 leaves no whole share of the 5" in small.reason
    assert (amount.status, amount.notional, keep.reserved) == ("accepted", 500, held)
    assert whole.reserved == 0
    told = session.scalars(
        select(OrderEvent.status).where(OrderEvent.order_id.in_([sales[0].id, small.id]))
    ).all()
    assert sorted(told) == ["accepted", "accepted", "accepted", "canceled"]
    for book in (keep, whole):
        assert proof.verify(session, actor, book.id).ok
    market.open("2009-01-05")
    session.expire_all()
    assert [o.status for o in sales] == ["filled", "filled"]


def replace_day(state, day, at):
    from dataclasses import replace

    return replace(state, session_date=day, phase="open", at=at)


def test_a_quote_from_before_the_split_is_restated_until_the_first_price(session, days, made):
    market = days("2009-01-05")
    market.open()
    market.close()
    quote = session.scalar(select(Quote).where(Quote.stock_id == stock_id(session, "IBM")))
    price, volume = quote.price, quote.volume
    assert restating.restate_quote(session, quote.stock_id, date(2009, 1, 6), (4, 1))
    assert (quote.price, quote.volume) == ((price / 4).quantize(D("0.000001")), volume * 4)
    assert not restating.restate_quote(session, quote.stock_id, quote.session_date, (4, 1))


def test_an_archived_portfolio_meets_nothing(session, actor, days, made, open_book):
    from stocksite.portfolios.service import books

    made.split("IBM", "2009-01-05", 2, 1)
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    books.archive(session, actor, book.id, None, market.now)
    session.commit()
    market.open("2009-01-05")
    assert position(session)[0] == 100
    assert not session.scalars(select(AppliedAction)).all()


def test_many_holders_are_one_bunch_of_statements(session, days, made, open_book, engine):
    from sqlalchemy import event

    made.split("IBM", "2009-01-05", 2, 1)
    made.dividend("IBM", "2009-01-05", "0.50")
    market = days("2009-01-02")
    market.open("2009-01-02")
    for number in range(3):
        book = open_book(f"Book {number}", "20000")
        post(session, book, "buy", "IBM", "100", "100", market.state.at)
    market.close()
    seen: list[str] = []
    counted = []

    def note(*args):
        seen.append(args[2])

    event.listen(engine, "before_cursor_execute", note)
    for extra in (0, 12):
        for number in range(extra):
            book = open_book(f"More {number}", "20000")
            post(session, book, "buy", "IBM", "100", "100", market.state.at)
        state = replace_day(market.state, date(2009, 1, 5), xnys().on(date(2009, 1, 5)).open)
        seen.clear()
        assert corporate.apply_due(session, state) == 3 * (3 + extra)
        counted.append(len(seen))
        session.rollback()
    event.remove(engine, "before_cursor_execute", note)
    assert counted[0] == counted[1] < 60


def test_the_lock_keeps_a_trade_from_slipping_in_between(session, engine, days, made, open_book):
    made.split("IBM", "2009-01-05", 2, 1)
    market = days("2009-01-02")
    book = open_book(cash="20000")
    post(session, book, "buy", "IBM", "100", "100", market.open("2009-01-02").at)
    market.close()
    state = replace_day(market.state, date(2009, 1, 5), xnys().on(date(2009, 1, 5)).open)
    corporate.apply_due(session, state)
    with engine.connect() as other:
        waiting = select(Portfolio.id).where(Portfolio.id == book.id)
        free = other.execute(waiting.with_for_update(skip_locked=True)).all()
    assert free == []
    session.rollback()
