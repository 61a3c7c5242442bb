"""One of everything that a person has in the lab, in reports and on the forecast desk.

The first of each is made by the services, later ones are copies of those rows: a world is built
for every operation that may end something.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, undefer

from stocksite.backtest.ask import Ask
from stocksite.backtest.models import AttachedStrategy, BacktestRun, BacktestSweep
from stocksite.backtest.service import attached, runs, sweeps
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.database import Base
from stocksite.forecast.models import Forecast
from stocksite.forecast.service import making as forecasts
from stocksite.market.service import clock, stocks
from stocksite.portfolios.service import books
from stocksite.reports import plain
from stocksite.reports.models import Report
from stocksite.reports.reading import Wish
from stocksite.reports.service import making, scheduling

Row = TypeVar("Row", bound=Base)

RUN = Ask("sma_cross", ("AAPL",), {"fast": 10, "slow": 30})
SWEEP = Ask("sma_cross", ("AAPL",), {"fast": [5, 10], "slow": [30, 40]})
PDF = b"%PDF-1.7\n%%EOF\n"


def furnish(session: Session, actor: Actor, portfolio_id: int) -> dict[str, Any]:
    """A backtest with its verdict, a finished sweep, a strategy on paper, a shared report with
    its PDF, a schedule, a forecast. Returns their ids by the names that paths use; no commit.
    """
    run, sweep, paper, report = (_mine(session, actor, each) for each in _FIRST)
    report.share_token = f"a-link-of-{actor.username}".ljust(43, "-")
    book = Wish("portfolio", portfolio_id)
    schedule = scheduling.schedule(session, actor, book, "weekly", wall_now())
    made, _ = forecasts.make(session, stocks.get(session, "AAPL"), clock.state(session))
    version = session.scalars(select(Forecast.model_version_id).where(Forecast.id == made)).one()
    session.flush()
    return {
        "run_id": run.id,
        "sweep_id": sweep.id,
        "cell": 0,
        "attached_id": paper.id,
        "report_id": report.id,
        "token": report.share_token,
        "key": plain.read(report.content).tables[0].key,
        "schedule_id": schedule,
        "forecast_id": made,
        "version_id": version,
        "what": "pause",
    }


def _run(session: Session, actor: Actor) -> BacktestRun:
    made = runs.make(session, actor, RUN, judged=True)
    return _loaded(session, BacktestRun, made.id)


def _sweep(session: Session, actor: Actor) -> BacktestSweep:
    return _loaded(session, BacktestSweep, sweeps.make(session, actor, SWEEP).id)


def _paper(session: Session, actor: Actor) -> AttachedStrategy:
    run = runs.make_once(session, actor, RUN)
    made = attached.open_and_attach(session, actor, run.id, "On paper", Decimal(10_000))
    return _loaded(session, AttachedStrategy, made.id)


def _report(session: Session, actor: Actor) -> Report:
    run = runs.make_once(session, actor, RUN)
    view, _ = making.make(session, actor, Wish("backtest", run.id), wall_now(), pdf=False)
    row = _loaded(session, Report, view.line.id)
    row.pdf, row.pdf_bytes, row.pages, row.pdf_status = PDF, len(PDF), 1, "done"
    return row


_FIRST = (_run, _sweep, _paper, _report)


@cache
def _seen() -> dict[Any, dict[str, Any]]:
    return {}


def _loaded(session: Session, model: type[Row], row_id: int) -> Row:
    session.flush()
    return session.scalars(
        select(model).where(model.id == row_id).options(undefer("*"))  # type: ignore[attr-defined]
    ).one()


def _mine(session: Session, actor: Actor, first: Any) -> Any:
    """The actor's own row: made by the service, or a copy of the one it once made."""
    if first not in _seen():
        row = first(session, actor)
        mapper = inspect(type(row))
        values = {each.key: getattr(row, each.key) for each in mapper.column_attrs}
        _seen()[first] = {"model": type(row), "values": values}
        return row
    known = _seen()[first]
    values = known["values"] | {"user_id": actor.user_id}
    for name in ("id", "job_id", "run_id", "sweep_id", "schedule_id"):
        values.pop(name, None)
    if "portfolio_id" in values:
        wanted = books.BookSettings(name="On paper", starting_cash=Decimal(10_000))
        values["portfolio_id"] = books.open_portfolio(session, actor, wanted).id
    row = known["model"](**values)
    session.add(row)
    session.flush()
    return row
