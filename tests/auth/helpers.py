"""What the tests of this room share."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from stocksite.auth.models import PersonalToken, User, UserSession
from tests.conftest import PASSWORD, csrf_token

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
NEW_PASSWORD = "another staple, quite long"


def submit(
    browser: FlaskClient,
    path: str,
    data: dict[str, Any] | None = None,
    *,
    page: str | None = None,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    """Send a form the way the page would: with the CSRF token of `page`."""
    token = csrf_token(browser, page or path)
    return browser.post(path, data={**(data or {}), "csrf_token": token}, headers=headers or {})


def try_login(browser: FlaskClient, username: str, password: str = PASSWORD, **more: Any) -> Any:
    """Send the login form."""
    return submit(browser, "/login", {"username": username, "password": password}, **more)


def jwt_pair(browser: FlaskClient, username: str, password: str = PASSWORD) -> dict[str, str]:
    """Get JWTs as a script does."""
    answer = browser.post("/api/token/", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    pair: dict[str, str] = answer.get_json()
    return pair


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def counts(session: Session) -> tuple[int, int, int]:
    """How many users, sessions and tokens are stored."""
    session.rollback()
    return tuple(  # type: ignore[return-value]
        session.scalar(select(func.count()).select_from(model)) or 0
        for model in (User, UserSession, PersonalToken)
    )


def session_cookie(browser: FlaskClient) -> str:
    cookie = browser.get_cookie("session")
    assert cookie is not None
    return cookie.value
