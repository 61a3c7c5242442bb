"""The market's JSON routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.models import Job
from stocksite.market import jobs
from tests.conftest import csrf_token
from tests.market.conftest import Stand

JAN_14 = date(2009, 1, 14)
CountSql = Callable[[], Any]


@pytest.fixture
def browser(login: Callable[[Actor], FlaskClient], actor: Actor) -> FlaskClient:
    """Somebody who is logged in; the session cookie serves the API too."""
    return login(actor)


@pytest.fixture
def post(browser: FlaskClient, stand: Stand) -> Callable[..., Any]:
    """POST JSON with the page's token."""
    stand(JAN_14, 11.7)
    token = csrf_token(browser, "/stocks/")

    def send(path: str, **kwargs: Any) -> Any:
        headers = kwargs.pop("headers", {}) | {"X-CSRFToken": token}
        return browser.post(path, headers=headers, **kwargs)

    return send


READS = (
    "/api/stocks/",
    "/api/stocks/search/?q=apple",
    "/api/stocks/AAPL/quote/",
    "/api/stocks/AAPL/bars/",
)


@pytest.mark.parametrize("path", READS)
def test_with_and_without_the_last_slash(browser: FlaskClient, stand: Stand, path: str) -> None:
    stand(JAN_14, 11.7)
    answer = browser.get(path)
    assert answer.status_code == 200, answer.json
    bare, _, query = path.partition("?")
    again = browser.get(bare.rstrip("/") + ("?" + query if query else ""))
    assert again.json == answer.json


@pytest.mark.parametrize("path", READS)
def test_strangers_are_told_to_authenticate(client: FlaskClient, stand: Stand, path: str) -> None:
    stand(JAN_14, 11.7)
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("path", READS)
def test_few_statements(browser: FlaskClient, stand: Stand, count_sql: CountSql, path: str) -> None:
    stand(JAN_14, 11.7)
    with count_sql() as seen:
        assert browser.get(path).status_code == 200
    assert len(seen) <= 6, seen


