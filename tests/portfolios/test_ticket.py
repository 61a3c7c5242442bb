"""The order ticket: prefilled, previewed, sent once, refused with what was typed."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from stocksite.market.service import quotes
from stocksite.portfolios.models import Order, Portfolio
from tests.portfolios.desk import field_value, words

D = Decimal


@pytest.fixture
def book(open_book, market):
    """A portfolio in an open market."""
    opened = open_book("Desk", "25000.00")
    market.open_next()
    return opened


def ticket(book: Portfolio, **changes: str) -> dict[str, str]:
    form = {"portfolio": str(book.id), "side": "buy", "symbol": "aapl", "mode": "quantity"}
    form |= {"quantity": "10", "notional": "", "client_order_id": "ticket-0001"}
    return form | changes


def test_the_sentence_before_sending(desk, book, session):
    price = quotes.of(session, "AAPL").price
    said = words(desk.part("/trade/preview?" + query(ticket(book))))
    assert f"costs ${price * 10:,.2f} of your $25,000.00." in said
    assert "It fills at once" in said
    assert session.query(Order).count() == 0


def query(form: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(form)


def test_a_closed_market_says_what_it_waits_for_and_holds(desk, open_book, session, market):
    book = open_book("Night", "25000.00")
    price = quotes.of(session, "AAPL").price
    said = words(desk.part("/trade/preview?" + query(ticket(book))))
    held = (price * 10 * D("1.04")).quantize(D("0.01"))
    assert f"It waits for the open, Fri 2 Jan 2009 at 9:30 New York. ${held:,.2f}" in said
    answer = desk.post("/trade", ticket(book))
    assert answer.status_code == 303
    said = words(desk.get(answer.headers["Location"]))
    assert f"${held:,.2f} of cash is held." in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"quantity": ""}, "Enter how much"),
        ({"symbol": ""}, "Enter how much"),
        ({"quantity": "ten"}, "Enter a plain number"),
        ({"quantity": "1,5"}, "Enter a plain number"),
        ({"quantity": "0"}, "The smallest value accepted"),
        ({"symbol": "NOPE"}, "No stock has the symbol NOPE"),
        ({"symbol": "FB"}, "not listed yet"),
        ({"quantity": "99999"}, "you have $25,000.00 to spend"),
        ({"side": "sell"}, "You asked to sell 10 AAPL; 0 can be sold"),
        ({"side": "lend"}, "Not a valid choice"),
        ({"quantity": "0.000001"}, "too little to trade"),
    ],
)
def test_a_preview_says_what_is_wrong(desk, book, changes, sentence):
    answer = desk.part("/trade/preview?" + query(ticket(book, **changes)))
    assert answer.status_code == 200
    assert sentence in words(answer)


def test_buying_for_a_plain_browser(desk, book, session):
    answer = desk.post("/trade", ticket(book))
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/portfolios/{book.id}"
    order = session.query(Order).one()
    assert (order.status, order.filled_quantity) == ("filled", D(10))
    said = words(desk.get(answer.headers["Location"]))
    assert "Bought 10 AAPL at" in said


def test_buying_for_an_amount(desk, book, session):
    answer = desk.post("/trade", ticket(book, mode="notional", quantity="junk", notional="$1,000"))
    assert answer.status_code == 303
    assert session.query(Order).one().notional == D("1000.00")


def test_htmx_gets_a_toast_and_events_in_place(desk, book):
    answer = desk.post("/trade", ticket(book), htmx=True, HX_Current_URL="http://localhost/x")
    assert answer.status_code == 200
    assert set(json.loads(answer.headers["HX-Trigger"])) == {"order:placed", "portfolio:changed"}
    assert "Bought 10 AAPL" in words(answer)


def test_htmx_on_the_tickets_own_page_goes_to_the_portfolio(desk, book):
    answer = desk.post(
        "/trade", ticket(book), htmx=True, HX_Current_URL="http://localhost/trade?symbol=AAPL"
    )
    assert answer.headers["HX-Redirect"] == f"/portfolios/{book.id}"


def test_sent_twice_it_is_one_order(desk, book, session):
    first = desk.post("/trade", ticket(book))
    again = desk.post("/trade", ticket(book))
    assert first.status_code == again.status_code == 303
    assert session.query(Order).count() == 1


def test_the_same_ticket_with_other_values_asks(desk, book, session):
    desk.post("/trade", ticket(book))
    answer = desk.post("/trade", ticket(book, quantity="11"))
    assert answer.status_code == 422
    assert "This ticket was sent before" in words(answer)
    fresh = field_value(answer, "client_order_id")
    assert fresh != "ticket-0001"
    assert (
        desk.post("/trade", ticket(book, quantity="11", client_order_id=fresh)).status_code == 303
    )
    assert session.query(Order).count() == 2


def test_a_refusal_keeps_what_was_typed_and_stores_nothing(desk, book, session):
    for htmx in (False, True):
        answer = desk.post("/trade", ticket(book, quantity="99,999"), htmx=htmx)
        assert answer.status_code == 422
        assert field_value(answer, "quantity") == "99,999"
        assert "you have $25,000.00 to spend" in words(answer)
        assert 'aria-invalid="true"' in answer.get_data(as_text=True)
        assert ("<html" in answer.get_data(as_text=True)) is not htmx
    assert session.query(Order).count() == 0


def test_preview_without_scripts(desk, book, session):
    answer = desk.post("/trade", ticket(book, preview="1"))
    assert answer.status_code == 200
    assert "costs $" in words(answer)
    assert field_value(answer, "quantity") == "10"
    assert session.query(Order).count() == 0


def test_the_address_fills_the_ticket(desk, book, trade):
    trade(book, "buy", "IBM", "3")
    path = f"/trade?portfolio={book.id}&symbol=ibm&side=sell&quantity=2.5"
    page = desk.get(path)
    assert field_value(page, "quantity") == "2.5"
    assert "Sell 2.5 IBM at about" in words(page)
    dialog = desk.part(path)
    assert "<html" not in dialog.get_data(as_text=True)
    assert "HX-Request-Type" in dialog.headers["Vary"]
    assert field_value(dialog, "client_order_id") != field_value(page, "client_order_id")


@pytest.mark.parametrize("portfolio", ["999999", "0", "9" * 30])
def test_somebody_elses_portfolio_is_not_found(desk, book, portfolio):
    assert desk.get(f"/trade?portfolio={portfolio}").status_code == 404
    assert desk.post("/trade", ticket(book, portfolio=portfolio)).status_code == 404
    assert desk.part(f"/trade/preview?portfolio={portfolio}&symbol=A").status_code == 404


def test_a_portfolio_that_is_no_number(desk, book, session):
    answer = desk.post("/trade", ticket(book, portfolio="mine"))
    assert answer.status_code == 422
    assert session.query(Order).count() == 0


def test_instant_portfolios_trade_at_night(desk, open_book, session, market):
    book = open_book("Any hour", "25000.00", execution="instant")
    assert not market.state.is_open
    said = words(desk.part("/trade/preview?" + query(ticket(book))))
    assert "It fills at once" in said
    desk.post("/trade", ticket(book))
    assert session.query(Order).one().status == "filled"


def test_the_preview_takes_the_fields_and_not_the_token(desk, book):
    """What htmx includes becomes an address, and addresses are logged."""
    page = desk.get(f"/trade?portfolio={book.id}").get_data(as_text=True)
    assert 'hx-include="previous .ticket-fields"' in page
    fields = page[page.index('class="form ticket-fields"') : page.index('hx-get="/trade/preview"')]
    assert all(f'name="{name}"' in fields for name in ("symbol", "side", "mode", "quantity"))
    assert "csrf_token" not in fields
