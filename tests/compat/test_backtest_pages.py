"""The prediction service: backtest by path, predict by path (its reports are the reports' test)."""

from __future__ import annotations

import pytest

from tests.compat.conftest import Client, Refused


def test_its_calls_in_its_order(old_client: Client) -> None:
    tested = old_client("GET", "/backtest/AAPL/10000/")
    assert tested.status_code == 200, tested.text
    told = tested.json()
    assert (told["winbuy"], told["winsell"]) == (50, 200)
    assert told["initial_investment"] == 10_000
    assert {"total_return_pct", "max_drawdown_pct", "number_of_trades"} <= set(told)

    predicted = old_client("GET", "/predict/AAPL/")
    assert predicted.status_code == 200, predicted.text
    points = predicted.json()["predictions"]
    assert len(points) == 30
    assert all(point["low_95"] < point["predicted_price"] < point["high_95"] for point in points)


def test_it_is_the_same_backtest_by_path_and_by_query(old_client: Client) -> None:
    by_path = old_client("GET", "/backtest/ibm/2500.50").json()
    by_query = old_client("GET", "/back_test?symbol=IBM&amt=2500.50").json()
    assert by_path["final_value"] == by_query["final_value"]


@pytest.mark.parametrize(
    "path", ["/backtest/msft/1000", "/backtest/MSFT/1000/", "/predict/msft", "/predict/MSFT/"]
)
def test_case_and_slash_do_not_matter(old_client: Client, path: str) -> None:
    answer = old_client("GET", path)
    assert answer.status_code == 200
    assert answer.json()["symbol"] == "MSFT"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/backtest/AAPL/lots/", "plain number"),
        ("/backtest/AAPL/0/", "smallest"),
        ("/backtest/AAPL/1e400/", "plain number"),
        ("/backtest/NOSUCH/1000/", "NOSUCH"),
        ("/predict/NOSUCH/", "NOSUCH"),
    ],
)
def test_what_is_wrong_is_told(old_client: Client, path: str, words: str) -> None:
    answer = old_client("GET", path)
    assert answer.status_code in (404, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/backtest/AAPL/10000/", "/predict/AAPL/"])
def test_each_wants_credentials(is_refused: Refused, path: str) -> None:
    is_refused("GET", path)
