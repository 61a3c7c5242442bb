"""The research service: add a symbol, read its data, backtest it, predict it, in that order."""

from __future__ import annotations

import pytest

from tests.compat.conftest import Client, Refused

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_its_calls_in_its_order(old_client: Client) -> None:
    for sent in ({"data": {"symbol": "aapl"}}, {"json": {"symbol": "AAPL"}}):
        added = old_client("POST", "/financial_data/add", **sent)
        assert added.status_code == 201, added.text
        assert added.json()["symbol"] == "AAPL"

    refreshed = old_client("POST", "/financial_data/refresh")
    assert refreshed.status_code == 202
    assert refreshed.json()["url"].startswith("/api/jobs/")

    listed = old_client("GET", "/financial_data/data")
    assert {"AAPL", "IBM", "MSFT"} <= set(listed.json()["symbols"])
    daily = old_client("GET", "/financial_data/data?symbol=ibm").json()
    assert daily["symbol"] == "IBM"
    assert daily["count"] == len(daily["data"]) > 2000
    assert set(daily["data"][0]) >= {"date", "open", "high", "low", "close", "volume"}

    tested = old_client("GET", "/back_test?format=json&symbol=aapl&winsell=10&winbuy=20&amt=5000")
    assert tested.status_code == 200, tested.text
    told = tested.json()
    assert {"total_return_pct", "roi_pct", "final_value", "max_drawdown_pct"} <= set(told)
    assert told["number_of_trades"] > 0
    assert told["trades"][0]["symbol"] == "AAPL"
    assert "20 days" in told["rule"]
    assert told["final_value"] == pytest.approx(5000 * (1 + told["total_return_pct"] / 100))

    predicted = old_client("GET", "/ai_prediction?symbol=msft")
    assert predicted.status_code == 200, predicted.text
    first = predicted.json()
    assert first["symbol"] == "MSFT"
    assert len(first["predictions"]) == 30
    again = old_client("GET", "/ai_prediction?symbol=MSFT").json()
    assert again["forecast"] == first["forecast"], "it is stored, not made anew"


@pytest.mark.parametrize(
    "path",
    ["/financial_data/data/", "/back_test/?symbol=IBM", "/ai_prediction/?symbol=IBM"],
)
def test_a_trailing_slash_changes_nothing(old_client: Client, path: str) -> None:
    assert old_client("GET", path).status_code == 200


@pytest.mark.parametrize("path", ["/financial_data/add/", "/financial_data/add"])
def test_a_trailing_slash_loses_no_body(old_client: Client, path: str) -> None:
    assert old_client("POST", path, data={"symbol": "IBM"}).status_code == 201


def test_windows_left_out_are_fifty_and_two_hundred(old_client: Client) -> None:
    told = old_client("GET", "/back_test?format=json&symbol=IBM").json()
    assert (told["winbuy"], told["winsell"]) == (50, 200)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/back_test?symbol=AAPL&winbuy=0.05&winsell=10", 422, "percent_move"),
        ("/back_test?symbol=AAPL&winbuy=-5&winsell=10", 422, "percent_move"),
        ("/back_test?winbuy=5&winsell=10", 422, "symbol"),
        ("/back_test?symbol=AAPL&format=xml", 422, "pdf or json"),
        ("/ai_prediction", 422, "symbol"),
        ("/ai_prediction?symbol=NOSUCH", 404, "NOSUCH"),
        ("/back_test?symbol=NOSUCH", 404, "NOSUCH"),
        ("/financial_data/data?symbol=NOSUCH", 404, "NOSUCH"),
        ("/financial_data/add", 405, "POST"),
        ("/financial_data/nothing", 404, ""),
        ("/financial_data/data?symbol=%00", 400, "NUL"),
        ("/stock/A/B", 404, ""),
        ("/backtest/AAPL", 404, ""),
    ],
)
def test_a_script_is_told_in_json_and_a_browser_on_a_page(
    old_client: Client, path: str, status: int, words: str
) -> None:
    script = old_client("GET", path)
    assert script.status_code == status, script.text
    assert script.headers["Content-Type"] == "application/problem+json"
    assert words in script.json()["detail"]
    page = old_client("GET", path, headers=PAGE)
    assert page.status_code == script.status_code
    assert page.headers["Content-Type"].startswith("text/html")
    assert words in page.text


def test_a_body_that_cannot_be_used_is_told(old_client: Client) -> None:
    empty = old_client("POST", "/financial_data/add", data={})
    assert empty.status_code == 422
    assert "symbol" in empty.json()["detail"]
    assert old_client("POST", "/financial_data/add", json={"symbol": "!!"}).status_code == 422
    odd = old_client(
        "POST", "/financial_data/add", data="<x/>", headers={"Content-Type": "text/xml"}
    )
    assert odd.status_code == 415
    assert "a form or JSON" in odd.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/financial_data/add"),
        ("POST", "/financial_data/refresh"),
        ("GET", "/financial_data/data"),
        ("GET", "/back_test?symbol=IBM"),
        ("GET", "/ai_prediction?symbol=IBM"),
    ],
)
def test_each_wants_credentials(is_refused: Refused, method: str, path: str) -> None:
    is_refused(method, path)


def test_a_browser_without_a_session_is_sent_to_the_login(nobody: Client) -> None:
    answer = nobody("GET", "/back_test?symbol=IBM", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")
