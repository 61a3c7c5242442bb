"""`/stock/<symbol>` and `/financial_data/*`, spoken to exactly as their old clients do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite import create_app
from stocksite.core.actor import Actor
from stocksite.settings import Settings
from tests.conftest import csrf_token
from tests.portfolios.conftest import open_book  # noqa: F401


@pytest.fixture
def browser(login: Callable[[Actor], FlaskClient], actor: Actor) -> FlaskClient:
    """The actor's browser."""
    return login(actor)


@pytest.fixture
def script(app: Any, browser: FlaskClient) -> Callable[..., Any]:
    """The actor's script: a bearer and no cookie."""
    token = csrf_token(browser, "/dashboard")
    made = browser.post(
        "/api/tokens/", json={"name": "old", "scope": "write"}, headers={"X-CSRFToken": token}
    )
    assert made.status_code == 201, made.json
    secret = next(value for name, value in made.json.items() if name in ("token", "secret"))

    def send(method: str, path: str, **sent: Any) -> Any:
        headers = {"Authorization": f"Bearer {secret}", **sent.pop("headers", {})}
        return app.test_client().open(path, method=method, headers=headers, **sent)

    return send


def test_the_stock_resource(script: Any, market: Any, open_book: Any) -> None:  # noqa: F811
    open_book()
    market.open_next()
    answers = [script("GET", path) for path in ("/stock/ibm", "/stock/IBM/", "/stock/IBM")]
    assert [a.status_code for a in answers] == [200] * 3
    assert [a.headers["X-Cache"] for a in answers] == ["miss", "hit", "hit"]
    told = answers[0].json
    assert told == script("GET", "/api/stocks/IBM/").json
    assert told["company_code"] == "IBM"
    assert set(told["stock_values"]) == {"open", "high", "low", "close"}
    assert set(told["performance_data"]) == {
        "five_days",
        "one_month",
        "three_months",
        "year_to_date",
        "one_year",
    }
    assert (told["purchased_amount"], told["purchased_status"]) == (0, "none")


def test_buying_while_the_market_is_open(script: Any, market: Any, open_book: Any) -> None:  # noqa: F811
    open_book()
    market.open_next()
    bought = script("POST", "/stock/aapl", json={"amount": 5})
    assert bought.status_code == 201
    assert bought.json["message"] == "5 units of stock AAPL were added to your stock record"
    assert bought.json["purchased_status"] == "purchased"
    one = script("POST", "/stock/AAPL/", data={"amount": "1"})
    assert one.json["message"] == "1 unit of stock AAPL were added to your stock record"
    now = script("GET", "/stock/AAPL").json
    assert (now["purchased_amount"], now["purchased_status"]) == (6, "purchased")


def test_buying_while_it_is_closed_waits(script: Any, open_book: Any) -> None:  # noqa: F811
    open_book()
    bought = script("POST", "/stock/AAPL", json={"amount": 5})
    assert bought.status_code == 201
    assert bought.json["purchased_status"] == "pending"
    assert "5 units of stock AAPL are ordered and pending" in bought.json["message"]
    now = script("GET", "/stock/AAPL").json
    assert (now["purchased_amount"], now["purchased_status"]) == (0, "pending")


