"""Strategies and single backtests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, url_for
from sqlalchemy.orm import Session

from stocksite.backtest import csv
from stocksite.backtest.api import answers, blueprint
from stocksite.backtest.api.answers import BacktestLine, BacktestOut, StrategyOut
from stocksite.backtest.api.schemas import BacktestIn
from stocksite.backtest.reading import Recheck, RunSummary
from stocksite.backtest.service import rechecks, runs
from stocksite.backtest.strategies import STRATEGIES, describe
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.paging import Page
from stocksite.web.api import PageQuery, Reply, page_size
from stocksite.web.operation import CsvFile

_EXAMPLE = {
    "strategy": "sma_cross",
    "symbol": "AAPL",
    "parameters": {"fast": 20, "slow": 50},
    "initial_investment": 100000,
    "costs": {"commission_pct": 0.1},
    "adjustment": "raw",
}


@blueprint.operation(
    "GET",
    "/strategies/",
    summary="List strategies",
    tag="Backtests",
    returns=list[StrategyOut],
)
def list_strategies() -> list[dict[str, Any]]:
    """Their names, and their parameters with type, default, range and meaning."""
    return [describe(each) for each in STRATEGIES.values()]


@blueprint.operation(
    "POST",
    "/backtests/",
    summary="Run a backtest",
    tag="Backtests",
    body=BacktestIn,
    returns=BacktestOut,
    status=201,
    also={202: BacktestOut},
    creates=True,
    errors=(503,),
    limit="300 per minute",
    example=_EXAMPLE,
)
def run_backtest(session: Session, actor: Actor, body: BacktestIn) -> Reply[Mapping[str, Any]]:
    """Small ones answer 201 complete, verdict included; big ones 202 with a job to follow.

    History is the lab's subject: it uses the whole stored series, also past the market's date.
    """
    run = runs.make(session, actor, body.ask(), judged=True)
    return Reply(
        answers.backtest(run),
        status=201 if run.ended else 202,
        location=url_for(".get_backtest", run_id=run.id),
    )


@blueprint.operation(
    "GET",
    "/backtests/",
    summary="List backtests",
    tag="Backtests",
    query=PageQuery,
    returns=Page[BacktestLine],
)
def list_backtests(session: Session, actor: Actor, query: PageQuery) -> Page[Mapping[str, Any]]:
    """Newest first, without curves and trades."""
    return runs.history(session, actor, query.request(page_size())).map(_line)


@blueprint.operation(
    "GET",
    "/backtests/<int:run_id>/",
    summary="One backtest",
    tag="Backtests",
    returns=BacktestOut,
    errors=(409,),
)
def get_backtest(session: Session, actor: Actor, run_id: int) -> Mapping[str, Any]:
    """Everything about it. The verdict is made when it is first asked for."""
    run = runs.view(session, actor, run_id)
    if run.status == "done" and run.verdict is None:
        run = runs.judge(session, actor, run_id)
    return answers.backtest(run)


@blueprint.operation(
    "DELETE", "/backtests/<int:run_id>/", summary="Delete a backtest", tag="Backtests"
)
def delete_backtest(session: Session, actor: Actor, run_id: int) -> None:
    """It leaves your list. It still counts as a try: verdicts ask how many there were."""
    runs.delete(session, actor, run_id, wall_now())


@blueprint.operation(
    "POST",
    "/backtests/<int:run_id>/recheck/",
    summary="Run a manifest again",
    tag="Backtests",
    returns=Recheck,
    errors=(409,),
)
def recheck_backtest(session: Session, actor: Actor, run_id: int) -> Recheck:
    """Makes the result again from its manifest and compares the JSON byte for byte."""
    return rechecks.recheck(session, actor, run_id)


@blueprint.operation(
    "GET",
    "/backtests/<int:run_id>/trades.csv",
    summary="Trades as CSV",
    tag="Backtests",
    returns=CsvFile,
    example=(
        "symbol,entry_date,exit_date,quantity,entry_price,exit_price,profit,return_pct,fees,"
        "dividends,days_held,mae_pct,mfe_pct,exit_rule\n"
        "AAPL,2000-03-31,2000-04-18,3135.0,31.86,30.875,-3284.649225,-3.288559,196.674225,"
        "0.0,12,-17.710295,9.463277,market-at-open\n"
    ),
)
def trades_csv(session: Session, actor: Actor, run_id: int) -> Response:
    """One line per round trip."""
    return Response(csv.trades(runs.view(session, actor, run_id)), mimetype="text/csv")


@blueprint.operation(
    "GET",
    "/backtests/<int:run_id>/equity.csv",
    summary="Equity as CSV",
    tag="Backtests",
    returns=CsvFile,
    example=("date,value,benchmark,drawdown_pct\n2000-03-02,100000.0,93622.8992,0.0\n"),
)
def equity_csv(session: Session, actor: Actor, run_id: int) -> Response:
    """One line per close."""
    return Response(csv.equity(runs.view(session, actor, run_id)), mimetype="text/csv")


def _line(row: RunSummary) -> Mapping[str, Any]:
    asked = row.ask.plain()
    return {
        "id": row.id,
        "status": row.status,
        **{name: asked[name] for name in ("strategy", "symbols", "parameters", "start", "end")},
        "final_value": row.final_value,
        "total_return_pct": row.total_return_pct,
        "holding_return_pct": row.holding_return_pct,
        "standing": row.standing,
        "created_at": row.created_at,
    }
