from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.models import PersonalToken
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from tests.auth.helpers import (
    HTMX,
    NEW_PASSWORD,
    bearer,
    counts,
    jwt_pair,
    session_cookie,
    submit,
    try_login,
)
from tests.conftest import PASSWORD

# --- password -------------------------------------------------------------------------------------


def test_password_change_kills_copies_and_jwts_but_not_this_browser(
    login: Callable[[Actor], FlaskClient], actor: Actor, app: Flask
) -> None:
    browser, other, thief = login(actor), login(actor), app.test_client()
    pair = jwt_pair(app.test_client(), actor.username)
    thief.set_cookie("session", session_cookie(browser))
    answer = submit(
        browser, "/profile/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    )
    assert answer.status_code == 303
    assert browser.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 303
    assert thief.get("/profile").status_code == 303
    refused = app.test_client().get("/api/users/me/", headers=bearer(pair["access"]))
    assert refused.status_code == 401
    assert refused.get_json()["code"] == "password_changed"
    assert try_login(app.test_client(), actor.username).status_code == 422
    assert try_login(app.test_client(), actor.username, NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"current_password": "wrong", "new_password": NEW_PASSWORD}, "not your current password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "at least 8"),
        ({"current_password": PASSWORD, "new_password": PASSWORD}, "have now"),
        ({"current_password": PASSWORD}, "Choose a password"),
        ({}, "Enter your current password"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_password_form_refuses(
    login: Callable[[Actor], FlaskClient],
    actor: Actor,
    data: dict[str, str],
    sentence: str,
    htmx: bool,
) -> None:
    browser = login(actor)
    answer = submit(browser, "/profile/password", data, headers=HTMX if htmx else {})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence.lower() in page.lower()
    assert NEW_PASSWORD not in page
    assert PASSWORD not in page
    assert page.count("autofocus") == 1
    assert ("<html" in page) is not htmx
    assert browser.get("/profile").status_code == 200


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("htmx", [False, True])
def test_a_token_is_shown_once(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session, htmx: bool
) -> None:
    browser = login(actor)
    data = {"name": "notebook", "scope": "read", "expires_in_days": "30"}
    answer = submit(browser, "/profile/tokens", data, headers=HTMX if htmx else {})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    secret = page.split('id="new-token" value="')[1].split('"')[0]
    me = browser.application.test_client().get("/api/users/me/", headers=bearer(secret))
    assert me.get_json()["username"] == actor.username
    later = browser.get("/profile/tokens").get_data(as_text=True)
    assert secret not in later
    assert "notebook" in later
    assert session.scalars(select(PersonalToken)).one().expires_at is not None


def test_a_token_can_be_revoked(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session
) -> None:
    made = service.create_token(session, actor, name="x", now=wall_now())
    other = service.create_token(session, actor, name="y", now=wall_now())
    session.commit()
    browser = login(actor)
    answer = submit(browser, f"/profile/tokens/{made.id}/revoke", page="/profile/tokens")
    assert answer.status_code == 303
    api = browser.application.test_client()
    assert api.get("/api/users/me/", headers=bearer(made.token)).status_code == 401
    assert api.get("/api/users/me/", headers=bearer(other.token)).status_code == 200
    answer = submit(
        browser, f"/profile/tokens/{other.id}/revoke", page="/profile/tokens", headers=HTMX
    )
    assert answer.status_code == 200
    assert "No tokens yet" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "data",
    [
        {"name": ""},
        {"name": "x", "scope": "admin", "expires_in_days": "30"},
        {"name": "x", "scope": "read", "expires_in_days": "-1"},
        {"name": "x", "scope": "read", "expires_in_days": "NaN"},
        {"name": "x", "scope": "read", "expires_in_days": "9" * 200},
    ],
)
def test_bad_tokens_are_refused(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session, data: dict[str, str]
) -> None:
    assert submit(login(actor), "/profile/tokens", data).status_code == 422
    assert counts(session)[2] == 0
