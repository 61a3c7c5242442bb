"""Forms of portfolios: what a post changes, what is told and kept when it is refused."""

from __future__ import annotations

import re
from decimal import Decimal

from stocksite.portfolios.models import Order, Portfolio, Transaction
from tests.portfolios.desk import field_value, words

D = Decimal


def test_opening_a_portfolio(desk, session):
    form = {"name": "  Swing  ", "starting_cash": "$12,500.50", "execution": "instant"}
    form |= {"commission_pct": "0.1", "commission_per_trade": "", "description": "a\r\nb"}
    answer = desk.post("/portfolios/new", form)
    assert answer.status_code == 303
    book = session.query(Portfolio).one()
    assert answer.headers["Location"] == f"/portfolios/{book.id}"
    assert (book.name, book.cash, book.execution) == ("Swing", D("12500.50"), "instant")
    assert (book.commission_pct, book.commission_per_trade) == (D("0.1"), D(0))
    assert book.description == "a\nb"
    assert "Swing is open." in words(desk.get(answer.headers["Location"]))


def test_a_name_in_use_is_told_and_what_was_typed_kept(desk, open_book):
    open_book("Taken")
    form = {"name": "taken", "starting_cash": "77.70", "execution": "next_quote"}
    answer = desk.post("/portfolios/new", form)
    assert answer.status_code == 422
    assert "Pick another" in words(answer)
    assert field_value(answer, "starting_cash") == "77.70"
    assert re.search(r'<input[^>]*name="name"[^>]*autofocus', answer.get_data(as_text=True)) or (
        re.search(r'<input[^>]*autofocus[^>]*name="name"', answer.get_data(as_text=True))
    )


def test_settings_change_and_cash_does_not(desk, lived, session):
    book, _ = lived
    form = {"name": "Renamed", "execution": "instant", "commission_pct": "1", "starting_cash": "1"}
    assert desk.post(f"/portfolios/{book.id}/edit", form).status_code == 303
    session.expire_all()
    changed = session.get(Portfolio, book.id)
    assert (changed.name, changed.execution, changed.commission_pct) == ("Renamed", "instant", 1)
    assert changed.starting_cash == D("25000.00")


def test_deleting_takes_the_typed_name(desk, lived, session):
    book, waiting = lived
    path = f"/portfolios/{book.id}/delete"
    refused = desk.post(path, {"confirm": "lived in"})
    assert refused.status_code == 422
    assert "Type the portfolio’s name" in words(refused).replace("'", "’")
    session.expire_all()
    assert session.get(Portfolio, book.id).archived_at is None
    assert desk.post(path, {"confirm": "Lived in"}).status_code == 303
    session.expire_all()
    assert session.get(Portfolio, book.id).archived_at is not None
    assert session.get(Order, waiting.id).status == "canceled"
    assert desk.get(f"/portfolios/{book.id}").status_code == 404
    assert session.query(Transaction).filter_by(portfolio_id=book.id).count() == 3


def test_deposits_and_withdrawals(desk, lived, session):
    book, waiting = lived
    path = f"/portfolios/{book.id}/cash"
    assert desk.post(path, {"type": "deposit", "amount": "100"}).status_code == 303
    session.expire_all()
    free = session.get(Portfolio, book.id).cash - waiting.reserved
    refused = desk.post(path, {"type": "withdrawal", "amount": str(free + D("0.01"))})
    assert refused.status_code == 422
    assert "is held by waiting orders" in words(refused)
    assert desk.post(path, {"type": "withdrawal", "amount": str(free)}).status_code == 303
    session.expire_all()
    assert session.get(Portfolio, book.id).cash == waiting.reserved


def test_canceling_frees_the_cash(desk, lived, session):
    book, waiting = lived
    path = f"/portfolios/{book.id}/orders/{waiting.id}/cancel"
    answer = desk.post(path, {"back": "orders"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/portfolios/{book.id}/orders"
    session.expire_all()
    assert session.get(Portfolio, book.id).reserved == 0
    assert desk.post(path, {}).status_code == 409


def test_canceling_under_htmx_changes_the_page_in_place(desk, lived):
    book, waiting = lived
    answer = desk.post(f"/portfolios/{book.id}/orders/{waiting.id}/cancel", {}, htmx=True)
    assert answer.status_code == 200
    assert "portfolio:changed" in answer.headers["HX-Trigger"]
    assert answer.headers["HX-Reswap"] == "none"
    assert 'hx-target="#flash"' in answer.get_data(as_text=True)
