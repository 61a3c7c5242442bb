"""Sweeps: a grid of parameters, its heatmap, and the report of one combination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.backtest.api import answers, blueprint
from stocksite.backtest.api.answers import BacktestOut, SweepLine, SweepOut
from stocksite.backtest.api.schemas import HeatQuery, SweepIn
from stocksite.backtest.heating import heat_of
from stocksite.backtest.manifest import rounded
from stocksite.backtest.reading import SweepView
from stocksite.backtest.service import sweeps
from stocksite.core.actor import Actor
from stocksite.core.paging import Page
from stocksite.web.api import PageQuery, Reply, page_size

_EXAMPLE = {
    "strategy": "sma_cross",
    "symbol": "AAPL",
    "parameters": {
        "fast": {"from": 5, "to": 25, "step": 5},
        "slow": {"from": 30, "to": 60, "step": 10},
    },
    "adjustment": "raw",
}


@blueprint.operation(
    "POST",
    "/backtests/sweeps/",
    summary="Run a sweep",
    tag="Backtests",
    body=SweepIn,
    returns=SweepOut,
    status=201,
    also={202: SweepOut},
    creates=True,
    errors=(503,),
    limit="300 per minute",
    example=_EXAMPLE,
)
def run_sweep(session: Session, actor: Actor, body: SweepIn) -> Reply[Mapping[str, Any]]:
    """A grid that is too large answers 422 and names a coarser one that fits."""
    view = sweeps.make(session, actor, body.ask(grid=True))
    return Reply(
        _told(session, actor, view, HeatQuery()),
        status=201 if view.ended else 202,
        location=url_for(".get_sweep", sweep_id=view.id),
    )


@blueprint.operation(
    "GET",
    "/backtests/sweeps/",
    summary="List sweeps",
    tag="Backtests",
    query=PageQuery,
    returns=Page[SweepLine],
)
def list_sweeps(session: Session, actor: Actor, query: PageQuery) -> Page[Mapping[str, Any]]:
    """Newest first, without their results."""
    return sweeps.history(session, actor, query.request(page_size())).map(_line)


@blueprint.operation(
    "GET",
    "/backtests/sweeps/<int:sweep_id>/",
    summary="One sweep",
    tag="Backtests",
    query=HeatQuery,
    returns=SweepOut,
)
def get_sweep(session: Session, actor: Actor, sweep_id: int, query: HeatQuery) -> Mapping[str, Any]:
    """With partial results while it runs, and after it was canceled."""
    return _told(session, actor, sweeps.view(session, actor, sweep_id), query)


@blueprint.operation(
    "DELETE",
    "/backtests/sweeps/<int:sweep_id>/",
    summary="Cancel a sweep",
    tag="Backtests",
    errors=(409,),
)
def cancel_sweep(session: Session, actor: Actor, sweep_id: int) -> None:
    """A running sweep stops and keeps what is known; one that has ended answers 409."""
    sweeps.cancel(session, actor, sweep_id)


@blueprint.operation(
    "POST",
    "/backtests/sweeps/<int:sweep_id>/cells/<int:cell>/",
    summary="Make a backtest of one combination",
    tag="Backtests",
    returns=BacktestOut,
    status=201,
    also={202: BacktestOut},
    creates=True,
    errors=(503,),
)
def keep_cell(session: Session, actor: Actor, sweep_id: int, cell: int) -> Reply[Mapping[str, Any]]:
    """A full backtest of combination `cell`, numbered as in `best` and `top`."""
    run = sweeps.keep_cell(session, actor, sweep_id, cell)
    return Reply(
        answers.backtest(run),
        status=201 if run.ended else 202,
        location=url_for(".get_backtest", run_id=run.id),
    )


def _told(session: Session, actor: Actor, view: SweepView, query: HeatQuery) -> Mapping[str, Any]:
    heat = None
    if view.result is not None:
        grid, cells = sweeps.cells_of(session, actor, view.id)
        found = heat_of(view, grid, cells, query.metric, query.third)
        heat = {
            "x": {"name": found.x.name, "values": list(found.x.values)},
            "y": None
            if found.y is None
            else {"name": found.y.name, "values": list(found.y.values)},
            "metric": found.metric,
            "values": [rounded(row, 6) for row in found.values],
            "fixed": dict(found.fixed),
        }
    return answers.sweep(view, heat)


def _line(row: SweepView) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "strategy": row.ask.strategy,
        "symbols": list(row.ask.symbols),
        "parameters": dict(row.ask.parameters),
        "combinations": row.combinations,
        "done": row.done,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }
