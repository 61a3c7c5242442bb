"""The addresses of the replaced backtests."""

from __future__ import annotations

import pytest

from stocksite.market.service import stocks
from tests.backtest.conftest import lab, stranger  # noqa: F401

EVERY = [
    "/back_test?symbol=SYMBOL",
    "/back_test?symbol=SYMBOL&format=pdf",
    "/backtest/SYMBOL/1000/",
    "/ai_prediction?symbol=SYMBOL",
    "/predict/SYMBOL/",
    "/report/SYMBOL/",
    "/report/json/SYMBOL/",
]


def test_back_test_is_the_dip_strategy(lab) -> None:  # noqa: F811
    answer = lab.get("/back_test?format=json&symbol=aapl&winsell=10&winbuy=20&amt=5000")
    assert answer.status_code == 200
    told = answer.json
    assert told["symbol"] == "AAPL"
    assert (told["winbuy"], told["winsell"]) == (20, 10)
    assert told["initial_investment"] == 5_000
    same = lab.run(
        strategy="dip",
        parameters={"winbuy": 20, "winsell": 10},
        initial_investment=5000,
        adjustment="split",
    )["metrics"]
    assert told["final_value"] == same["final_value"]
    assert told["total_return_pct"] == told["roi_pct"] == same["roi_pct"]
    assert told["max_drawdown_pct"] == same["max_drawdown_pct"] < 0
    assert told["number_of_trades"] == same["trades"] > 0


def test_the_second_call_is_the_first_run(lab) -> None:  # noqa: F811
    first = lab.get("/back_test?symbol=IBM&winsell=10&winbuy=20").json
    assert lab.get("/back_test?symbol=IBM&winsell=10&winbuy=20").json == first
    assert lab.json("GET", "/backtests/").json["count"] == 1


def test_the_trades_and_their_rule_are_told(lab) -> None:  # noqa: F811
    told = lab.get("/back_test?symbol=AAPL&winsell=10&winbuy=20").json
    assert "below its average of 20 days" in told["rule"]
    assert "above its average of 10 days" in told["rule"]
    closed = [trade for trade in told["trades"] if trade["exit_date"]]
    assert told["number_of_trades"] == len(closed) or told["number_of_trades"] == len(
        told["trades"]
    )
    assert all(trade["symbol"] == "AAPL" for trade in told["trades"])


def test_windows_left_out_are_fifty_and_two_hundred(lab) -> None:  # noqa: F811
    told = lab.get("/back_test?symbol=IBM&format=json").json
    assert (told["winbuy"], told["winsell"]) == (50, 200)
    same = lab.get("/backtest/IBM/100000/").json
    assert {**told, "backtest": 0} == {**same, "backtest": 0}


@pytest.mark.parametrize("path", ["/backtest/MSFT/10000/", "/backtest/msft/10000"])
def test_averages_of_fifty_and_two_hundred_days(lab, path) -> None:  # noqa: F811
    told = lab.get(path).json
    assert (told["winbuy"], told["winsell"]) == (50, 200)
    assert told["initial_investment"] == 10_000
    assert told["symbol"] == "MSFT"
    assert lab.get(told["url"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("symbol=AAPL&winsell=10&winbuy=0.05", "winbuy", "percent_move"),
        ("symbol=AAPL&winsell=-3&winbuy=20", "winsell", "percent_move"),
        ("symbol=AAPL&winsell=10&winbuy=0", "winbuy", "whole days"),
        ("symbol=AAPL&winsell=10&winbuy=99999", "winbuy", "1,000"),
        ("symbol=AAPL&winsell=1e1&winbuy=5", "winsell", "percent_move"),
        ("winsell=10&winbuy=20", "symbol", "Enter a symbol"),
        ("symbol=AAPL&winsell=10&winbuy=20&amt=0", "amt", "smallest"),
        ("symbol=AAPL&winsell=10&winbuy=20&amt=NaN", "amt", "plain number"),
        ("symbol=AAPL&winsell=10&winbuy=20&format=xml", "format", "pdf or json"),
    ],
)
def test_what_is_wrong_is_told(lab, query, field, words) -> None:  # noqa: F811
    answer = lab.get(f"/back_test?{query}")
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["errors"][0]["field"] == field
    assert words in answer.json["detail"]


@pytest.mark.parametrize("path", EVERY)
def test_a_symbol_nobody_knows_is_404(lab, path) -> None:  # noqa: F811
    answer = lab.get(path.replace("SYMBOL", "nosuch"))
    assert (answer.status_code, answer.json["code"]) == (404, "unknown-symbol")
    assert "NOSUCH" in answer.json["detail"]


@pytest.mark.parametrize("path", EVERY)
def test_a_stock_that_is_not_loaded_yet_is_loaded(lab, path, monkeypatch) -> None:  # noqa: F811
    """In a live market; the job is what the answer leads to."""

    def absent(*args: object, **options: object) -> None:
        raise stocks.NotTracked("ACME", "Acme Anvils")

    monkeypatch.setattr(stocks, "get", absent)
    answer = lab.get(path.replace("SYMBOL", "acme"))
    assert (answer.status_code, answer.json["status"]) == (202, "loading")
    assert answer.headers["Retry-After"]
    job = lab.get(answer.headers["Location"])
    assert (job.status_code, job.json["status"]) == (200, "queued")


def test_a_pdf_is_printed_by_a_worker(lab) -> None:  # noqa: F811
    answer = lab.get("/back_test?format=pdf&symbol=AAPL&winsell=10&winbuy=20")
    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    assert answer.headers["Retry-After"]


def test_who_may(client, lab) -> None:  # noqa: F811
    path = "/back_test?symbol=AAPL&winsell=10&winbuy=20"
    assert client.get(path).status_code == 401
    assert client.get("/backtest/AAPL/1000/").json["status"] == 401
    page = client.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/login")
