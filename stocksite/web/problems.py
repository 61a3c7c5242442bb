"""Every error on its way out: problem+json for scripts, a page or a `#flash` fragment for people.

Services raise `core.errors`; Werkzeug raises HTTP errors; the database may be away. All become one
`Problem`, rendered by who asked. A 500 tells only the request id; the log has the rest under it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_login import AnonymousUserMixin
from markupsafe import Markup
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    SecurityError,
)

from stocksite.core.errors import DomainError, FieldError, TooManyRequests, Unauthenticated
from stocksite.web import extensions, htmx
from stocksite.web.assets import url_or_none
from stocksite.web.json import dumps
from stocksite.web.simplejwt import plain_error

REALM: Final = 'Bearer realm="api"'
RETRY_S: Final = 5
_BARE: Final = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{}</title>'
    "<h1>{}</h1><p>{}</p><p>Request id <code>{}</code></p></html>"
)

_HTTP_CODES: Final[dict[int, tuple[str, str]]] = {
    400: ("bad-request", "The request could not be read"),
    401: ("not-authenticated", "Log in first"),
    403: ("forbidden", "That is not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "That method is not possible here"),
    406: ("not-acceptable", "No such representation"),
    408: ("request-timeout", "The request took too long to arrive"),
    411: ("length-required", "The length of the body is missing"),
    413: ("too-large", "The request is too large"),
    414: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "That content type is not read here"),
    429: ("too-many-requests", "Too many requests"),
    431: ("too-large", "The request is too large"),
    500: ("internal-error", "Something went wrong here"),
    503: ("unavailable", "Not available right now"),
}


class Forbidden(DomainError):
    """The caller is known and may not do this: a read-only token, a missing CSRF token."""

    status: ClassVar[int] = 403
    title: ClassVar[str] = "That is not allowed"
    default_code: ClassVar[str] = "forbidden"


@dataclass(frozen=True)
class Problem:
    """What went wrong, ready to be rendered."""

    status: int
    title: str
    detail: str
    code: str
    members: dict[str, Any] = field(default_factory=dict)
    fields: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The path of the page that explains the code."""
        return f"/problems/{self.code.replace('_', '-')}"

    def document(self) -> dict[str, Any]:
        """The members of the RFC 9457 document, `instance` being the request id."""
        document = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "instance": request_id(),
        }
        if self.fields:
            document["errors"] = [{"field": f.field, "detail": f.detail} for f in self.fields]
        return {**self.members, **document}


def request_id() -> str:
    """The id of this request, as logged and sent in `X-Request-ID`."""
    return str(g.get("request_id", ""))


# --- from an exception to a problem --------------------------------------------------------------


def of(error: BaseException) -> Problem:
    """Describe any exception; what is not known is a 500 without details."""
    if isinstance(error, Unauthenticated):
        return _unauthenticated(error)
    if isinstance(error, DomainError):
        headers = {}
        if isinstance(error, TooManyRequests):
            headers["Retry-After"] = str(error.retry_after_s)
        elif error.status == 503:
            headers["Retry-After"] = str(RETRY_S)
        return Problem(
            error.status,
            error.title,
            error.detail,
            error.code,
            error.members,
            error.fields,
            headers,
        )
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, DataError):
        return Problem(
            422,
            "Some of the input is not valid",
            "A value is out of the range that can be stored. Use a smaller one.",
            "out-of-range",
        )
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout, RedisError)):
        return _unavailable(error)
    return Problem(
        500,
        "Something went wrong here",
        f"It was not your fault. Try again; if it stays, tell the operator the id {request_id()}.",
        "internal-error",
    )


def _unauthenticated(error: Unauthenticated) -> Problem:
    failure = dict(g.get("auth_failure") or {})
    return Problem(
        401,
        error.title,
        str(failure.pop("detail", error.detail)),
        str(failure.pop("code", error.code)),
        {**error.members, **failure},
        error.fields,
        {"WWW-Authenticate": REALM},
    )


def _unavailable(error: BaseException) -> Problem:
    sqlstate = getattr(getattr(error, "orig", None), "pgcode", None)
    busy = sqlstate in {"55P03", "40P01", "40001"}  # lock timeout, deadlock, serialization
    detail = (
        "Others are changing the same thing right now. Nothing was done; try again."
        if busy
        else "The site cannot reach its database or its queue. Nothing was done; try again soon."
    )
    title = _HTTP_CODES[503][1]
    return Problem(503, title, detail, "unavailable", headers={"Retry-After": str(RETRY_S)})


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    code, title = _HTTP_CODES.get(status, ("http-error", error.name))
    headers = {}
    detail = error.description or title
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        headers["Allow"] = allowed
        detail = f"{request.method} is not possible here; use {allowed or 'another address'}."
    elif isinstance(error, SecurityError):
        detail = "This site does not answer to that host name. Its operator sets TRUSTED_HOSTS."
    elif status == 404:
        detail = "Nothing is at this address. Check it for a typing mistake."
    elif status == 413:
        limit = request.max_content_length or 0
        detail = f"The request has more than the {limit:,} bytes that are read here."
    elif status == 403 and detail == type(error).description:
        detail = "This request is not allowed. Reload the page and try again from there."
    elif isinstance(error, RateLimitExceeded):
        detail = f"The limit here is {error.limit.limit}. Wait a moment, then go on."
    elif isinstance(error, InternalServerError):
        detail = (
            f"It was not your fault. Try again; if it stays, tell the operator the id "
            f"{request_id()}."
        )
    return Problem(status, title, str(detail), code, headers=headers)


# --- rendering -----------------------------------------------------------------------------------


def wants_problem() -> bool:
    """Whether the caller is a script: anything under /api, or JSON asked for rather than HTML."""
    if request.path == "/api/docs" or request.path.startswith("/problems/"):
        return False
    if request.path == "/api" or request.path.startswith("/api/") or g.get("wants_problem"):
        return True
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
    try:
        html = render_template("_error.html", detail=problem.detail, request_id=shown_id)
    except Exception:
        current_app.logger.exception("%s: the fragment of an error failed", request_id())
        html = Markup("<p>{} {}</p>").format(problem.detail, shown_id)
    response = htmx.fragment(html, status=problem.status)
    response.headers["HX-Retarget"] = "#flash"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _page(problem: Problem) -> str:
    """The error page; when even that fails (the database is away), a bare one."""
    if problem.status >= 500:
        g._login_user = AnonymousUserMixin()  # who it is cannot be asked for now
    bare = _BARE.format(problem.title, problem.title, problem.detail, request_id())
    if request_ctx.url_adapter is None:  # a host we do not trust: no address can be written
        return bare
    try:
        return render_template(
            "error.html",
            status=problem.status,
            title=problem.title,
            detail=problem.detail,
            request_id=request_id() if problem.status >= 500 else "",
        )
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
