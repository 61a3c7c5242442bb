"""Orders against the replayed market: what fills, at which price, what waits, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stocksite.core.database import unit_of_work
from stocksite.core.errors import Conflict, InvalidInput, NotFound, RuleViolation
from stocksite.market.service import quotes
from stocksite.portfolios.fills import Side
from stocksite.portfolios.models import Position
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, history, matching, orders, previews, proof, reads

D = Decimal


def test_open_market_fills_at_the_quote_of_this_instant(market, session, open_book, trade):
    book = open_book()
    market.open_next()
    market.tick()
    quote = quotes.of(session, "AAPL")
    order = trade(book, "buy", "AAPL", "10")
    assert order.status == "filled"
    assert order.average_fill_price == quote.price
    assert order.filled_at == quote.as_of == market.at
    assert order.receipt["rule"] == "first-quote-after-submission"
    assert order.receipt["quote"]["age_s"] == 0
    assert book.cash == D("10000.00") - (quote.price * 10).quantize(D("0.01"))


def test_closed_market_waits_holds_cash_and_fills_at_the_official_open(
    market, session, actor, open_book, trade
):
    book = open_book()
    last = quotes.of(session, "AAPL").price
    order = trade(book, "buy", "AAPL", "10")
    assert (order.status, order.filled_quantity) == ("accepted", 0)
    assert order.reserved == (last * 10 * D("1.04")).quantize(D("0.01"))
    assert "Fri 2 Jan 2009 at 9:30 New York" in order.reason
    assert books.owned(session, actor, book.id).reserved == order.reserved
    with pytest.raises(RuleViolation) as refused:
        trade(book, "buy", "IBM", notional="9500")
    assert refused.value.members["available"] == D("10000.00") - order.reserved
    session.rollback()

    market.open_next()
    for _ in range(5):  # the worker is late: the price is still the open's
        market.tick()
    assert matching.work_waiting(session)
    session.commit()
    assert matching.match_all(unit_of_work) == 1
    session.expire_all()
    quote = quotes.of(session, "AAPL")
    view = history.order(session, actor, book.id, order.id)
    assert view.status == "filled"
    assert view.average_fill_price == quote.open != quote.price
    assert view.filled_at == quote.opened_at
    assert view.receipt["rule"] == "official-open"
    assert (view.reserved, book.reserved) == (0, 0)
    assert matching.match_all(unit_of_work) == 0, "a second run finds nothing"


def test_a_gap_beyond_the_cash_is_rejected_with_the_numbers_never_overdrawn(
    market, session, actor, open_book, trade
):
    book = open_book(cash="860.00")
    order = trade(book, "buy", "AAPL", notional="855.00")
    assert order.reserved == D("855.00")
    book.cash, book.net_deposits = D("100.00"), D("100.00")  # as if the cash had gone elsewhere
    book.reserved = D("0.00")
    order.reserved = D("0.00")
    session.commit()
    market.open_next()
    matching.match_all(unit_of_work)
    session.expire_all()
    assert order.status == "rejected"
    assert "855" in order.reason
    assert "100.00" in order.reason
    assert book.cash == D("100.00")


def test_sells_of_a_portfolio_fill_before_its_buys(market, session, actor, open_book, trade):
    book = open_book(cash="1000.00")
    market.open_next()
    trade(book, "buy", "AAPL", "10")
    market.run_session()
    with pytest.raises(RuleViolation):
        trade(book, "buy", "IBM", "9")
    session.rollback()
    buy = trade(book, "buy", "IBM", notional="50")
    sell = trade(book, "sell", "AAPL", "10")
    market.open_next()
    matching.match_all(unit_of_work)
    session.expire_all()
    rows = history.transactions(session, actor, _first(), portfolio_id=book.id).results
    by_order = {row.order: row.id for row in rows}
    assert by_order[sell.id] < by_order[buy.id], "the sale was posted first"


def test_waiting_sales_promise_their_shares(market, session, actor, open_book, trade):
    book = open_book()
    market.open_next()
    trade(book, "buy", "AAPL", "12")
    market.run_session()
    trade(book, "sell", "AAPL", "2")
    with pytest.raises(RuleViolation) as refused:
        trade(book, "sell", "AAPL", "12")
    assert refused.value.code == "insufficient-shares"
    assert refused.value.members == {"requested": D("12"), "available": D("10")}
    assert "2 held by open sell orders" in refused.value.detail


def test_cancel_frees_what_was_held_and_a_final_order_stays(session, actor, open_book, trade):
    book = open_book()
    order = trade(book, "buy", "AAPL", "10")
    orders.cancel(session, actor, book.id, order.id)
    session.commit()
    assert (order.status, order.reserved, book.reserved) == ("canceled", 0, 0)
    with pytest.raises(Conflict) as refused:
        orders.cancel(session, actor, book.id, order.id)
    assert refused.value.members == {"order_status": "canceled"}


def test_day_orders_expire_with_their_session_when_no_price_came(
    market, session, actor, open_book, trade
):
    book = open_book()
    order = trade(book, "buy", "AAPL", "1")
    order.stock_id = quotes.of(session, "FB").stock_id  # not listed: no quote will come
    session.commit()
    market.run_session()
    assert matching.match_all(unit_of_work) == 1
    session.expire_all()
    assert (order.status, book.reserved) == ("expired", 0)


def test_good_till_canceled_outlives_the_session(market, session, open_book, trade):
    book = open_book()
    order = trade(book, "buy", "AAPL", "1", time_in_force="gtc")
    assert order.expires_at is None


def test_instant_portfolios_fill_at_night_and_say_so(session, open_book, trade):
    book = open_book(execution="instant")
    order = trade(book, "buy", "AAPL", "3")
    assert order.status == "filled"
    assert order.average_fill_price == quotes.of(session, "AAPL").price
    assert order.receipt["rule"] == "instant-last-price"
    assert order.receipt["quote"]["age_s"] > 0
    assert "last known price" in order.reason


@pytest.mark.parametrize("fee", [("0", "0"), ("0.25", "0"), ("0", "9.99"), ("1.5", "1.00")])
def test_an_amount_of_cash_never_costs_more_than_itself(market, open_book, trade, fee):
    pct, fixed = map(D, fee)
    book = open_book(commission_pct=pct, commission_per_trade=fixed)
    market.open_next()
    before = book.cash
    order = trade(book, "buy", "GOOG", notional="500.00")
    spent = before - book.cash
    assert order.status == "filled"
    assert D("499.98") <= spent <= D("500.00")
    assert order.filled_quantity == order.filled_quantity.quantize(D("0.000000001"))


def test_the_same_client_id_gives_the_first_order_and_another_body_is_refused(
    market, session, actor, open_book
):
    book = open_book()
    market.open_next()
    request = OrderRequest("AAPL", Side.BUY, D("1"), client_order_id="mine-1")
    first = orders.place(session, actor, book.id, request)
    again = orders.place(session, actor, book.id, request)
    assert (again.order.id, again.repeated) == (first.order.id, True)
    other = OrderRequest("AAPL", Side.BUY, D("2"), client_order_id="mine-1")
    with pytest.raises(InvalidInput) as refused:
        orders.place(session, actor, book.id, other)
    assert refused.value.code == "client-order-id-reused"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (OrderRequest("AAPL", Side.BUY, D(1), type="limit", limit_price=D(1)), "not-available"),
        (OrderRequest("AAPL", Side.BUY, D("0.000000001")), "order-too-small"),
        (OrderRequest("AAPL", Side.BUY, D("1000000")), "insufficient-funds"),
        (OrderRequest("AAPL", Side.SELL, D("1")), "insufficient-shares"),
        (OrderRequest("FB", Side.BUY, D("1")), "not-listed-yet"),
        (OrderRequest("AAPL", Side.BUY, D("1"), D("1")), "invalid-input"),
        (OrderRequest("AAPL", Side.BUY), "invalid-input"),
        (OrderRequest("AAPL", Side.BUY, D("1"), limit_price=D("3")), "invalid-input"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_stores_nothing(
    market, session, actor, open_book, request_, code
):
    book = open_book()
    market.open_next()
    with pytest.raises((RuleViolation, InvalidInput)) as refused:
        orders.place(session, actor, book.id, request_)
    assert refused.value.code == code
    session.rollback()
    assert history.orders(session, actor, _first(), portfolio_id=book.id).count == 0


def test_the_preview_says_the_sentence_and_changes_nothing(market, session, actor, open_book):
    book = open_book(cash="25000.00")
    market.open_next()
    price = quotes.of(session, "AAPL").price
    shown = previews.preview(session, actor, book.id, OrderRequest("aapl", Side.BUY, D("10")))
    assert shown.sentence == (
        f"Buy 10 AAPL at about ${price:,.2f}: costs ${price * 10:,.2f} of your $25,000.00"
    )
    assert not shown.waits
    assert shown.problem is None
    poor = previews.preview(session, actor, book.id, OrderRequest("AAPL", Side.BUY, D("9999")))
    assert "25,000.00" in (poor.problem or "")


def test_strangers_find_nothing(make_user, session, open_book):
    book, stranger = open_book(), make_user()
    request = OrderRequest("AAPL", Side.BUY, D("1"))
    for act in (
        lambda: orders.place(session, stranger, book.id, request),
        lambda: orders.cancel(session, stranger, book.id, 1),
        lambda: reads.portfolio(session, stranger, book.id),
        lambda: proof.verify(session, stranger, book.id),
        lambda: history.snapshots(session, stranger, book.id, _first()),
    ):
        with pytest.raises(NotFound):
            act()


def test_selling_everything_closes_the_position(market, session, actor, open_book, trade):
    book = open_book()
    market.open_next()
    trade(book, "buy", "AAPL", notional="333.33")
    [held] = reads.positions(session, reads.portfolio(session, actor, book.id))
    market.tick()
    trade(book, "sell", "AAPL", str(held.quantity))
    assert session.query(Position).count() == 0
    assert proof.verify(session, actor, book.id).ok


def _first():
    from stocksite.core.paging import PageRequest

    return PageRequest()
