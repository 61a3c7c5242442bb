"""Pages: tonight's fans, one stock's fan with its past, the scoreboard, and the model cards."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.core.errors import DomainError
from stocksite.forecast import drawing, wording
from stocksite.forecast.boarding import BASIS_POINTS
from stocksite.forecast.conformal import STATES
from stocksite.forecast.features import FEATURES
from stocksite.forecast.reading import ModelCard
from stocksite.forecast.service import board, making, reads, registry
from stocksite.market import fragments
from stocksite.market.service import clock, stocks
from stocksite.portfolios.views.answers import table_page
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request

blueprint = Blueprint("forecast", __name__, template_folder="templates")

_PAST = 12
"""Forecasts on a page of a stock's history, under its fan."""


def tabs() -> list[dict[str, Any]]:
    """The pages of the room."""
    pages = (
        ("Forecasts", "forecast.index"),
        ("Scoreboard", "forecast.scoreboard"),
        ("Models", "forecast.models"),
    )
    return [
        {"label": label, "url": url_for(endpoint), "active": request.endpoint == endpoint}
        for label, endpoint in pages
    ]


@blueprint.get("/forecast")
@login_required
def index() -> Response | str:
    """The latest forecast of every stock, and how our promises have held; or one stock's."""
    symbol = request.args.get("symbol", "").strip()
    if symbol:
        return redirect(url_for(".stock", symbol=symbol.upper()), code=303)
    session = db.session()
    return render_template(
        "forecast/index.html",
        tabs=tabs(),
        lines=reads.tonight(session, fragments.state()),
        board=board.read(session),
        alarm=registry.alarmed(session),
    )


@blueprint.get("/forecast/<symbol>")
@login_required
def stock(symbol: str) -> str:
    """A stock's fan from its origin with what happened since, and its earlier forecasts."""
    session = db.session()
    info = stocks.get(session, symbol)
    view = reads.latest(session, info.id, _day(request.args.get("origin")))
    past = reads.past(session, info.id, page_request(_PAST))
    return render_template(
        "forecast/stock.html",
        tabs=tabs(),
        stock=info,
        view=view,
        state=fragments.state(),
        past=past.results,
        page=table_page(past),
        page_url=lambda number: page_path(number) + "#history",
        chart=drawing.fan_chart(view) if view and not view.refused else None,
        reading=wording.reading(view) if view else [],
        skill=wording.skill_line(board.read(session)),
        stock_url=fragments.stock_url,
    )


@blueprint.post("/forecast/<symbol>")
@login_required
def make(symbol: str) -> Response:
    """Make the stock's forecast of the last complete session, unless it is there."""
    session = db.session()
    try:
        info = stocks.get(session, symbol)
        _, new = making.make(session, info, clock.state(session))
    except DomainError as error:
        flash(error.detail, "error")
        return redirect(url_for(".index"), code=303)
    flash("The forecast is made." if new else "This forecast was made already.", "success")
    return redirect(url_for(".stock", symbol=info.symbol), code=303)


@blueprint.get("/forecast/scoreboard")
@login_required
def scoreboard() -> str:
    """Our models beside the baselines on the same days."""
    session = db.session()
    kinds = {"all": None, "made": False, "past": True}
    kind = request.args.get("kind", "all")
    kind = kind if kind in kinds else "all"
    words = (("all", "Everything"), ("made", "Made at the time"), ("past", "Made for the past"))
    return render_template(
        "forecast/scoreboard.html",
        tabs=tabs(),
        board=board.read(session, backfilled=kinds[kind]),
        alarm=registry.alarmed(session),
        states=STATES,
        points=BASIS_POINTS,
        kinds=[
            {
                "label": label,
                "url": url_for(".scoreboard", kind=name),
                "active": name == kind,
            }
            for name, label in words
        ],
    )


@blueprint.get("/forecast/models")
@login_required
def models() -> str:
    """Every model there is, those in office first."""
    session = db.session()
    return render_template(
        "forecast/models.html",
        tabs=tabs(),
        lines=reads.models(session),
        alarm=registry.alarmed(session),
    )


@blueprint.get("/forecast/models/<int:version_id>")
@login_required
def model(version_id: int) -> str:
    """A model's card: what it learned from, how it did, what became of it."""
    session = db.session()
    card = reads.card(session, version_id)
    return render_template(
        "forecast/model.html",
        card_of=card,
        facts=_facts(card),
        ranges=[(name, card.ranges[name]) for name in FEATURES if name in card.ranges],
        order=STATES,
        here=board.read(session, version_id=version_id),
    )


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    """The card's table of facts: label and value, in words."""
    training = card.training
    seconds = "not measured" if card.seconds is None else f"{card.seconds:.1f} s"
    return [
        ("Version", f"{card.line.label}, number {card.line.id} of the registry"),
        ("Trained at" if card.seconds is not None else "Installed at", _moment(card)),
        ("Stocks", ", ".join(training["symbols"])),
        ("Days", f"{training['from']} to {training['to']}, before the cut on {card.line.cut}"),
        ("Rows", f"{training['rows']:,}"),
        ("Hash of the data", training["data_hash"]),
        ("Horizon", _horizon(training)),
        ("Seed", str(training["seed"])),
        ("Code", training["code"]),
        ("Python", training["python"]),
        ("numpy", training["numpy"]),
        ("scikit-learn", training["scikit_learn"]),
        ("Training time", seconds),
        ("Size", f"{card.artifact_bytes:,} bytes of JSON numbers"),
        ("SHA-256", card.sha256),
    ]


def _moment(card: ModelCard) -> str:
    return f"{card.line.trained_at:%Y-%m-%d %H:%M} UTC"


def _horizon(training: dict[str, Any]) -> str:
    knots = ", ".join(str(knot) for knot in training["knots"])
    return f"{training['horizon']} trading days; asked at {knots}, linear between"


def _day(text: str | None) -> date | None:
    """An origin from the address; what cannot be read means the latest."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
