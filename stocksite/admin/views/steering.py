"""The replay's clock, and the forecast models."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from stocksite.admin import guard
from stocksite.admin.forms import ReasonForm, SkipForm, SpeedForm
from stocksite.admin.views import blueprint
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.forecast.service import reads, registry
from stocksite.market import fragments
from stocksite.market.service import clock
from stocksite.web.extensions import db

Answer = Response | tuple[str, int] | str


@blueprint.get("/market")
def market() -> str:
    """Where the market stands, and what moves it."""
    return _market()


@blueprint.post("/market/<any(pause, resume):what>")
def pause(what: str) -> Response:
    """Stop market time, or let it go on."""
    state = clock.set_paused(db.session(), what == "pause")
    guard.note(f"market.{what}d", "market clock", f"at {state.at:%Y-%m-%d %H:%M} UTC")
    said = "Market time stands still." if what == "pause" else "Market time goes on."
    return guard.done(said, url_for(".market"))


@blueprint.post("/market/speed")
def speed() -> Answer:
    """Another speed, until the site starts again."""
    form = SpeedForm()
    if not form.validate():
        return _market(speed_form=form), 422
    wanted = float(form.speed.data)
    try:
        clock.set_speed(db.session(), wanted)
    except DomainError as error:
        form.show(error)
        return _market(speed_form=form), error.status
    guard.note("market.speed", "market clock", f"{wanted:g} market seconds per second")
    return guard.done(f"The replay runs at {wanted:g} from now on.", url_for(".market"))


@blueprint.post("/market/skip")
def skip() -> Answer:
    """Ahead to a session; what lies between is booked by the worker."""
    form = SkipForm()
    if not form.validate() or form.day.data is None:
        return _market(skip_form=form), 422
    try:
        passed = clock.skip_to(db.session(), form.day.data, wall_now())
    except DomainError as error:
        form.day.errors = [error.detail]
        return _market(skip_form=form), error.status
    guard.note("market.skipped", "market clock", f"to {form.day.data}, {len(passed)} sessions")
    said = f"{len(passed)} {'session is' if len(passed) == 1 else 'sessions are'} passed over."
    return guard.done(said if passed else "It opens there anyway.", url_for(".market"))


def _market(**forms: Any) -> str:
    state = fragments.state()
    made = {"speed_form": SpeedForm(formdata=None), "skip_form": SkipForm(formdata=None), **forms}
    return render_template("admin/market.html", state=state, **made)


@blueprint.get("/models")
def models() -> str:
    """The registry, with the way to promote one and to go back."""
    return _models()


@blueprint.post("/models/<int:version_id>/promote")
def promote(version_id: int) -> Answer:
    """Make a version live."""
    form = ReasonForm()
    if not form.validate():
        return _models(form=form), 422
    registry.promote(db.session(), version_id, form.reason.data or "")
    guard.note("model.promoted", f"model version {version_id}", form.reason.data or "")
    return guard.done(f"Model version {version_id} is live.", url_for(".models"))


@blueprint.post("/models/back")
def roll_back() -> Answer:
    """Make the live model's predecessor live again."""
    form = ReasonForm()
    if not form.validate():
        return _models(form=form), 422
    version = registry.roll_back(db.session(), form.reason.data or "")
    guard.note("model.rolled_back", f"model version {version}", form.reason.data or "")
    return guard.done(f"Model version {version} is live again.", url_for(".models"))


def _models(form: ReasonForm | None = None) -> str:
    session = db.session()
    return render_template(
        "admin/models.html",
        lines=reads.models(session),
        alarm=registry.alarmed(session),
        form=form or ReasonForm(formdata=None),
        wanted=(request.view_args or {}).get("version_id"),
    )
