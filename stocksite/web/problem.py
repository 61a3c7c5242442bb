"""What went wrong, as data: any exception becomes one `Problem`, which `problems.py` renders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from flask import g, request
from flask_limiter import RateLimitExceeded
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    SecurityError,
)

from stocksite.core.errors import DomainError, FieldError, TooManyRequests, Unauthenticated

REALM: Final = 'Bearer realm="api"'
RETRY_S: Final = 5
NOWHERE: Final = "Nothing is at this address. Check it for a typing mistake."

HTTP_CODES: Final[dict[int, tuple[str, str]]] = {
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
    return _crash()


def _crash() -> Problem:
    code, title = HTTP_CODES[500]
    return Problem(
        500,
        title,
        f"It was not your fault. Try again; if it stays, tell the operator the id {request_id()}.",
        code,
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
    title = HTTP_CODES[503][1]
    return Problem(503, title, detail, "unavailable", headers={"Retry-After": str(RETRY_S)})


def _of_http(error: HTTPException) -> Problem:
    if isinstance(error, InternalServerError):
        return _crash()
    status = error.code or 500
    code, title = HTTP_CODES.get(status, ("http-error", error.name))
    headers = {}
    detail = error.description or title
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        headers["Allow"] = allowed
        detail = f"{request.method} is not possible here; use {allowed or 'another address'}."
    elif isinstance(error, SecurityError):
        detail = "This site does not answer to that host name. Its operator sets TRUSTED_HOSTS."
    elif status == 404:
        detail = NOWHERE
    elif status == 413:
        limit = request.max_content_length or 0
        detail = f"The request has more than the {limit:,} bytes that are read here."
    elif status == 403 and detail == type(error).description:
        detail = "This request is not allowed. Reload the page and try again from there."
    elif isinstance(error, RateLimitExceeded):
        detail = f"The limit here is {error.limit.limit}. Wait a moment, then go on."
    return Problem(status, title, str(detail), code, headers=headers)
