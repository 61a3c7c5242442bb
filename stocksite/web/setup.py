"""Everything HTTP that no room owns, in the order it has to be hooked."""

from __future__ import annotations

import re
import secrets
from typing import Final
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from stocksite.core.errors import BadRequest, NotFound
from stocksite.settings import Settings, SettingsError
from stocksite.web import (
    access,
    addresses,
    api,
    appearance,
    assets,
    cors,
    docs,
    extensions,
    health,
    navigation,
    openapi,
    probes,
    problem,
    problems,
    rendering,
    security,
)
from stocksite.web import json as our_json

MAX_BODY: Final = 1024 * 1024
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_MAX_ID: Final = 2**63 - 1
_DIGITS: Final = len(str(_MAX_ID))


class RowId(IntegerConverter):
    """`<int:…>` in paths: ASCII digits, no more than a bigint column has."""

    regex = rf"[0-9]{{1,{_DIGITS}}}"


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the app, bind the extensions, hook what every request passes through."""
    configure(app, settings)
    addresses.init_app(app)
    app.jinja_environment = rendering.Templates
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]  # no view here is async
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["int"] = RowId
    app.json = our_json.Provider(app)
    app.before_request(_name_request)
    access.init_app(app)
    app.before_request(_refuse_unstorable)
    app.before_request(_refuse_impossible_ids)
    app.after_request(_send_request_id)
    security.init_app(app)
    cors.init_app(app, settings.cors_origins)
    extensions.init_app(app, settings)
    api.init_app(app)
    problems.init_app(app)
    extensions.login_manager.unauthorized_handler(problems.unauthorized)
    assets.init_app(app)
    appearance.init_app(app)
    navigation.init_app(app)
    openapi.init_app(app)
    docs.init_app(app)
    health.init_app(app)
    app.wsgi_app = probes.Probes(app.wsgi_app, settings.trusted_hosts)  # type: ignore[method-assign, assignment]
    if settings.production:  # behind exactly one proxy, which terminates TLS
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]


def configure(app: Flask, settings: Settings) -> None:
    """Write the Flask settings. Raises SettingsError for a key no production site may have."""
    app.extensions["settings"] = settings
    app.config.update(
        SECRET_KEY=_secret_key(settings),
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks) or None,
        TESTING=settings.app_env == "test",
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        PAGE_SIZE=settings.page_size,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="__Host-session" if settings.production else "session",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # a page left open over lunch still works
    )


def _secret_key(settings: Settings) -> str:
    if len(settings.secret_key) >= 32:
        return settings.secret_key
    if settings.production:
        raise SettingsError(
            f"SECRET_KEY has {len(settings.secret_key)} characters; production needs at least 32. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return settings.secret_key or secrets.token_urlsafe(48)


def _name_request() -> None:
    """Take the id a proxy gave the request, or make one."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(12)


def _send_request_id(response: Response) -> Response:
    response.headers["X-Request-ID"] = problems.request_id()
    return response


def _refuse_impossible_ids() -> None:
    """What no bigint column can hold is nobody's id: 404, not a crash in the database.

    Not a limit of the converter: routing would call it a wrong method where several are possible.
    """
    for value in (request.view_args or {}).values():
        if isinstance(value, int) and value > _MAX_ID:
            raise NotFound(problem.NOWHERE)


def _refuse_unstorable() -> None:
    """NUL and lone surrogates have no place in a path, a query or a form: no text can hold them."""
    texts = [request.path, *request.args, *request.args.values()]
    if request.mimetype == "application/x-www-form-urlencoded":
        _refuse_broken_utf8(request.get_data())
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, values in request.form.lists():
            texts += [name, *values]
    if any(our_json.UNSTORABLE.search(text) for text in texts):
        raise BadRequest("Text may not hold NUL characters. Remove them and send it again.")


def _refuse_broken_utf8(body: bytes) -> None:
    """Werkzeug keeps escapes that are not UTF-8 as they are: a text other than what was meant."""
    try:
        unquote_to_bytes(body).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The form is not in UTF-8. Send it again in UTF-8.") from None
