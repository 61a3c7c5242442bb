"""`/back_test`, `/backtest/<symbol>/<investment>/`, `/ai_prediction` and `/predict/<symbol>/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.sansio.blueprints import BlueprintSetupState
from flask_login import current_user, login_required

from stocksite.backtest.ask import read_ask
from stocksite.backtest.service import runs
from stocksite.compat import reading
from stocksite.core.actor import Actor
from stocksite.core.errors import InvalidInput
from stocksite.desk import api as desk
from stocksite.forecast.service import making
from stocksite.forecast.service import reads as forecasts
from stocksite.market.service import clock, stocks
from stocksite.web import limits, problems
from stocksite.web.extensions import db
from stocksite.web.json import dumps

blueprint = Blueprint("compat", __name__)


@blueprint.record_once
def _as_scripts_expect(state: BlueprintSetupState) -> None:
    """Errors are problems in JSON, unless a browser asked for a page."""
    problems.answer_scripts_under(
        state.app,  # type: ignore[arg-type]
        *("back_test", "backtest", "ai_prediction", "predict", "report"),
    )


@blueprint.before_request
def _keep_to_limits() -> None:
    limits.check_common()


@blueprint.errorhandler(stocks.NotTracked)
def _load_first(absent: stocks.NotTracked) -> Response:
    """A stock that nobody has asked for yet is loaded: 202 with the job, to be asked again."""
    loading = desk.loading(db.session(), absent)
    answer = Response(dumps(loading.data), 202, loading.headers, mimetype="application/json")
    answer.headers["Location"] = loading.location or ""
    return answer


@blueprint.get("/back_test")
@login_required
def back_test() -> Response:
    """Buy below one average, sell above another: total return, ROI, final value, drawdown."""
    asked = reading.dip_ask(request.args)
    _require(asked["symbols"][0])
    if reading.chosen_format(request.args.get("format")) == "pdf":
        return reports.pdf_of_backtest(asked)
    return _answer(asked)


@blueprint.get("/backtest/<symbol>/<investment>/")
@login_required
def backtest(symbol: str, investment: str) -> Response:
    """The same with averages of 50 and 200 days."""
    cash = reading.amount(investment, "investment")
    _require(symbol)
    return _answer(reading.as_asked(symbol, reading.BUY_DAYS, reading.SELL_DAYS, cash))


@blueprint.get("/ai_prediction")
@login_required
def ai_prediction() -> Response:
    """Thirty predicted trading days, stored: made from the last close unless it was already."""
    return _predicted(request.args.get("symbol", ""))


@blueprint.get("/predict/<symbol>/")
@login_required
def predict(symbol: str) -> Response:
    """The same by path."""
    return _predicted(symbol)


def _require(symbol: str) -> None:
    """Refuse, as every address here does, a symbol nobody knows (404); see `_load_first` too."""
    stocks.get(db.session(), symbol, listed=False)


def _predicted(symbol: str) -> Response:
    if not symbol.strip():
        raise InvalidInput.of_field("symbol", "symbol is missing: give one like AAPL.")
    session = db.session()
    stock = stocks.get(session, symbol)
    made, _ = making.make(session, stock, clock.state(session))
    view = forecasts.view(session, made)
    told: dict[str, Any] = {
        "symbol": view.symbol,
        "forecast": view.id,
        "origin": view.origin,
        "model": view.model,
        "status": view.status,
        "reason": view.reason or None,
        "predictions": [
            {
                "date": point.date,
                "predicted_price": point.reference,
                "low_80": round(point.at(0.1), 6),
                "high_80": round(point.at(0.9), 6),
                "low_95": round(point.at(0.025), 6),
                "high_95": round(point.at(0.975), 6),
                "actual_price": point.actual,
            }
            for point in view.points
        ],
        "url": url_for("forecast.stock", symbol=view.symbol),
    }
    return Response(dumps(told), mimetype="application/json")


def _answer(raw: Mapping[str, Any]) -> Response:
    actor: Actor = current_user._get_current_object()
    run = runs.make_once(db.session(), actor, read_ask(raw))
    if run.result is None:
        told: dict[str, Any] = {"backtest": run.id, "status": run.status}
        return Response(dumps(told), 202, mimetype="application/json")
    metrics = run.result["metrics"]
    told = {
        "symbol": run.ask.symbols[0],
        "strategy": run.ask.strategy,
        "rule": reading.rule_of(**run.ask.parameters),
        **run.ask.parameters,
        "start": run.ask.start,
        "end": run.ask.end,
        "initial_investment": run.ask.initial_investment,
        "final_value": metrics["final_value"],
        "total_return_pct": metrics["total_return_pct"],
        "roi_pct": metrics["roi_pct"],
        "max_drawdown_pct": metrics["max_drawdown_pct"],
        "number_of_trades": metrics["trades"],
        "trades": run.result["trades"],
        "backtest": run.id,
        "url": url_for("backtest.result", run_id=run.id),
    }
    return Response(dumps(told), mimetype="application/json")


from stocksite.compat import reports  # noqa: E402  it adds routes to the blueprint
