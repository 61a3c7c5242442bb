"""Who may: administrators with a browser; and to change something, after a login just now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import flash, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from stocksite.admin.service import audit
from stocksite.auth import identity
from stocksite.auth.navigation import safe_next
from stocksite.auth.service import oversight
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import NotFound, Unauthenticated
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.problem import NOWHERE, request_id

FRESH: Final = timedelta(minutes=15)
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOGS_IN: Final = "admin.confirm"


def admit() -> Response | None:
    """Before every request of the panel. Strangers see what they would see of no page at all.

    A change by somebody whose login is too old leads to the password first.
    """
    if not current_user.is_authenticated:
        raise Unauthenticated("Authentication credentials were not provided.")
    actor = me()
    if not actor.is_admin or actor.via != "session":
        raise NotFound(NOWHERE)
    if request.method in _READS or request.endpoint == _LOGS_IN or is_fresh(actor):
        return None
    flash(
        "Nothing is changed yet: changes here need a login of the last "
        f"{FRESH.seconds // 60} minutes. Enter your password, then do it again.",
        "warn",
    )
    return htmx.hx_redirect(request, url_for(_LOGS_IN, next=here()))


def is_fresh(actor: Actor) -> bool:
    """Whether the browser's login is young enough for a change."""
    since = oversight.logged_in_at(db.session(), actor)
    return since is not None and wall_now() - since <= FRESH


def here() -> str:
    """The page of the panel that the request came from."""
    page = htmx.current_page(request) if htmx.is_htmx(request) else None
    if page is None and request.referrer and request.referrer.startswith(request.host_url):
        page = "/" + request.referrer.removeprefix(request.host_url)
    page = safe_next(page)
    return page if page and page.startswith("/admin") else url_for("admin.index")


def me() -> Actor:
    """The Actor behind `current_user`."""
    actor: Actor = current_user._get_current_object()
    return actor


def note(action: str, subject: str, detail: str = "") -> None:
    """Write a change of this request to the audit."""
    audit.record(
        db.session(),
        me(),
        action,
        subject,
        detail,
        now=wall_now(),
        address=identity.client_address(),
        request_id=request_id(),
    )


def done(message: str, target: str) -> Response:
    """Say what was changed and show the page again."""
    flash(message, "success")
    return htmx.hx_redirect(request, target)


def paged(page: Any) -> dict[str, int]:
    """What the table macro reads of a `Page`."""
    return {
        "page": page.request.number,
        "pages": page.pages,
        "total": page.count,
        "per_page": page.request.size,
    }
