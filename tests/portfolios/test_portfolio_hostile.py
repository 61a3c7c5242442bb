"""Hostile values in every form and JSON field: a 4xx with a sentence, and nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from stocksite.portfolios.models import Order, Portfolio, Transaction
from tests.portfolios.desk import words

NUMBERS = (
    *("NaN", "-NaN", "Infinity", "-Infinity", "1e400", "1e5", "-1", "-0.01", "9" * 200),
    *("0x10", "٣", "1,5", "12.345678901234567", "💸", "1 000", "--1", "=1+1", "\ufeff"),
)
TEXTS = ("\u202egnp.exe", "a\x07b", "x" * 5_000, "line\u2028break")
UNREADABLE = ("nul\x00byte",)


@pytest.fixture
def book(open_book, market):
    """A portfolio in an open market."""
    opened = open_book("Target", "25000.00")
    market.open_next()
    return opened


@pytest.fixture
def nothing_stored(session, book):
    """Checks, after the test, that no row came of it."""

    def count() -> tuple[Any, ...]:
        session.expire_all()
        kept = session.get(Portfolio, book.id)
        kinds = [session.query(kind).count() for kind in (Portfolio, Order, Transaction)]
        return (*kinds, kept.name, kept.description, kept.cash, kept.commission_pct)

    before = count()
    yield
    assert count() == before


SETTINGS = {"name": "Fine", "execution": "next_quote", "commission_pct": "0"}
TICKET = {"side": "buy", "symbol": "AAPL", "mode": "quantity", "quantity": "1"}
FORMS = (
    ("/portfolios/new", "starting_cash", SETTINGS),
    ("/portfolios/new", "commission_pct", SETTINGS | {"starting_cash": "1"}),
    ("/portfolios/new", "commission_per_trade", SETTINGS | {"starting_cash": "1"}),
    ("/portfolios/{id}/edit", "commission_pct", SETTINGS),
    ("/portfolios/{id}/cash", "amount", {"type": "deposit"}),
    ("/trade", "quantity", TICKET),
    ("/trade", "notional", TICKET | {"mode": "notional"}),
)


@pytest.mark.parametrize(("path", "field", "form"), FORMS)
def test_numbers_in_forms(desk, book, nothing_stored, path, field, form):
    form = form | {"portfolio": str(book.id)}
    for value in NUMBERS:
        answer = desk.post(path.format(id=book.id), form | {field: value})
        assert answer.status_code == 422, (value, words(answer))
        assert 'aria-invalid="true"' in answer.get_data(as_text=True), value


TEXT_FIELDS = (
    ("/portfolios/new", "name", SETTINGS | {"starting_cash": "1"}),
    ("/portfolios/new", "description", SETTINGS | {"starting_cash": "1"}),
    ("/portfolios/new", "execution", SETTINGS | {"starting_cash": "1"}),
    ("/portfolios/{id}/edit", "name", SETTINGS),
    ("/portfolios/{id}/cash", "type", {"amount": "1"}),
    ("/portfolios/{id}/delete", "confirm", {}),
    ("/trade", "symbol", TICKET),
    ("/trade", "side", TICKET),
    ("/trade", "mode", TICKET),
    ("/trade", "client_order_id", TICKET),
    ("/trade", "portfolio", TICKET),
)


@pytest.mark.parametrize(("path", "field", "form"), TEXT_FIELDS)
def test_texts_in_forms(desk, book, nothing_stored, path, field, form):
    form = {"portfolio": str(book.id)} | form
    for value in (*TEXTS, *UNREADABLE):
        answer = desk.post(path.format(id=book.id), form | {field: value})
        assert 400 <= answer.status_code < 500, (value[:20], words(answer))


def test_lone_surrogates_in_a_form(desk, book, nothing_stored):
    raw = f"name=%ED%A0%80&starting_cash=%ED%A0%80&csrf_token={desk.token}"
    answer = desk.browser.post(
        "/portfolios/new", data=raw, content_type="application/x-www-form-urlencoded"
    )
    assert 400 <= answer.status_code < 500


def test_a_megabyte(desk, book, nothing_stored):
    big = "x" * 1_100_000
    assert desk.post("/portfolios/new", SETTINGS | {"description": big}).status_code == 413
    assert desk.api("POST", "/", {"name": "x", "description": big}).status_code == 413


ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "1"}
JSON_NUMBERS = (
    ("POST", "/", "starting_cash", {"name": "Fine"}),
    ("POST", "/", "commission_pct", {"name": "Fine"}),
    ("PATCH", "/{id}/", "commission_per_trade", {}),
    ("POST", "/{id}/cash/", "amount", {"type": "deposit"}),
    ("POST", "/{id}/orders/", "quantity", ORDER),
    ("POST", "/{id}/orders/", "limit_price", ORDER),
)


@pytest.mark.parametrize(("method", "path", "field", "body"), JSON_NUMBERS)
def test_numbers_in_json(desk, book, nothing_stored, method, path, field, body):
    for value in (*NUMBERS, -1, True, [], {}, "", " "):
        answer = desk.api(method, path.format(id=book.id), body | {field: value})
        assert answer.status_code == 422, (value, answer.json)
        assert field in {error["field"] for error in answer.json["errors"]}, value


JSON_TEXTS = (
    ("POST", "/", "name", {}),
    ("POST", "/", "description", {"name": "Fine"}),
    ("POST", "/", "execution", {"name": "Fine"}),
    ("POST", "/", "benchmark", {"name": "Fine"}),
    ("PATCH", "/{id}/", "name", {}),
    ("POST", "/{id}/cash/", "type", {"amount": "1"}),
    ("POST", "/{id}/orders/", "symbol", ORDER),
    ("POST", "/{id}/orders/", "side", ORDER),
    ("POST", "/{id}/orders/", "client_order_id", ORDER),
    ("POST", "/{id}/orders/", "time_in_force", ORDER),
)


@pytest.mark.parametrize(("method", "path", "field", "body"), JSON_TEXTS)
def test_texts_in_json(desk, book, nothing_stored, method, path, field, body):
    nothing = () if field in ("benchmark", "client_order_id") else (None,)
    for value in (*TEXTS, *nothing, 5, [], {"a": 1}):
        answer = desk.api(method, path.format(id=book.id), body | {field: value})
        assert answer.status_code == 422, (value, answer.json)
        assert field in {error["field"] for error in answer.json["errors"]}, value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"name": "x", "starting_cash": NaN}',
        b'{"name": "x", "starting_cash": 1e400}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\u0000"}',
        b'{"name": "x", "name": "y"}',
        b"\xff\xfe",
        b"[" * 5_000,
        b'"text"',
        b"",
    ],
)
def test_json_nobody_can_read(desk, book, nothing_stored, raw):
    answer = desk.browser.post(
        "/api/portfolios/",
        data=raw,
        content_type="application/json",
        headers={"X-CSRFToken": desk.token},
    )
    assert answer.status_code == 400, answer.json
    assert answer.json["detail"]


@pytest.mark.parametrize("id_", ["0", "9223372036854775808", "9" * 40, "-1", "1.5", "abc", "١"])
def test_ids_nobody_has(desk, book, id_):
    for path in (f"/portfolios/{id_}", f"/portfolios/{book.id}/orders/{id_}"):
        assert desk.get(path).status_code == 404
        assert desk.get(f"/api{path}/").status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "99999999999", "x", "1000000", "٣"])
def test_pages_nobody_needs(desk, book, page):
    assert desk.get(f"/portfolios/{book.id}/transactions?page={page}").status_code == 200
