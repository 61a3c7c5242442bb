"""From a request to an Actor: the session cookie, or a bearer token, and the way in and out.

The cookie holds Flask's signed session, which holds a random `sid` and nothing about the person;
the row behind its SHA-256 decides. Where there is an `Authorization` header the cookie is not
looked at: a request is either a browser's, checked for CSRF, or a script's.
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from flask import Flask, Request, current_app, g, request, session
from flask_login import current_user
from redis import Redis
from werkzeug.wrappers import Response

from stocksite.auth import service
from stocksite.auth.service import BearerRefusal, Throttle
from stocksite.auth.service.known import forget_sessions, known_session, remember_session
from stocksite.auth.service.sessions import ABSOLUTE
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.settings import Settings, SettingsError
from stocksite.web.extensions import db, login_manager

__all__ = [
    "forget_sessions",
    "init_app",
    "known_session",
    "log_in",
    "log_out",
    "polling_user_id",
    "remember_appearance",
    "throttle",
]

SID: Final = "sid"
_ONE_YEAR_S: Final = 31_536_000
_SHORTEST_KEY: Final = 32


def init_app(app: Flask) -> None:
    """Make Flask-Login and the session cookie follow the rules above, and settle the JWT key."""
    app.extensions["jwt_key"] = _signing_key(app)
    app.config["PERMANENT_SESSION_LIFETIME"] = ABSOLUTE
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    # Our rows replace Flask-Login's own: no remember cookie, no fingerprint of agent and address.
    app.config["REMEMBER_COOKIE_NAME"] = "unused"
    app.config["SESSION_PROTECTION"] = None
    login_manager.session_protection = None
    login_manager.request_loader(load_actor)


def load_actor(incoming: Request) -> Actor | None:
    """Flask-Login's loader: who sends this request, in one query. None for nobody."""
    if "Authorization" in incoming.headers:
        return _from_header(incoming.headers["Authorization"])
    sid = _own_sid()
    return service.actor_of_session(db.session(), sid, now=wall_now()) if sid else None


def _from_header(header: str) -> Actor | None:
    """The bearer's Actor; a refusal is left in `g.auth_failure` in the words of simplejwt."""
    scheme, *values = header.split() or [""]
    if scheme.lower() != "bearer":
        return None
    if len(values) != 1:
        g.auth_failure = {
            "detail": "Authorization header must contain two space-delimited values",
            "code": "bad_authorization_header",
        }
        return None
    try:
        return service.actor_of_bearer(db.session(), values[0], key=jwt_key(), now=wall_now())
    except BearerRefusal as refusal:
        g.auth_failure = _in_their_words(refusal)
        return None


def _in_their_words(refusal: BearerRefusal) -> dict[str, Any]:
    if refusal.account is not None:
        detail, code = refusal.account
        return {"detail": detail, "code": code}
    message = {"token_class": "AccessToken", "token_type": "access", "message": refusal.reason}
    return {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [message],
    }


def log_in(actor: Actor) -> None:
    """Open a session for this browser. Whatever its cookie held before is gone."""
    end_own_session()
    session.clear()
    session[SID] = service.open_session(
        db.session(),
        actor,
        now=wall_now(),
        agent=request.user_agent.string,
        address=client_address(),
    )
    session.permanent = True


def log_out() -> None:
    """End this browser's session: its row, its cookie, its place in the poll cache."""
    end_own_session()
    session.clear()


def end_own_session() -> None:
    """End the row behind this browser's cookie, if there is one."""
    sid = _own_sid()
    if sid:
        forget_sessions(redis(), service.close_session(db.session(), sid))


def _own_sid() -> str | None:
    sid = session.get(SID)
    return sid if isinstance(sid, str) else None


def polling_user_id() -> int | None:
    """Who polls, from a minute's memory where possible: None means nobody is logged in.

    For routes that answer 304 most of the time. Anything that changes something, or shows what
    the poller does not hold yet, uses `current_user`.
    """
    sid = _own_sid() if "Authorization" not in request.headers else None
    user_id = known_session(redis(), sid)
    if user_id is None and current_user.is_authenticated:
        user_id = int(current_user.user_id)
        if sid:
            remember_session(redis(), sid, user_id)
    return user_id


def remember_appearance(response: Response, theme: str, gain_colors: str) -> Response:
    """Let the next page have the person's colors: the two cookies that templates read."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    for name, value in (("theme", theme), ("gain", gain_colors)):
        response.set_cookie(name, value, max_age=_ONE_YEAR_S, samesite="Lax", secure=secure)
    return response


def throttle() -> Throttle:
    """The counter of password attempts."""
    return Throttle(redis())


def redis() -> Redis | None:
    """The one Redis pool of the application, if there is one."""
    pool: Redis | None = current_app.extensions.get("redis")
    return pool


def client_address() -> str:
    """Where the request comes from, as far as the proxy in front is trusted."""
    return request.remote_addr or ""


def jwt_key() -> str:
    """The signing key of JWTs."""
    key: str = current_app.extensions["jwt_key"]
    return key


def _signing_key(app: Flask) -> str:
    """JWT_KEY; while developing without one, a key derived from the site's secret.

    Raises SettingsError in production, where the two have to be set and to differ.
    """
    settings: Settings = app.extensions["settings"]
    if len(settings.jwt_key) >= _SHORTEST_KEY and settings.jwt_key != settings.secret_key:
        return settings.jwt_key
    if settings.production:
        raise SettingsError(
            f"JWT_KEY has {len(settings.jwt_key)} characters; production needs at least "
            f"{_SHORTEST_KEY}, and others than SECRET_KEY's. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return hmac.new(str(app.secret_key).encode(), b"stocksite jwt", "sha256").hexdigest()
