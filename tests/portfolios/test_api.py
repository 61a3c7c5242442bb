"""The JSON routes of portfolios against the contract: names, statuses, forms of numbers."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from stocksite.market.service import quotes
from stocksite.portfolios.models import Order, Portfolio, Position, Transaction
from stocksite.portfolios.service import snapshots

D = Decimal
BUY = {"symbol": "aapl", "side": "buy", "type": "market", "quantity": "10"}
MONEY = re.compile(r"-?\d+\.\d\d")


@pytest.fixture
def book(open_book, market):
    """A portfolio in an open market."""
    opened = open_book("Desk", "25000.00")
    market.open_next()
    return opened


def test_open_read_change_delete(desk, market):
    body = {"name": "Long run", "starting_cash": "5000", "commission_pct": "0.1"}
    made = desk.api("POST", "/", body)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/portfolios/{made.json['id']}/"
    for name in ("cash", "buying_power", "positions_value", "total_value", "day_change"):
        assert MONEY.fullmatch(made.json[name]), name
    assert made.json["cash"] == "5000.00"
    assert made.json["positions_value"] == "0.00"
    assert made.json["commission_pct"] == "0.1"
    assert made.json["is_default"] is False
    path = f"/{made.json['id']}/"
    assert desk.api("GET", path).json == made.json
    changed = desk.api("PATCH", path, {"name": "Longer", "benchmark": "ibm"})
    assert (changed.json["name"], changed.json["benchmark"]) == ("Longer", "IBM")
    assert changed.json["commission_pct"] == "0.1"
    assert desk.api("DELETE", path).status_code == 204
    assert desk.api("GET", path).status_code == 404
    assert desk.api("GET", "/").json["count"] == 0


def test_the_list_is_paged(desk, open_book, market):
    for n in range(3):
        open_book(f"Book {n}")
    page = desk.api("GET", "/?page=2&page_size=2").json
    assert (page["count"], page["next"]) == (3, None)
    assert [row["name"] for row in page["results"]] == ["Book 2"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/", {"name": ""}, 422, "invalid-input"),
        ("POST", "/", {"name": "x", "color": "red"}, 400, "unknown-field"),
        ("POST", "/", {"name": "x", "cost_method": "fifo"}, 422, "not-available"),
        ("POST", "/", {"name": "x", "cost_method": "lifo"}, 422, "invalid-input"),
        ("POST", "/", {"name": "x", "benchmark": "NOPE"}, 422, "invalid-input"),
        ("POST", "/", {"name": "desk"}, 409, "conflict"),
        ("PATCH", "/{id}/", {"starting_cash": "1"}, 400, "unknown-field"),
        ("PATCH", "/{id}/", {"name": None}, 422, "invalid-input"),
        ("PATCH", "/{id}/", {"execution": None}, 422, "invalid-input"),
        ("GET", "/{id}/transactions/?type=bribe", None, 400, "invalid-query"),
        ("GET", "/{id}/transactions/?from=soon", None, 400, "invalid-query"),
        ("GET", "/{id}/transactions/?symbol=%00", None, 400, None),
        ("GET", "/{id}/orders/?status=asleep", None, 400, "invalid-query"),
        ("GET", "/{id}/orders/?ordering=reason", None, 400, "invalid-query"),
        ("GET", "/{id}/snapshots/?page=0", None, 400, "invalid-query"),
        ("POST", "/{id}/cash/", {"type": "gift", "amount": "1"}, 422, "invalid-input"),
        (
            "POST",
            "/{id}/cash/",
            {"type": "withdrawal", "amount": "25000.01"},
            422,
            "insufficient-funds",
        ),
        (
            "POST",
            "/{id}/orders/",
            BUY | {"type": "limit", "limit_price": "1"},
            422,
            "not-available",
        ),
        ("POST", "/{id}/orders/", BUY | {"notional": "5"}, 422, "invalid-input"),
        ("POST", "/{id}/orders/", BUY | {"quantity": None}, 422, "invalid-input"),
        ("POST", "/{id}/orders/", BUY | {"limit_price": "5"}, 422, "invalid-input"),
        ("POST", "/{id}/orders/", BUY | {"symbol": "NOPE"}, 422, "unknown-symbol"),
        ("POST", "/{id}/orders/", BUY | {"symbol": "FB"}, 422, "not-listed-yet"),
        ("POST", "/{id}/orders/", BUY | {"quantity": "100000"}, 422, "insufficient-funds"),
        ("POST", "/{id}/orders/", BUY | {"side": "sell"}, 422, "insufficient-shares"),
        ("DELETE", "/{id}/orders/999/", None, 404, "not-found"),
        ("POST", "/{id}/import/", {}, 404, "not-found"),
    ],
)
def test_what_is_refused(desk, book, session, method, path, body, status, code):
    before = session.query(Transaction).count()
    answer = desk.api(method, path.format(id=book.id), body)
    assert answer.status_code == status, answer.json
    assert answer.mimetype == "application/problem+json"
    assert code is None or answer.json["code"] == code
    assert session.query(Transaction).count() == before
    assert session.query(Order).count() == 0


def test_a_refusal_carries_its_numbers(desk, book, session):
    price = quotes.of(session, "AAPL").price
    answer = desk.api("POST", f"/{book.id}/orders/", BUY | {"quantity": "1000"}).json
    assert answer["required"] == f"{price * 1000:.2f}"
    assert answer["available"] == "25000.00"
    answer = desk.api("POST", f"/{book.id}/orders/", BUY | {"side": "sell"}).json
    assert (answer["requested"], answer["available"]) == ("10", "0")


def test_an_order_from_placing_to_its_receipt(desk, book, session):
    price = quotes.of(session, "AAPL").price
    answer = desk.api("POST", f"/{book.id}/orders/", BUY | {"client_order_id": "mine-1"})
    assert answer.status_code == 201
    order = answer.json
    assert set(order) >= {
        *("id", "client_order_id", "symbol", "side", "type", "time_in_force", "quantity"),
        *("filled_quantity", "limit_price", "stop_price", "status", "submitted_at", "filled_at"),
        *("average_fill_price", "commission", "reserved", "expires_at", "reason", "receipt"),
    }
    assert (order["status"], order["quantity"], order["filled_quantity"]) == ("filled", "10", "10")
    assert D(order["average_fill_price"]) == price
    assert order["submitted_at"].endswith("Z")
    assert order["symbol"] == "AAPL"
    assert order["receipt"]["quote"]["age_s"] == 0.0
    assert answer.headers["Location"] == f"/api/portfolios/{book.id}/orders/{order['id']}/"
    assert desk.api("GET", f"/{book.id}/orders/{order['id']}/").json == order

    again = desk.api("POST", f"/{book.id}/orders/", BUY | {"client_order_id": "mine-1"})
    assert (again.status_code, again.json) == (200, order)
    other = BUY | {"client_order_id": "mine-1", "quantity": "11"}
    refused = desk.api("POST", f"/{book.id}/orders/", other)
    assert (refused.status_code, refused.json["code"]) == (422, "client-order-id-reused")
    assert desk.api("DELETE", f"/{book.id}/orders/{order['id']}/").status_code == 409
    assert session.query(Order).count() == 1


def test_a_waiting_order_is_canceled(desk, open_book, market, session):
    book = open_book()
    order = desk.api("POST", f"/{book.id}/orders/", BUY).json
    assert order["status"] == "accepted"
    assert "Waits for the open" in order["reason"]
    assert D(order["reserved"]) > 0
    assert desk.api("GET", f"/{book.id}/orders/?status=open").json["count"] == 1
    gone = desk.api("DELETE", f"/{book.id}/orders/{order['id']}/")
    assert (gone.status_code, gone.json["status"], gone.json["reserved"]) == (
        200,
        "canceled",
        "0.00",
    )
    assert desk.api("GET", f"/{book.id}/orders/?status=open").json["count"] == 0
    assert desk.api("GET", f"/{book.id}/").json["buying_power"] == "10000.00"


def test_an_idempotency_key_makes_one_of_many(desk, book, session):
    first = desk.api("POST", f"/{book.id}/orders/", BUY, Idempotency_Key="k-1")
    again = desk.api("POST", f"/{book.id}/orders/", BUY, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert session.query(Order).count() == 1
    paid = {"type": "deposit", "amount": "5.00"}
    for _ in range(3):
        desk.api("POST", f"/{book.id}/cash/", paid, Idempotency_Key="k-2")
    session.expire_all()
    assert session.get(Portfolio, book.id).net_deposits == D("25005.00")
    other = desk.api("POST", f"/{book.id}/cash/", paid | {"amount": "6"}, Idempotency_Key="k-2")
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")


def test_positions_transactions_snapshots_and_proof(desk, book, market, session):
    desk.api("POST", f"/{book.id}/orders/", BUY)
    held = desk.api("GET", f"/{book.id}/positions/").json["results"]
    assert len(held) == 1
    assert set(held[0]) >= {
        *("symbol", "quantity", "average_buy_price", "cost_basis", "price", "market_value"),
        *("unrealized_pnl", "unrealized_pnl_pct", "weight_pct", "as_of"),
    }
    assert isinstance(held[0]["weight_pct"], float)
    assert held[0]["quantity"] == "10"

    rows = desk.api("GET", f"/{book.id}/transactions/?symbol=AAPL").json
    assert (rows["count"], rows["results"][0]["type"]) == (1, "buy")
    assert set(rows["results"][0]) >= {
        *("id", "type", "symbol", "quantity", "price", "fees", "cash_amount", "realized_pnl"),
        *("executed_at", "order"),
    }
    day = market.state.session_date.isoformat()
    assert (
        desk.api("GET", f"/{book.id}/transactions/?type=buy&from={day}&to={day}").json["count"] == 1
    )
    assert desk.api("GET", f"/{book.id}/transactions/?from=2030-01-01").json["count"] == 0

    market.until("closing")
    snapshots.take(session, market.state.session_date)
    session.commit()
    shots = desk.api("GET", f"/{book.id}/snapshots/").json
    assert set(shots["results"][0]) >= {
        *("date", "cash", "positions_value", "total_value", "net_flow", "twr_index", "drawdown"),
    }
    proof = desk.api("GET", f"/{book.id}/verify/").json
    assert (proof["ok"], proof["differences"], proof["transactions"]) == (True, [], 2)
    session.get(Position, (book.id, quotes.of(session, "AAPL").stock_id)).quantity += D(1)
    session.commit()
    proof = desk.api("GET", f"/{book.id}/verify/").json
    assert proof["ok"] is False
    assert proof["differences"][0] == {
        "what": "AAPL quantity",
        "stored": "11.000000000",
        "replayed": "10.000000000",
    }


@pytest.mark.parametrize("name", ["transactions", "orders", "snapshots"])
def test_csv(desk, book, name):
    desk.api("POST", f"/{book.id}/orders/", BUY)
    answer = desk.api("GET", f"/{book.id}/{name}.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    lines = answer.get_data(as_text=True).splitlines()
    assert len(lines) == {"transactions": 3, "orders": 2, "snapshots": 1}[name]


READS = ("", "positions/", "orders/", "orders/{order}/", "transactions/", "snapshots/", "verify/")
READS += ("transactions.csv", "orders.csv", "snapshots.csv")
WRITES = (
    ("PATCH", "", {"name": "Mine"}),
    ("DELETE", "", None),
    ("POST", "orders/", BUY),
    ("DELETE", "orders/{order}/", None),
    ("POST", "cash/", {"type": "deposit", "amount": "1"}),
)


@pytest.mark.parametrize(
    ("method", "path", "body"), [*(("GET", path, None) for path in READS), *WRITES]
)
def test_strangers_and_nobody(
    desk, stranger_desk, client, open_book, session, market, method, path, body
):
    book = open_book()
    order = desk.api("POST", f"/{book.id}/orders/", BUY).json["id"]
    address = f"/{book.id}/" + path.format(order=order)
    assert stranger_desk.api(method, address, body).status_code == 404
    assert client.open(f"/api/portfolios{address}", method=method, json=body).status_code == 401
    session.expire_all()
    assert session.get(Order, order).status == "accepted"
    assert session.get(Portfolio, book.id).archived_at is None
    if method == "GET":
        assert desk.api(method, address).status_code == 200


@pytest.mark.parametrize("path", [path for path in READS if not path.endswith(".csv")])
def test_six_statements_at_most(desk, book, count_sql, path):
    order = desk.api("POST", f"/{book.id}/orders/", BUY).json["id"]
    with count_sql() as statements:
        assert desk.api("GET", f"/{book.id}/" + path.format(order=order)).status_code == 200
    assert len(statements) <= 6, "\n".join(statements)
