"""The watchlist's page, its polling fragment, and the small forms that change it."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, flash, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response as BaseResponse

from stocksite.auth.identity import polling_user_id
from stocksite.core.actor import Actor
from stocksite.core.errors import DomainError
from stocksite.watchlist import service
from stocksite.watchlist.forms import LevelsForm
from stocksite.watchlist.reading import Watchlist, latest_day
from stocksite.watchlist.service import polling
from stocksite.watchlist.views import blueprint, me
from stocksite.web import htmx
from stocksite.web.extensions import db


@blueprint.get("/watchlist")
@login_required
def index() -> str:
    """Everything watched, ticking."""
    return render_template("watchlist/index.html", **_shown(me()))


@blueprint.get("/watchlist/changes")
def changes() -> BaseResponse:
    """What changed since the cursor the page holds: 304, the cells that moved, or the whole list.

    Unchanged costs two reads of Redis and nothing else.
    """
    user_id = polling_user_id()
    if user_id is None:
        return htmx.hx_redirect(request, url_for("auth.login", next=url_for(".index")))
    now = service.read_cursor(current_app.extensions["redis"], user_id)
    if now is not None:
        unchanged = htmx.not_modified(request, now)
        if unchanged is not None:
            return unchanged
    since = polling.tick_seen(now, request.headers.get("HX-PTag", ""))
    if since is not None:
        moved = polling.ticked(db.session(), user_id, since)
        if latest_day(moved) in ("", request.args.get("day")):
            return htmx.fragment(htmx.render_part("watchlist/_ticks.html", quotes=moved), ptag=now)
    watchlist = service.show(db.session(), me(), revision=service.revision_of(now))
    return htmx.fragment(
        htmx.hx_partial("#watchlist", _list(watchlist), "outerHTML"), ptag=watchlist.cursor
    )


@blueprint.post("/watchlist/add")
@login_required
def add() -> BaseResponse:
    """Put a stock on the list."""
    symbol = request.form.get("symbol", "")
    try:
        row = service.add(db.session(), me(), symbol)
    except DomainError as error:
        return _refused(error, symbol)
    return _done(f"{row.symbol} is on your watchlist.")


@blueprint.post("/watchlist/<symbol>/remove")
@login_required
def remove(symbol: str) -> BaseResponse:
    """Take a stock off the list."""
    service.remove(db.session(), me(), symbol)
    return _done(f"{symbol.upper()} is off your watchlist.")


@blueprint.post("/watchlist/<symbol>/move")
@login_required
def move(symbol: str) -> BaseResponse:
    """Move a row to the position the button names."""
    text = request.form.get("position", "")
    service.move(db.session(), me(), symbol, int(text) if text.isdecimal() and len(text) < 4 else 0)
    return _done("")


@blueprint.route("/watchlist/<symbol>/edit", methods=["GET", "POST"])
@login_required
def edit(symbol: str) -> BaseResponse | str | tuple[str, int]:
    """Note and price levels of one row."""
    row = service.one(db.session(), me(), symbol)
    form = LevelsForm(obj=row)
    if request.method == "POST":
        if form.validate():
            try:
                service.change(db.session(), me(), symbol, form.levels())
            except DomainError as error:
                form.show(error)
            else:
                flash(f"Saved for {row.symbol}.", "success")
                return htmx.hx_redirect(request, url_for(".index"))
        return render_template("watchlist/edit.html", form=form, row=row), 422
    return render_template("watchlist/edit.html", form=form, row=row)


def _shown(actor: Actor) -> dict[str, Any]:
    """The list as the page and the fragment need it.

    The list's revision is read before its rows: a change in between is then seen by the next poll.
    """
    cursor = service.read_cursor(current_app.extensions["redis"], actor.user_id)
    watchlist = service.show(db.session(), actor, revision=service.revision_of(cursor))
    return {"watchlist": watchlist}


def _list(watchlist: Watchlist) -> str:
    return render_template("watchlist/_list.html", watchlist=watchlist)


def _done(message: str) -> BaseResponse:
    """The list as it is now for htmx, the page for a browser."""
    if not htmx.is_partial(request):
        if message:
            flash(message, "success")
        return htmx.hx_redirect(request, url_for(".index"))
    parts = [_list(service.show(db.session(), me()))]
    if message:
        toast = render_template("watchlist/_said.html", message=message)
        parts.append(str(htmx.hx_partial("#flash", toast)))
    return htmx.fragment(*parts)


def _refused(error: DomainError, symbol: str) -> BaseResponse:
    """Say why a symbol could not be added, keeping what was typed."""
    if htmx.is_partial(request):
        raise error
    page = render_template(
        "watchlist/index.html", **_shown(me()), typed=symbol[:40], problem=error.detail
    )
    return Response(page, error.status)