def test_a_repeated_key_buys_once(script: Any, session: Session, open_book: Any) -> None:  # noqa: F811
    open_book()
    key = {"Idempotency-Key": "once"}
    first, again = (
        script("POST", "/stock/AAPL", json={"amount": 5}, headers=key) for _ in range(2)
    )
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert session.scalar(text('SELECT count(*) FROM "order"')) == 1
    other = script("POST", "/stock/AAPL", json={"amount": 6}, headers=key)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"json": {"amount": 0}}, 422, "smallest value accepted is 1"),
        ({"json": {"amount": -5}}, 422, "smallest"),
        ({"json": {"amount": 1.5}}, 422, "whole number"),
        ({"json": {"amount": "many"}}, 422, "whole number"),
        ({"json": {"amount": 10**30}}, 422, "largest"),
        ({"json": {}}, 422, "required"),
        ({"json": {"amount": 1, "price": 1}}, 400, "not a field"),
        ({"json": [1]}, 400, "object"),
        ({"data": "{", "content_type": "application/json"}, 400, "JSON parse error"),
        ({"data": "amount=1", "content_type": "text/plain"}, 415, "JSON"),
        ({"json": {"amount": 999_999}}, 422, "to spend"),
    ],
)
def test_what_is_wrong_is_told(
    script: Any,
    open_book: Any,  # noqa: F811
    session: Session,
    sent: Any,
    status: int,
    words: str,
) -> None:
    open_book()
    answer = script("POST", "/stock/AAPL", **sent)
    assert answer.status_code == status, answer.json
    assert answer.mimetype == "application/problem+json"
    assert words.lower() in answer.get_data(as_text=True).lower()
    assert session.scalar(text('SELECT count(*) FROM "order"')) == 0


@pytest.mark.parametrize(("symbol", "status"), [("NOSUCH", 404), ("TSLA", 422), ("S%C3%A3o", 422)])
def test_symbols_that_cannot_be_had(script: Any, symbol: str, status: int) -> None:
    for answer in (
        script("GET", f"/stock/{symbol}"),
        script("POST", f"/stock/{symbol}", json={"amount": 1}),
        script("GET", f"/financial_data/data?symbol={symbol}"),
    ):
        assert answer.status_code == status
        assert answer.json["detail"].endswith(".")


def test_who_may(client: FlaskClient, browser: FlaskClient) -> None:
    for method, path in (
        ("GET", "/stock/AAPL"),
        ("POST", "/stock/AAPL"),
        ("GET", "/financial_data/data"),
        ("POST", "/financial_data/add"),
        ("POST", "/financial_data/refresh"),
    ):
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.json["status"]) == (401, 401), path
    page = client.get("/stock/AAPL", headers={"Accept": "text/html"})
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/login")
    lost = browser.get("/stock/NOSUCH", headers={"Accept": "text/html"})
    assert (lost.status_code, lost.mimetype) == (404, "text/html")
    assert browser.post("/stock/AAPL", json={"amount": 1}).status_code == 403, "without its token"


def test_financial_data(script: Any, market: Any) -> None:
    market.open_next()
    listed = script("GET", "/financial_data/data").json
    assert listed == {"count": 5, "symbols": ["AAPL", "FB", "GOOG", "IBM", "MSFT"]}
    daily = script("GET", "/financial_data/data?symbol=ibm").json
    assert (daily["symbol"], daily["count"]) == ("IBM", len(daily["data"]))
    assert set(daily["data"][-1]) >= {"date", "open", "high", "low", "close", "volume"}
    assert daily["data"][-1]["date"] == "2009-01-02", "never later than market time"
    for sent in ({"data": {"symbol": "ibm"}}, {"json": {"symbol": "IBM"}}):
        added = script("POST", "/financial_data/add", **sent)
        assert (added.status_code, added.json["history"]) == (201, "loaded")
    assert script("POST", "/financial_data/add", data={}).status_code == 422
    refreshed = script("POST", "/financial_data/refresh")
    assert refreshed.status_code == 202
    assert script("GET", refreshed.json["url"]).json["status"] == "queued"


def test_an_allowed_origin_may_call_the_old_addresses(settings: Settings) -> None:
    friend = {"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}
    client = create_app(replace(settings, cors_origins=(friend["Origin"],))).test_client()
    read = client.get("/stock/AAPL", headers=friend)
    assert read.headers["Access-Control-Allow-Origin"] == friend["Origin"]
    assert "Origin" in read.headers["Vary"]
    asked = {**friend, "Access-Control-Request-Method": "POST"}
    preflight = client.options("/financial_data/add", headers=asked)
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    evil = {**friend, "Origin": "https://evil.example"}
    stranger = client.get("/stock/AAPL", headers=evil)
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert client.post("/stock/AAPL", json={"amount": 1}, headers=friend).status_code == 401
    assert client.post("/stock/AAPL", json={"amount": 1}, headers=evil).status_code == 403
