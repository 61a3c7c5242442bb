"""One backtest: the figures at once, the verdict in words right after them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from stocksite.backtest import csv, drawing, prefill
from stocksite.backtest.reading import RunView
from stocksite.backtest.service import rechecks, runs
from stocksite.backtest.strategies import STRATEGIES
from stocksite.backtest.views import blueprint
from stocksite.backtest.views.figures import (
    curves,
    dollars,
    one_line,
    settings_of,
    shown,
    table_of,
    terms_of,
)
from stocksite.core import jobs
from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict
from stocksite.portfolios.views.answers import csv_file, done, me
from stocksite.web import htmx
from stocksite.web.extensions import db

MAX_TRADES = 200


@blueprint.get("/backtests/<int:run_id>")
@login_required
def result(run_id: int) -> str:
    """Everything about one run."""
    run = runs.view(db.session(), me(), run_id)
    if run.result is None:
        return render_template("backtest/waiting.html", run=run, one_line=one_line)
    context = report_context(run.ask, run.result) | verdict_context(run)
    return render_template(
        "backtest/result.html", terms=terms_of(run.ask), again_url=_again_url(run), **context
    )


def _again_url(run: RunView) -> str:
    """The form with what this run asked for."""
    fields = prefill.fields_of(run.ask)
    given: dict[str, Any] = {} if fields is None else {**fields, "again": "1"}
    return url_for(".index", strategy=run.ask.strategy, **given)


def report_context(ask: Any, told: Any) -> dict[str, Any]:
    """What `_report.html` shows of a result."""
    drawn = curves(told)
    return {
        "ask": ask,
        "told": told,
        "title": ask.title,
        "meaning": STRATEGIES[ask.strategy].meaning,
        "settings": settings_of(ask),
        "line": one_line(ask),
        "dollars": dollars,
        "shown": shown,
        "figures": table_of(told["metrics"]),
        "trades": [_dated(trade) for trade in told["trades"][-MAX_TRADES:][::-1]],
        "price_svg": _price(drawn["days"], told, ask.symbols),
        **drawn,
    }


def _dated(trade: Any) -> dict[str, Any]:
    """A trade with its days as days."""
    days = {name: trade[name] for name in ("entry_date", "exit_date") if trade[name]}
    return {**trade, **{name: date.fromisoformat(day) for name, day in days.items()}}


def _price(days: Any, told: Any, symbols: Any) -> Any:
    """The price chart of the first symbol, with its trades; None for results without prices."""
    prices = told.get("prices")
    if not prices:
        return None
    own = [trade for trade in told["trades"] if trade["symbol"] == symbols[0]]
    return drawing.trades_chart(days, prices, own, title=f"Trades on the price of {symbols[0]}")


@blueprint.get("/backtests/<int:run_id>/verdict")
@login_required
def verdict(run_id: int) -> BaseResponse | str:
    """The verdict as its own fragment; without scripts, the page with it."""
    run = runs.judge(db.session(), me(), run_id)
    if not htmx.is_partial(request):
        return htmx.hx_redirect(request, url_for(".result", run_id=run_id))
    return htmx.fragment(render_template("backtest/_verdict.html", **verdict_context(run)))


def verdict_context(run: RunView) -> dict[str, Any]:
    """What `_verdict.html` shows."""
    return {"run": run, "verdict": run.verdict, "dollars": dollars}


@blueprint.get("/backtests/<int:run_id>/live")
@login_required
def live(run_id: int) -> BaseResponse:
    """The progress of a run that became a job; the page anew once it has ended."""
    run = runs.view(db.session(), me(), run_id)
    if run.ended:
        return htmx.hx_refresh(request, url_for(".result", run_id=run_id))
    return htmx.fragment(render_template("backtest/_progress.html", run=run))


@blueprint.post("/backtests/<int:run_id>/cancel")
@login_required
def cancel(run_id: int) -> BaseResponse:
    """Stop a run that became a job."""
    session = db.session()
    run = runs.view(session, me(), run_id)
    if run.job is None or run.ended:
        raise Conflict(f"Backtest {run_id} is {run.status} already.", code="job-final")
    jobs.cancel(session, me(), run.job.id, wall_now())
    return done("Canceled.", url_for(".result", run_id=run_id))


@blueprint.post("/backtests/<int:run_id>/check")
@login_required
def check(run_id: int) -> BaseResponse | str:
    """Make the result again from its manifest and compare."""
    found = rechecks.recheck(db.session(), me(), run_id)
    if found.identical:
        message = f"Identical, byte for byte: SHA-256 {found.again[:16]}…"
    else:
        message = f"Not the same any more. {' '.join(found.reasons)}"
    return done(message, url_for(".result", run_id=run_id))


@blueprint.get("/backtests/<int:run_id>/trades.csv")
@login_required
def trades_csv(run_id: int) -> Response:
    """The trades as a file."""
    text = csv.trades(runs.view(db.session(), me(), run_id))
    return csv_file(text, f"backtest-{run_id}-trades")


@blueprint.get("/backtests/<int:run_id>/equity.csv")
@login_required
def equity_csv(run_id: int) -> Response:
    """The curve as a file."""
    text = csv.equity(runs.view(db.session(), me(), run_id))
    return csv_file(text, f"backtest-{run_id}-equity")


@blueprint.route("/backtests/<int:run_id>/delete", methods=["GET", "POST"])
@login_required
def delete(run_id: int) -> BaseResponse | str:
    """Take a run out of the history."""
    session = db.session()
    if request.method == "POST":
        runs.delete(session, me(), run_id, wall_now())
        return done(f"Backtest {run_id} is deleted.", url_for(".history"))
    run = runs.view(session, me(), run_id)
    return render_template("backtest/delete.html", run=run, line=one_line(run.ask))
