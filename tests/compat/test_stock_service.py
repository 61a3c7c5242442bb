"""The stock service: read a stock, buy units of it, read it again."""

from __future__ import annotations

from tests.compat.conftest import Client, Refused


def test_its_calls_in_its_order(old_client: Client) -> None:
    before = old_client("GET", "/stock/AAPL")
    assert before.status_code == 200, before.text
    told = before.json()
    assert (told["status"], told["purchased_status"], told["purchased_amount"]) == (
        "active",
        "none",
        0,
    )
    assert told["company_code"] == "AAPL"
    assert set(told["stock_values"]) == {"open", "high", "low", "close"}
    assert all(isinstance(value, float) for value in told["stock_values"].values())
    assert set(told["performance_data"]) == {
        *("five_days", "one_month", "three_months", "year_to_date", "one_year")
    }
    assert isinstance(told["competitors"], list)
    assert len(told["request_data"]) == len("2009-01-02")

    bought = old_client("POST", "/stock/AAPL", json={"amount": 5})
    assert bought.status_code == 201, bought.text
    said = bought.json()
    assert "units of stock AAPL" in said["message"]
    assert said["purchased_status"] in ("purchased", "pending")
    if said["purchased_status"] == "purchased":
        assert said["message"] == "5 units of stock AAPL were added to your stock record"

    after = old_client("GET", "/stock/AAPL").json()
    assert after["purchased_status"] == said["purchased_status"]
    assert after["purchased_amount"] == (5 if said["purchased_status"] == "purchased" else 0)


def test_the_shared_part_is_kept_and_says_so(old_client: Client) -> None:
    old_client("GET", "/stock/GOOG")
    assert old_client("GET", "/stock/goog/").headers["X-Cache"] == "hit"


def test_a_form_buys_too_and_the_slash_does_not_matter(old_client: Client) -> None:
    assert old_client("POST", "/stock/ibm/", data={"amount": "2"}).status_code == 201
    book = old_client("GET", "/api/portfolios/").json()["results"][0]
    orders = old_client("GET", f"/api/portfolios/{book['id']}/orders/").json()["results"]
    assert [order["symbol"] for order in orders] == ["IBM"]


def test_what_cannot_be_bought_is_told(old_client: Client) -> None:
    for sent, status in (
        ({"json": {"amount": 0}}, 422),
        ({"json": {"amount": -1}}, 422),
        ({"json": {"amount": 1.5}}, 422),
        ({"json": {}}, 422),
        ({"json": {"amount": 1, "price": 1}}, 400),
        ({"json": {"amount": 900_000_000}}, 422),
        ({"data": "{", "headers": {"Content-Type": "application/json"}}, 400),
    ):
        answer = old_client("POST", "/stock/AAPL", **sent)
        assert answer.status_code == status, (sent, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert old_client("POST", "/stock/NOSUCH", json={"amount": 1}).status_code in (404, 422)


def test_a_repeat_with_its_key_buys_once(old_client: Client) -> None:
    headers = {"Idempotency-Key": "one-purchase"}
    answers = [
        old_client("POST", "/stock/MSFT", json={"amount": 3}, headers=headers) for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_each_wants_credentials(is_refused: Refused) -> None:
    is_refused("GET", "/stock/AAPL")
    is_refused("POST", "/stock/AAPL")
