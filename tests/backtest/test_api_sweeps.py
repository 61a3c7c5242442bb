"""Sweeps in JSON: complete at once or as a job, canceled half-way, and the report of a cell."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from stocksite.backtest.models import BacktestSweep
from stocksite.backtest.service import sweeps
from stocksite.core import queue
from stocksite.core.database import unit_of_work
from tests.backtest.conftest import valid


def test_a_billion_combinations_are_refused_with_a_coarser_grid(lab) -> None:
    grid = {name: {"from": 1, "to": 1000, "step": 1} for name in ("winbuy", "winsell")}
    grid["max_holding"] = {"from": 1, "to": 1000, "step": 1}
    body = {"strategy": "dip", "symbol": "AAPL", "parameters": grid}
    answer = lab.json("POST", "/backtests/sweeps/", body)
    assert answer.status_code == 422
    assert answer.json["code"] == "grid-too-large"
    assert answer.json["combinations"] == 10**9
    assert "coarser grid" in answer.json["detail"]
    assert "winbuy in steps of" in answer.json["detail"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"parameters": {"fast": 20, "slow": 50}}, 422),
        ({"parameters": {"fast": [50], "slow": [20]}}, 422),
        ({"parameters": {"fast": {"from": 5, "to": 20, "step": 0}}}, 422),
        ({"rounding": "cent"}, 422),
        ({"metric": "final_value"}, 400),
    ],
)
def test_grids_that_make_no_sense(lab, change, status) -> None:
    body = {"strategy": "sma_cross", "symbol": "AAPL", "parameters": {"fast": [5, 10]}} | change
    assert lab.json("POST", "/backtests/sweeps/", body).status_code == status


def test_a_small_sweep_is_complete_at_once(lab, app) -> None:
    told = lab.sweep(adjustment="raw")
    assert told["status"] == "done"
    assert told["combinations"] == told["done"] == 12
    heat = told["heatmap"]
    assert heat["x"] == {"name": "slow", "values": [30, 40, 50, 60]}
    assert heat["y"] == {"name": "fast", "values": [5, 10, 20]}
    assert round(heat["values"][2][2], 2) == 472_726.56
    assert told["walk_forward"]["path"]
    assert told["verdict"]["reality_check"]["trials"] == 12
    assert told["best"]["cell"] in range(12)
    valid(app, "/api/backtests/sweeps/", "post", "201", told)
    sharpe = lab.json("GET", f"/backtests/sweeps/{told['id']}/?metric=sharpe").json["heatmap"]
    assert sharpe["metric"] == "sharpe"
    assert lab.json("GET", f"/backtests/sweeps/{told['id']}/?metric=luck").status_code == 400


def test_the_order_of_the_names_does_not_matter(lab) -> None:
    """Stored JSON forgets the order in which the axes were sent; the cells must not notice."""
    swapped = {"slow": {"from": 30, "to": 60, "step": 10}, "fast": [5, 10, 20]}
    told = lab.sweep(adjustment="raw", parameters=swapped)
    usual = lab.sweep(adjustment="raw")
    assert told["heatmap"] == usual["heatmap"]
    again = lab.json("GET", f"/backtests/sweeps/{told['id']}/").json
    assert again["heatmap"] == told["heatmap"]
    grid = {"stop_loss_pct": [5, 50], "winsell": [5, 10, 20], "winbuy": [10, 20]}
    made = lab.sweep(strategy="dip", parameters=grid)
    for row in made["top"][:3]:
        kept = lab.json("POST", f"/backtests/sweeps/{made['id']}/cells/{row['cell']}/").json
        assert kept["metrics"]["final_value"] == pytest.approx(row["final_value"], rel=1e-12)
        assert kept["parameters"]["winbuy"] == row["parameters"]["winbuy"]


def test_a_cell_becomes_a_backtest_that_ends_with_the_cell_s_money(lab) -> None:
    told = lab.sweep(adjustment="raw")
    for row in told["top"]:
        made = lab.json("POST", f"/backtests/sweeps/{told['id']}/cells/{row['cell']}/")
        assert made.status_code == 201
        assert made.json["sweep"] == told["id"]
        assert made.json["metrics"]["final_value"] == pytest.approx(row["final_value"], rel=1e-12)
        assert made.json["metrics"]["sharpe"] == pytest.approx(row["sharpe"], rel=1e-9)
    assert lab.json("POST", f"/backtests/sweeps/{told['id']}/cells/12/").status_code == 404


def test_exits_can_be_varied_and_a_third_axis_is_held(lab) -> None:
    grid = {"winbuy": [10, 20], "winsell": [5, 10], "stop_loss_pct": [5, 10, 20]}
    told = lab.sweep(strategy="dip", parameters=grid)
    assert told["combinations"] == 12
    assert list(told["heatmap"]["fixed"]) == ["stop_loss_pct"]
    held = lab.json("GET", f"/backtests/sweeps/{told['id']}/?third=2").json["heatmap"]
    assert held["fixed"] == {"stop_loss_pct": 20}
    made = lab.json("POST", f"/backtests/sweeps/{told['id']}/cells/5/").json
    assert made["exits"]["stop_loss_pct"] == 20
    assert made["parameters"] == {"winbuy": 10, "winsell": 10}


@pytest.mark.slow
def test_the_grid_of_the_reference_as_a_job(lab, session) -> None:
    """8,526 pairs: the sums of every library that agrees with us, and a verdict."""
    pairs = {
        "fast": {"from": 2, "to": 50, "step": 1},
        "slow": {"from": 3, "to": 200, "step": 1},
    }
    body = {"strategy": "sma_cross", "symbol": "AAPL", "parameters": pairs, "adjustment": "raw"}
    answer = lab.json("POST", "/backtests/sweeps/", body)
    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    assert answer.json["heatmap"] is None
    queue.run(answer.json["job"])
    told = lab.json("GET", f"/backtests/sweeps/{answer.json['id']}/").json
    assert told["status"] == "done"
    assert told["combinations"] == 8_526
    assert round(told["sums"]["final_value"], 3) == 10_632_261_162.956
    assert told["sums"]["trades"] == 199_595
    assert told["verdict"]["reality_check"]["trials"] == 8_526
    page = lab.get(f"/backtests/sweeps/{told['id']}").get_data(as_text=True)
    assert page.count("<rect") < 1_300


def test_a_canceled_sweep_keeps_what_is_known(lab, session, actor, monkeypatch) -> None:
    monkeypatch.setattr(sweeps, "SMALL_LOOPS", 0)
    monkeypatch.setattr(sweeps, "TELL_EVERY_S", 0.0)
    grid = {"amount": [500, 1000, 2000], "every_days": [5, 10, 20, 40]}
    body = {"strategy": "dca", "symbol": "IBM", "parameters": grid, "end": "2001-01-02"}
    answer = lab.json("POST", "/backtests/sweeps/", body)
    assert answer.status_code == 202
    sweep_id, job_id = answer.json["id"], answer.json["job"]
    told: list[float] = []
    lives: list[Any] = []

    def cancel_at_the_fourth(share: float, message: str) -> None:
        told.append(share)
        lives.append(lab.part(f"/backtests/sweeps/{sweep_id}/live"))
        if len(told) == 5:
            raise queue.JobCanceled(job_id)

    with pytest.raises(queue.JobCanceled):
        sweeps.work(unit_of_work, sweep_id, cancel_at_the_fourth)
    polled = lives[-1].get_data(as_text=True)
    assert "of 12 combinations are known" in polled
    assert 'hx-target="#sweep-map"' in polled
    assert lives[-1].headers["HX-PTag"] > "0"
    found = lab.json("GET", f"/backtests/sweeps/{sweep_id}/").json
    assert found["status"] == "canceled"
    assert 0 < found["done"] < 12
    assert found["verdict"] is None
    known = [value for row in found["heatmap"]["values"] for value in row if value is not None]
    assert len(known) == found["done"]
    page = lab.get(f"/backtests/sweeps/{sweep_id}").get_data(as_text=True)
    assert "Canceled after" in page


def test_cancel_from_outside(lab, session, monkeypatch) -> None:
    monkeypatch.setattr(sweeps, "SMALL_HOPS", 0)
    body = {"strategy": "sma_cross", "symbol": "AAPL", "parameters": {"fast": [5, 10]}}
    answer = lab.json("POST", "/backtests/sweeps/", body)
    assert answer.status_code == 202
    path = f"/backtests/sweeps/{answer.json['id']}/"
    assert lab.json("DELETE", path).status_code == 204
    assert lab.json("GET", path).json["status"] == "canceled"
    assert lab.json("DELETE", path).status_code == 409
    queue.run(answer.json["job"])
    session.expire_all()
    assert session.scalar(select(BacktestSweep.result)) is None
