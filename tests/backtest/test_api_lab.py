"""The lab's JSON: shapes, figures, refusals, and that a result can be made again."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import update

from stocksite.backtest.models import BacktestRun
from stocksite.backtest.service import runs
from stocksite.core import queue
from stocksite.core.models import Job
from tests.backtest.conftest import valid

RULE_R1 = {"fast": 20, "slow": 50}


def test_r1_to_the_cent(lab, app) -> None:
    told = lab.run(parameters=RULE_R1)
    assert told["status"] == "done"
    assert round(told["metrics"]["final_value"], 2) == 472_726.56
    assert told["metrics"]["trades"] == 30
    assert len(told["equity"]) == 3_270
    assert round(told["equity"][-1]["value"], 2) == 472_726.56
    assert told["equity"][0]["date"] == "2000-03-01"
    assert [t["exit_date"] for t in told["trades"]].count(None) == 0
    assert told["verdict"]["standing"] in ("luck", "behind", "edge")
    assert told["verdict"]["look_ahead"]["passed"] is True
    assert len(told["verdict"]["rule_risk"]["results"]) == 8
    assert told["manifest"]["ask"]["parameters"] == RULE_R1
    assert len(told["manifest"]["data"]["AAPL"]) == 64
    assert lab.json("GET", f"/backtests/{told['id']}/").json == told
    valid(app, "/api/backtests/", "post", "201", told)


@pytest.mark.parametrize(
    ("switch", "final"),
    [
        ({"shares": "fractional"}, 472_664.17),
        ({"fill": "same_close"}, 427_501.37),
        ({"costs": {"commission_pct": 0}}, 501_707.49),
        ({"rounding": "cent"}, 472_726.54),
    ],
)
def test_the_switches_of_the_body(lab, switch, final) -> None:
    assert round(lab.run(parameters=RULE_R1, **switch)["metrics"]["final_value"], 2) == final


def test_the_rule_laboratory_gives_the_reference_s_table(lab) -> None:
    results = lab.run(parameters=RULE_R1)["verdict"]["rule_risk"]["results"]
    assert [round(each["final_value"], 2) for each in results] == [
        472_726.56,
        472_664.17,
        472_523.46,
        480_482.28,
        572_588.36,
        494_273.95,
        427_501.37,
        501_707.49,
    ]


def test_every_strategy_runs_with_its_defaults(lab, app) -> None:
    listed = lab.json("GET", "/strategies/").json
    assert [each["name"] for each in listed] == [
        *("buy_and_hold", "dca", "sma_cross", "ema_cross", "dip", "percent_move", "rsi"),
        *("bollinger", "macd", "donchian", "momentum", "rules"),
    ]
    valid(app, "/api/strategies/", "get", "200", listed)
    for each in listed:
        body: dict[str, Any] = {"strategy": each["name"], "symbol": "IBM", "end": "2003-01-02"}
        if each["several_symbols"]:
            del body["symbol"]
            body["symbols"] = ["IBM", "MSFT", "AAPL"]
        if each["name"] == "rules":
            above = {"left": "close", "op": ">", "right": {"indicator": "sma", "window": 20}}
            body["parameters"] = {"enter": {"all": [above]}}
        answer = lab.json("POST", "/backtests/", body)
        assert answer.status_code == 201, (each["name"], answer.json)
        assert answer.json["metrics"]["final_value"] > 0
        assert answer.json["verdict"]["headline"]


BAD = [
    ({"symbol": "NOSUCH"}, "symbol", "NOSUCH"),
    ({"symbol": "TSLA"}, None, "not available in the sample market"),
    ({"start": "1999-01-04"}, "start", "begins on 2000-03-01"),
    ({"end": "2031-01-02"}, "end", "ends on 2013-03-01"),
    ({"start": "2010-01-04", "end": "2009-01-05"}, "end", "lies before the start"),
    ({"start": "2010-01-04", "end": "2010-01-04"}, "end", "has 1 session"),
    ({"initial_investment": 0}, "initial_investment", "more than $0"),
    ({"initial_investment": "-5"}, "initial_investment", "smallest"),
    ({"parameters": {"fast": 50, "slow": 20}}, "slow", "larger than fast"),
    ({"parameters": {"fast": 2.5}}, "parameters.fast", "not whole"),
    ({"parameters": {"speed": 2}}, "parameters.speed", "has no speed"),
    ({"strategy": "magic"}, "strategy", "There is no strategy"),
    ({"costs": {"commission_pct": 101}}, "costs.commission_pct", "0 to 100"),
    ({"costs": {"commission_pct": -1}}, "costs.commission_pct", "0 to 100"),
    ({"sizing": {"kind": "fixed_fraction", "value": 2}}, "sizing.value", "0.0001 to 1"),
    ({"sizing": {"kind": "fixed_cash"}}, "sizing.value", "Give a number"),
    ({"exits": {"stop_loss_pct": 100}}, "exits.stop_loss_pct", "0.01 to 99"),
    ({"strategy": "momentum"}, "symbol", "at least two"),
    ({"symbol": None}, "symbol", "Name a symbol"),
    ({"symbols": ["IBM"]}, "symbols", "not both"),
]


@pytest.mark.parametrize(("change", "field", "words"), BAD)
def test_what_is_wrong_is_told_in_a_sentence(lab, change, field, words) -> None:
    body = {"strategy": "sma_cross", "symbol": "AAPL"} | change
    answer = lab.json("POST", "/backtests/", body)
    assert answer.status_code == 422, answer.json
    assert words in answer.json["detail"], answer.json
    assert field is None or answer.json["errors"][0]["field"] == field
    assert lab.json("GET", "/backtests/").json["count"] == 0


def test_again_from_the_manifest_byte_for_byte(lab, session) -> None:
    """Also with earlier tries, which the verdict counts and the manifest names."""
    for fast in (5, 10, 15):
        lab.run(parameters={"fast": fast, "slow": 60})
    made = lab.run(parameters=RULE_R1)
    assert made["verdict"]["reality_check"]["trials"] == 4
    assert len(made["manifest"]["tries"]) == 3
    lab.json("DELETE", f"/backtests/{made['id'] - 1}/")
    for _ in range(3):
        again = lab.json("POST", f"/backtests/{made['id']}/recheck/").json
        assert again["identical"] is True
        assert again["stored"] == again["again"]
        assert again["reasons"] == []


def test_a_result_that_was_touched_is_found_out(lab, session) -> None:
    made = lab.run(parameters=RULE_R1)
    session.execute(
        update(BacktestRun).values(
            result=BacktestRun.result.op("||")({"lowest_cash": 2.0}),
            manifest=BacktestRun.manifest.op("||")({"data": {"AAPL": "0" * 64}}),
        )
    )
    session.commit()
    again = lab.json("POST", f"/backtests/{made['id']}/recheck/").json
    assert again["identical"] is False
    assert again["reasons"] == ["The stored prices are not what they were."]


def test_a_deleted_try_still_counts(lab) -> None:
    first = lab.run(parameters={"fast": 5, "slow": 60})
    assert lab.json("DELETE", f"/backtests/{first['id']}/").status_code == 204
    assert lab.json("GET", f"/backtests/{first['id']}/").status_code == 404
    assert lab.json("GET", "/backtests/").json["count"] == 0
    assert lab.run()["verdict"]["reality_check"]["trials"] == 2


def test_the_same_try_counts_once_and_other_symbols_do_not(lab) -> None:
    lab.run()
    lab.run(symbol="IBM")
    assert lab.run()["verdict"]["reality_check"]["trials"] == 1
    assert lab.run(costs={"commission_pct": 0.2})["verdict"]["reality_check"]["trials"] == 2


def test_several_symbols_share_the_purse_in_equal_parts(lab) -> None:
    body = {"strategy": "buy_and_hold", "symbols": ["AAPL", "IBM", "MSFT"]}
    told = lab.json("POST", "/backtests/", body).json
    assert told["sizing"] == {"kind": "fixed_fraction", "value": 1 / 3, "window": 20}
    spent = [trade["quantity"] * trade["entry_price"] for trade in told["trades"]]
    assert len(spent) == 3
    assert all(33_000 < each < 33_700 for each in spent), spent
    assert {trade["symbol"] for trade in told["trades"]} == {"AAPL", "IBM", "MSFT"}


def test_an_idempotency_key_runs_it_once(lab) -> None:
    body = {"strategy": "sma_cross", "symbol": "IBM"}
    first = lab.json("POST", "/backtests/", body, Idempotency_Key="one")
    again = lab.json("POST", "/backtests/", body, Idempotency_Key="one")
    assert first.json == again.json
    assert lab.json("GET", "/backtests/").json["count"] == 1


def test_csv_files(lab) -> None:
    made = lab.run(parameters=RULE_R1)
    trades = lab.json("GET", f"/backtests/{made['id']}/trades.csv")
    rows = list(csv.DictReader(io.StringIO(trades.get_data(as_text=True))))
    assert len(rows) == 30
    assert float(rows[0]["mae_pct"]) <= 0 <= float(rows[0]["mfe_pct"])
    equity = lab.json("GET", f"/backtests/{made['id']}/equity.csv").get_data(as_text=True)
    assert len(equity.splitlines()) == 3_271


def test_a_big_run_is_a_job(lab, session, monkeypatch) -> None:
    monkeypatch.setattr(runs, "SMALL_BARS", 100)
    answer = lab.json("POST", "/backtests/", {"strategy": "sma_cross", "symbol": "AAPL"})
    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    assert answer.json["metrics"] == {}
    assert answer.json["equity"] == []
    job = session.get(Job, answer.json["job"])
    assert job.queue == "research"
    queue.run(job.id)
    told = lab.json("GET", f"/backtests/{answer.json['id']}/").json
    assert told["status"] == "done"
    assert told["verdict"]["headline"]
    assert lab.json("POST", f"/backtests/{told['id']}/recheck/").json["identical"] is True


def test_a_job_that_dies_is_told(lab, session, monkeypatch) -> None:
    monkeypatch.setattr(runs, "SMALL_BARS", 100)
    answer = lab.json("POST", "/backtests/", {"strategy": "sma_cross", "symbol": "AAPL"})
    monkeypatch.setattr(runs.report, "play", lambda *args: 1 / 0)
    for _ in range(queue.MAX_ATTEMPTS):
        queue.run(answer.json["job"])
    told = lab.json("GET", f"/backtests/{answer.json['id']}/").json
    assert told["status"] == "failed"
    assert "ZeroDivisionError" in told["error"]
    assert "It failed" in lab.get(f"/backtests/{told['id']}").get_data(as_text=True)


# --- who may --------------------------------------------------------------------------------------


def test_strangers_and_nobody(lab, stranger, client) -> None:
    run, sweep = lab.run()["id"], lab.sweep()["id"]
    book = lab.json("POST", "/portfolios/", {"name": "Paper"}).json["id"]
    paper = lab.json("POST", f"/backtests/{run}/attach/", {"portfolio": book}).json["id"]
    theirs = stranger.json("POST", "/portfolios/", {"name": "Theirs"}).json["id"]
    asked = [
        ("GET", f"/backtests/{run}/", None),
        ("DELETE", f"/backtests/{run}/", None),
        ("POST", f"/backtests/{run}/recheck/", None),
        ("GET", f"/backtests/{run}/trades.csv", None),
        ("GET", f"/backtests/{run}/equity.csv", None),
        ("POST", f"/backtests/{run}/attach/", {"portfolio": theirs}),
        ("GET", f"/backtests/sweeps/{sweep}/", None),
        ("DELETE", f"/backtests/sweeps/{sweep}/", None),
        ("POST", f"/backtests/sweeps/{sweep}/cells/0/", None),
        ("GET", f"/backtests/attached/{paper}/", None),
        ("PATCH", f"/backtests/attached/{paper}/", {"status": "paused"}),
        ("DELETE", f"/backtests/attached/{paper}/", None),
    ]
    for method, path, body in asked:
        assert stranger.json(method, path, body).status_code == 404, path
        assert client.open(f"/api{path}", method=method, json=body).status_code == 401, path
    mine = stranger.run()["id"]
    into = stranger.json("POST", f"/backtests/{mine}/attach/", {"portfolio": book})
    assert into.status_code == 404
    assert stranger.json("GET", "/backtests/attached/").json == []
    assert lab.json("GET", f"/backtests/attached/{paper}/").json["attached"]["status"] == "active"
