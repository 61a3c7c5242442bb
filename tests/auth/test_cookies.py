from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth.models import UserSession
from stocksite.core.actor import Actor
from stocksite.settings import Settings, SettingsError
from tests.auth.helpers import HTMX, counts, jwt_pair, try_login
from tests.conftest import PASSWORD, csrf_token

GOOD = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}


UNSAFE = ("/login", "/register", "/logout", "/profile", "/profile/password", "/profile/tokens",
          "/profile/delete", "/profile/sessions/end-others", "/profile/sessions/1/end",
          "/profile/tokens/1/revoke")  # fmt: skip


@pytest.mark.parametrize("path", UNSAFE)
def test_no_form_passes_without_its_token(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session, path: str
) -> None:
    browser = login(actor)
    before = counts(session)
    for data in ({}, {"csrf_token": "x"}, {**GOOD, "csrf_token": ""}):
        assert browser.post(path, data=data).status_code in (400, 403)
    assert counts(session) == before
    assert browser.get("/profile").status_code == 200


def test_the_header_of_htmx_passes(login: Callable[[Actor], FlaskClient], actor: Actor) -> None:
    browser = login(actor)
    headers = {**HTMX, "X-CSRFToken": csrf_token(browser, "/profile/sessions")}
    answer = browser.post("/profile/sessions/end-others", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", UNSAFE)
def test_other_sites_are_refused(
    login: Callable[[Actor], FlaskClient], actor: Actor, path: str
) -> None:
    browser = login(actor)
    token = csrf_token(browser, "/profile")
    answer = browser.post(
        path, data={"csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


def test_the_cookie_on_plain_http(client: FlaskClient, actor: Actor) -> None:
    cookies = try_login(client, actor.username).headers.getlist("Set-Cookie")
    cookie = next(text for text in cookies if text.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie
    client.get("/profile")  # this one may still add the CSRF token
    assert "Set-Cookie" not in client.get("/profile").headers


def test_the_cookie_in_production(settings: Settings, actor: Actor, redis: Redis) -> None:
    from stocksite import create_app

    app = create_app(replace(settings, app_env="production", trusted_hosts=("localhost",)))
    browser = app.test_client()
    https = {"base_url": "https://localhost", "headers": {"Referer": "https://localhost/login"}}
    page = browser.get("/login", base_url="https://localhost").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    data = {"username": actor.username, "password": PASSWORD, "csrf_token": token[1]}
    answer = browser.post("/login", data=data, **https)
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    cookie = next(text for text in cookies if text.startswith("__Host-session="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert all("Secure" in text for text in cookies)


@pytest.mark.parametrize("key", ["", "short", "test-secret-key-of-more-than-32-bytes"])
def test_production_wants_a_key_for_jwts(settings: Settings, key: str) -> None:
    from stocksite import create_app

    with pytest.raises(SettingsError, match="JWT_KEY"):
        create_app(replace(settings, app_env="production", jwt_key=key))


def test_development_derives_a_key(settings: Settings, actor: Actor, redis: Redis) -> None:
    from stocksite import create_app

    app = create_app(replace(settings, jwt_key=""))
    key = app.extensions["jwt_key"]
    assert len(key) >= 32
    assert key != app.secret_key
    assert jwt_pair(app.test_client(), actor.username)["access"]


def test_forged_cookies_are_nobody(client: FlaskClient, session: Session, actor: Actor) -> None:
    for value in ("x", "", "eyJzaWQiOiJ4In0.x.y", "\u00e9" * 50):
        client.set_cookie("session", value)
        assert client.get("/profile").status_code == 303
    for sid in ("x", 7, None, ["x"], "ü", "x" * 2_000):
        browser = client.application.test_client()
        with browser.session_transaction() as cookie:
            cookie["sid"] = sid
            cookie["_user_id"] = str(actor.user_id)
            cookie["_fresh"] = True
        assert browser.get("/profile").status_code == 303
    assert session.scalar(select(UserSession)) is None
