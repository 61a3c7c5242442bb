"""Accounts: who there is, keeping one out, ending its sessions."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from stocksite.admin import guard
from stocksite.admin.service import audit
from stocksite.admin.service import people as accounts
from stocksite.admin.views import blueprint
from stocksite.auth import identity
from stocksite.auth.service import oversight
from stocksite.core.clock import wall_now
from stocksite.core.paging import PageRequest
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request


@blueprint.get("/people")
def people() -> str:
    """Every account, newest first."""
    text = request.args.get("q", "").strip()[:100]
    page = accounts.page(db.session(), page_request(), text, wall_now())
    return render_template(
        "admin/people.html",
        people=page.results,
        page_view=guard.paged(page),
        page_url=page_path,
        q=text,
    )


@blueprint.get("/people/<int:user_id>")
def person(user_id: int) -> str:
    """One account with its sessions and what administrators did to it."""
    session, now = db.session(), wall_now()
    found = accounts.one(session, user_id, now)
    return render_template(
        "admin/person.html",
        person=found,
        sessions=oversight.sessions_of(session, guard.me(), user_id, now),
        changes=audit.trail(session, PageRequest(1, 20), _subject(user_id)).results,
        me=guard.me().user_id == user_id,
    )


@blueprint.post("/people/<int:user_id>/<any(deactivate, activate):what>")
def set_active(user_id: int, what: str) -> Response:
    """Keep an account out, or let it in again."""
    active = what == "activate"
    name, ended = oversight.set_active(db.session(), guard.me(), user_id, active)
    identity.forget_sessions(identity.redis(), ended)
    guard.note(f"user.{what}d", _subject(user_id), f"{name}; {_sessions(len(ended))} ended")
    said = f"{name} may log in again." if active else f"{name} is kept out from now on."
    return guard.done(said, url_for(".person", user_id=user_id))


@blueprint.post("/people/<int:user_id>/sessions/end")
def end_sessions(user_id: int) -> Response:
    """End one session of an account (`session` in the form), or all of them."""
    session = db.session()
    found = accounts.one(session, user_id, wall_now())
    given = request.form.get("session", "")
    which = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
    ended = oversight.end_sessions_of(session, user_id, which)
    identity.forget_sessions(identity.redis(), ended)
    guard.note("user.sessions_ended", _subject(user_id), f"{found.username}; {len(ended)} ended")
    return guard.done(f"{_sessions(len(ended))} ended.", url_for(".person", user_id=user_id))


def _subject(user_id: int) -> str:
    return f"user {user_id}"


def _sessions(count: int) -> str:
    return f"{count} {'session' if count == 1 else 'sessions'}"