def test_a_quote(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    quote = browser.get("/api/stocks/aapl/quote/").json
    assert quote["symbol"] == "AAPL"
    assert quote["previous_close"] == "87.71"
    assert quote["open"] == "86.24"
    assert quote["as_of"] == "2009-01-14T16:42:00Z"
    assert quote["session_date"] == "2009-01-14"
    assert quote["received_at"].endswith("Z")
    assert isinstance(quote["price"], str)
    assert float(quote["change"]) == pytest.approx(float(quote["price"]) - 87.71)
    assert quote["change_pct"] == pytest.approx(float(quote["change"]) / 87.71 * 100)
    assert (quote["stale"], quote["listed"], quote["source"]) == (False, True, "sample")


def test_a_quote_before_the_listing(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    quote = browser.get("/api/stocks/FB/quote/").json
    assert (quote["listed"], quote["price"], quote["first_bar"]) == (False, None, "2012-05-18")


@pytest.mark.parametrize(
    ("adjustment", "close"), [("raw", 88.99), ("split", 44.495), (None, 44.495)]
)
def test_bars_by_adjustment(
    browser: FlaskClient, stand: Stand, adjustment: str | None, close: float
) -> None:
    stand(date(2005, 2, 28), 12.0)
    query = {"start": "2005-02-25", "end": "2005-02-25"}
    query |= {"adjustment": adjustment} if adjustment else {}
    body = browser.get("/api/stocks/AAPL/bars/", query_string=query).json
    assert (body["symbol"], body["adjustment"]) == ("AAPL", adjustment or "split")
    (bar,) = body["results"]
    assert bar["date"] == "2005-02-25"
    assert bar["close"] == close
    assert set(bar) == {"date", "open", "high", "low", "close", "volume", "partial"}


def test_total_bars_fall_by_the_dividends(browser: FlaskClient, stand: Stand) -> None:
    stand(date(2004, 11, 15), 16.0)
    query = {"start": "2004-11-12", "end": "2004-11-15", "adjustment": "total"}
    before, ex_day = browser.get("/api/stocks/MSFT/bars/", query_string=query).json["results"]
    assert ex_day["close"] == 27.39
    assert before["close"] == pytest.approx(29.97 * 27.39 / (27.39 + 3.08))
    stand(date(2004, 11, 15))
    query["end"] = "2030-01-01"
    (last,) = browser.get("/api/stocks/MSFT/bars/", query_string=query).json["results"]
    assert last["close"] == 29.97


def test_bars_stop_at_market_time(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    results = browser.get("/api/stocks/IBM/bars/?start=2009-01-13").json["results"]
    assert [(bar["date"], bar["partial"]) for bar in results] == [
        ("2009-01-13", False),
        ("2009-01-14", True),
    ]
    assert browser.get("/api/stocks/IBM/bars/?start=2009-01-15").json["results"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/stocks/AAPL/bars/?adjustment=both", 400, "invalid-query"),
        ("/api/stocks/AAPL/bars/?start=yesterday", 400, "invalid-query"),
        ("/api/stocks/AAPL/bars/?start=2009-02-30", 400, "invalid-query"),
        ("/api/stocks/AAPL/bars/?from=2009-01-01", 400, "invalid-query"),
        ("/api/stocks/AAPL/bars/?start=2009-02-01&end=2009-01-01", 422, "invalid-input"),
        ("/api/stocks/FB/bars/", 422, "not-listed-yet"),
        ("/api/stocks/XOM/quote/", 422, "not-in-sample-market"),
        ("/api/stocks/ZZZZZ/quote/", 404, "unknown-symbol"),
        ("/api/stocks/S%C3%A3o/quote/", 422, "invalid-input"),
        ("/api/stocks/?ordering=magic", 400, "invalid-query"),
        ("/api/stocks/?page=0", 400, "invalid-query"),
        (f"/api/stocks/search/?q={'a' * 81}", 400, "invalid-query"),
    ],
)
def test_what_cannot_be_answered(
    browser: FlaskClient, stand: Stand, path: str, status: int, code: str
) -> None:
    stand(JAN_14, 11.7)
    answer = browser.get(path)
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert answer.mimetype == "application/problem+json"


def test_the_list(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    body = browser.get("/api/stocks/?page_size=2&ordering=-symbol").json
    assert body["count"] == 5
    assert [row["symbol"] for row in body["results"]] == ["MSFT", "IBM"]
    assert body["next"].endswith("page_size=2&ordering=-symbol&page=2")
    assert body["previous"] is None


def test_search(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    body = browser.get("/api/stocks/search/?q=app").json
    assert body["count"] == len(body["results"])
    assert body["results"][0] == {
        "symbol": "AAPL",
        "name": "Apple Inc.",
        "industry": "Information Technology",
        "available": True,
        "note": "",
    }
    assert browser.get("/api/stocks/search/").json == {"count": 0, "results": [], "job": None}


@pytest.mark.parametrize(("symbol", "known"), [("aapl", "AAPL"), ("FB", "FB")])
def test_tracking(post: Callable[..., Any], symbol: str, known: str) -> None:
    answer = post("/api/stocks/", json={"symbol": symbol})
    assert answer.status_code == 201, answer.json
    assert answer.json["symbol"] == known
    assert (answer.json["history"], answer.json["job"]) == ("loaded", None)
    assert answer.headers["Location"].endswith(f"/api/stocks/{known}/quote/")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"symbol": "XOM"}, 422),
        ({"symbol": "ZZZZZ"}, 404),
        ({"symbol": "São"}, 422),
        ({"symbol": "A" * 200}, 422),
        ({"symbol": ""}, 422),
        ({"symbol": 7}, 422),
        ({"symbol": None}, 422),
        ({"symbol": "AAPL", "more": 1}, 400),
        ({}, 422),
        ([], 400),
    ],
)
def test_what_cannot_be_tracked(post: Callable[..., Any], body: Any, status: int) -> None:
    assert post("/api/stocks/", json=body).status_code == status


def test_refreshing_is_a_job(post: Callable[..., Any], session: Session) -> None:
    answer = post("/api/stocks/refresh/")
    assert answer.status_code == 202, answer.json
    job = session.scalar(select(Job).where(Job.id == answer.json["job"]))
    assert job is not None
    assert job.function == "stocksite.market.jobs.refresh"
    assert answer.json["url"] == f"/api/jobs/{job.id}/"


def test_the_refresh_job_runs_and_changes_nothing(session: Session, stand: Stand) -> None:
    before = stand(JAN_14, 11.7)
    jobs.refresh(SimpleNamespace(report=lambda *_: None))
    session.expire_all()
    assert stand(JAN_14, 11.7).at == before.at


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(browser: FlaskClient, stand: Stand, method: str) -> None:
    stand(JAN_14, 11.7)
    assert browser.open("/api/stocks/AAPL/quote/", method=method).status_code == 405
