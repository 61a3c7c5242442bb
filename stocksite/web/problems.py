"""Every error on its way out: problem+json for scripts, a page or a `#flash` fragment for people.

Services raise `core.errors`; Werkzeug raises HTTP errors; the database may be away. All become one
`Problem`, rendered by who asked. A 500 tells only the request id; the log has the rest under it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin
from markupsafe import Markup
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from stocksite.core.errors import DomainError, Unauthenticated
from stocksite.web import extensions, htmx
from stocksite.web.assets import url_or_none
from stocksite.web.json import dumps
from stocksite.web.problem import NOWHERE, RETRY_S, Forbidden, Problem, of, request_id
from stocksite.web.simplejwt import plain_error

__all__ = ["RETRY_S", "Forbidden", "Problem", "handle", "init_app", "of", "render", "request_id"]

_BARE: Final = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{}</title>'
    "<h1>{}</h1><p>{}</p><p>Request id <code>{}</code></p></html>"
)
_BARE_FRAGMENT: Final = Markup(
    '<div class="note note-bad" data-toast="bad"><div><p>{}</p>'
    '<p class="muted small">Request id <code>{}</code></p></div></div>'
)


def answer_scripts_under(app: Flask, *names: str) -> None:
    """Addresses outside `/api`, by their first part, that scripts speak to without saying `Accept`.

    Told by address and not in the view, for errors that no view is reached by: a wrong method, a
    path that leads nowhere, text that cannot be read.
    """
    app.extensions.setdefault("script_paths", set()).update(names)


def is_for_scripts(path: str) -> bool:
    """Whether scripts speak to this address: `/api/…`, or one of `answer_scripts_under`."""
    root = path[1:].partition("/")[0]
    return root == "api" or root in current_app.extensions.get("script_paths", ())


def wants_problem() -> bool:
    """Whether the caller is a script: anything under /api, or JSON asked for rather than HTML.

    Under the addresses of `answer_scripts_under`: everybody but a browser that asks for a page.
    """
    if request.path == "/api/docs" or request.path.startswith("/problems/"):
        return False
    if request.path == "/api" or request.path.startswith("/api/"):
        return True
    if is_for_scripts(request.path):
        return "text/html" not in request.headers.get("Accept", "")
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"


def render(problem: Problem) -> Response:
    """Render for who asked."""
    plain = plain_error(problem)
    if plain is not None:
        response = plain
    elif wants_problem():
        response = Response(
            dumps(problem.document()), problem.status, mimetype="application/problem+json"
        )
    elif htmx.is_partial(request):
        response = _fragment(problem)
    else:
        response = make_response(_page(problem), problem.status)
    response.headers.update(problem.headers)
    return response


def _fragment(problem: Problem) -> Response:
    """Into `#flash`, whatever the button's own target was."""
    shown_id = request_id() if problem.status >= 500 else ""
    _do_without_user(problem)
    try:
        html = render_template("_error.html", detail=problem.detail, request_id=shown_id)
    except Exception:
        current_app.logger.exception("%s: the fragment of an error failed", request_id())
        html = _BARE_FRAGMENT.format(problem.detail, shown_id)
    response = htmx.fragment(html, status=problem.status)
    response.headers["HX-Retarget"] = "#flash"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _do_without_user(problem: Problem) -> None:
    """When the database is away, who it is cannot be asked for: the templates meet nobody."""
    if problem.status >= 500:
        g._login_user = AnonymousUserMixin()


def _page(problem: Problem) -> str:
    """The error page; when even that fails (the database is away), a bare one."""
    _do_without_user(problem)
    bare = _BARE.format(problem.title, problem.title, problem.detail, request_id())
    if request_ctx.url_adapter is None:  # a host we do not trust: no address can be written
        return bare
    # An address that leads nowhere is told in the page's own words.
    told = {} if problem.detail == NOWHERE else {"title": problem.title, "detail": problem.detail}
    shown_id = request_id() if problem.status >= 500 else ""
    try:
        return render_template("error.html", status=problem.status, request_id=shown_id, **told)
    except Exception:
        current_app.logger.exception("%s: the page of an error failed", request_id())
        return bare


def _to_login() -> ResponseReturnValue:
    here = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else None
    if htmx.is_htmx(request):  # the page, not the fragment it wanted
        here = htmx.current_page(request)
    target = url_or_none("auth.login", next=here) or "/"
    return htmx.hx_redirect(request, target)


def unauthorized() -> ResponseReturnValue:
    """What `@login_required` answers: the login page for people, 401 for scripts."""
    return handle(Unauthenticated("Authentication credentials were not provided."))


def _end_transaction() -> None:
    """Undo what the request did, so that the page about it can read."""
    with suppress(SQLAlchemyError):
        extensions.db.session.rollback()


def handle(error: Exception) -> ResponseReturnValue:
    """Flask's error handler for everything this module knows."""
    problem = of(error)
    _end_transaction()
    if isinstance(error, (DataError, DBAPIError, PoolTimeout, RedisError)):
        current_app.logger.error("%s: %s", request_id(), error)
    if problem.status == 401 and not wants_problem():
        return _to_login()
    return render(problem)


def handle_crash(error: Exception) -> ResponseReturnValue:
    """Flask's handler for what nobody expected; Flask logged the traceback already."""
    current_app.logger.error("the error above belongs to request %s", request_id())
    _end_transaction()
    return render(of(error))


def init_app(app: Flask) -> None:
    """Register the handlers."""
    for kind in (
        *(DomainError, HTTPException, DataError, OperationalError, InterfaceError),
        *(PoolTimeout, RedisError),
    ):
        app.register_error_handler(kind, handle)
    app.register_error_handler(InternalServerError, handle_crash)
