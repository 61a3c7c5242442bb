"""The page of a stock that is not here yet: there at once, it fills in when the job has done."""

from __future__ import annotations

from typing import cast

from flask import make_response, render_template, request
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from stocksite.core import jobs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.market import fragments
from stocksite.market.service import requesting, stocks
from stocksite.market.service.stocks import NotTracked
from stocksite.market.symbols import normalize
from stocksite.web import htmx


def page(session: Session, symbol: str, absent: NotTracked) -> Response:
    """Ask for the stock and show how the job goes; `symbol` is as it was typed."""
    if symbol != absent.symbol:
        return htmx.hx_redirect(request, fragments.stock_url(absent.symbol))
    job = requesting.load(session, absent.symbol, wall_now())
    context = {"symbol": absent.symbol, "name": absent.name, "job": job}
    made = make_response(
        render_template("market/loading.html", stock_url=fragments.stock_url, **context)
    )
    made.headers["Cache-Control"] = "no-store"
    return htmx.vary(made)


def progress(session: Session, symbol: str, job_id: str) -> Response:
    """How loading goes, for polling: on to the stock's page as soon as it has prices."""
    name = normalize(symbol)
    if not htmx.is_partial(request) or _is_here(session, name):
        return htmx.hx_redirect(request, fragments.stock_url(name))
    actor = cast(Actor, current_user._get_current_object())
    job = jobs.view(session, actor, job_id)
    html = render_template(
        "market/_loading.html", symbol=name, job=job, stock_url=fragments.stock_url
    )
    return htmx.fragment(html)


def _is_here(session: Session, symbol: str) -> bool:
    try:
        stocks.get(session, symbol, listed=False)
    except DomainError:
        return False
    return True
