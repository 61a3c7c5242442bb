"""The events service: register, get tokens, list significant events with filters, query page."""

from __future__ import annotations

import pytest

from tests.compat.conftest import Client, Refused
from tests.conftest import PASSWORD

EVENTS = "/api/stocks/significant-events/"


def test_its_calls_in_its_order(nobody: Client, old_client: Client) -> None:
    person = {"username": "eventful", "email": "e@example.com", "password": PASSWORD}
    assert nobody("POST", "/api/users/", json=person).status_code == 201
    login = {"username": "eventful", "password": PASSWORD}
    pair = nobody("POST", "/api/token/", json=login)
    assert set(pair.json()) == {"refresh", "access"}
    fresh = nobody("POST", "/api/token/refresh/", json={"refresh": pair.json()["refresh"]})
    assert set(fresh.json()) == {"access"}
    checked = nobody("POST", "/api/token/verify/", json={"token": fresh.json()["access"]})
    assert (checked.status_code, checked.json()) == (200, {})

    page = old_client("GET", EVENTS).json()
    assert set(page) == {"count", "next", "previous", "results"}


@pytest.mark.parametrize(
    "query",
    [
        "symbol__ticker=AAPL",
        "event_type=PRICE_INCREASE",
        "event_type=PRICE_DECREASE&ordering=timestamp",
        "timestamp__gte=2008-01-01T00:00:00Z&timestamp__lte=2008-12-31T00:00:00Z",
        "timestamp__date__gte=2008-01-01&timestamp__date__lte=2008-12-31",
        "ordering=-timestamp,symbol__ticker&page=1&page_size=10",
    ],
)
def test_its_filters(old_client: Client, query: str) -> None:
    answer = old_client("GET", f"{EVENTS}?{query}")
    assert answer.status_code == 200, answer.text
    for row in answer.json()["results"]:
        assert set(row) >= {"id", "symbol", "event_type", "timestamp"}
        assert set(row["symbol"]) == {"ticker", "name"}


@pytest.mark.parametrize("query", ["event_type=CRASH", "ordering=price", "timestamp__gte=soon"])
def test_a_filter_that_is_none_is_400_with_its_name(old_client: Client, query: str) -> None:
    answer = old_client("GET", f"{EVENTS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_the_query_page_is_a_page(old_client: Client) -> None:
    for path in ("/test-query-page/", "/test-query-page"):
        answer = old_client("GET", path)
        assert answer.status_code == 200
        assert "<form" in answer.text


def test_wrong_credentials_in_the_old_words(nobody: Client) -> None:
    wrong = nobody("POST", "/api/token/", json={"username": "nobody", "password": "x"})
    assert wrong.status_code == 401
    assert wrong.json() == {"detail": "No active account found with the given credentials"}
    missing = nobody("POST", "/api/token/", json={})
    assert missing.status_code == 400
    assert missing.json()["username"] == ["This field is required."]


def test_each_wants_credentials(is_refused: Refused) -> None:
    is_refused("GET", EVENTS)


def test_the_panel_is_for_administrators(nobody: Client, old_client: Client) -> None:
    for path in ("/admin", "/admin/"):
        assert nobody("GET", path).headers["Location"].startswith("/login")
        assert old_client("GET", path).status_code == 404
