"""One request to an operation: who asks, what they sent, the answer; `api.py` is the manual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, g, request
from flask_login import current_user
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError as CsrfError

from stocksite.core.actor import Actor
from stocksite.core.errors import NotFound, Unauthenticated
from stocksite.core.paging import Page
from stocksite.web import bodies, extensions, idempotency, limits
from stocksite.web.json import dumps
from stocksite.web.operation import Operation, Reply
from stocksite.web.pagination import envelope
from stocksite.web.problem import NOWHERE, Forbidden


def view_of(operation: Operation) -> Callable[..., Response]:
    """The Flask view of an operation."""

    def view(**path: Any) -> Response:
        g.operation = operation
        return _perform(operation, path)

    view.__name__ = operation.endpoint
    view.__doc__ = operation.description
    return view


def _perform(operation: Operation, path: dict[str, Any]) -> Response:
    limits.check_common()
    actor = _authorize(operation)
    limits.check_own(operation)
    arguments: dict[str, Any] = {"session": extensions.db.session(), "actor": actor, **path}
    if operation.query is not None:
        arguments["query"] = bodies.read_query(operation.query)
    content: Any = None
    if operation.body is not None:
        content = bodies.read_object()
        arguments["body"] = bodies.read_body(operation.body, content)
    wanted = {name: arguments[name] for name in operation.arguments}

    def answer() -> Response:
        return _respond(operation, operation.function(**wanted))

    key = idempotency.requested_key() if operation.creates else None
    if key is None:
        return answer()
    user_id = actor.user_id if actor else None
    return idempotency.once(arguments["session"], user_id, key, content, answer)


def _authorize(operation: Operation) -> Actor | None:
    """Who acts, or None where nobody has to. Raises Unauthenticated, Forbidden, NotFound."""
    if operation.auth is False:
        return None
    if not current_user.is_authenticated:
        if operation.auth == "optional" and not g.get("auth_failure"):
            return None
        raise Unauthenticated("Authentication credentials were not provided.")
    actor: Actor = current_user._get_current_object()
    if operation.unsafe and actor.via == "session":
        _check_csrf()
    if operation.unsafe and actor.scope == "read":
        raise Forbidden(
            "This token may only read. Make one with the scope 'write' to change things.",
            code="read-only-token",
        )
    if operation.admin and not actor.is_admin:
        raise NotFound(NOWHERE)
    return actor


def _check_csrf() -> None:
    if not current_app.config["WTF_CSRF_ENABLED"]:
        return
    token = request.headers.get("X-CSRFToken") or request.headers.get("X-CSRF-Token")
    try:
        validate_csrf(token)
    except CsrfError:
        raise Forbidden(
            "With the browser's session, changes need the page's token in X-CSRFToken. "
            "Reload the page, or use a personal token.",
            code="csrf-failed",
        ) from None
    g.csrf_valid = True


def _respond(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    reply = result if isinstance(result, Reply) else Reply(result)
    status = reply.status or operation.status
    if status == 204:
        response = Response(status=204)
        del response.headers["Content-Type"]
    else:
        data = envelope(reply.data) if isinstance(reply.data, Page) else reply.data
        response = Response(dumps(data), status, mimetype="application/json")
    if reply.location:
        response.headers["Location"] = reply.location
    response.headers.update(reply.headers)
    return response
