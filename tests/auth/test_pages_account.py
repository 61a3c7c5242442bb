from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth import identity, service
from stocksite.auth.models import PersonalToken, User, UserSession
from stocksite.auth.service import known_session
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

PAGES = (
    "/profile",
    "/profile/password",
    "/profile/sessions",
    "/profile/tokens",
    "/profile/delete",
)
PROFILE = {
    "username": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "time_zone": "Europe/London",
    "theme": "dark",
    "gain_colors": "blue",
}


@pytest.mark.parametrize("path", PAGES)
def test_pages_show_and_cost_little(
    login: Callable[[Actor], FlaskClient], actor: Actor, count_sql: Any, path: str
) -> None:
    browser = login(actor)
    with count_sql() as statements:
        answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.get_data(as_text=True)
    assert page.count("<h1") == 1
    assert " style=" not in page
    assert "<script>" not in page
    assert 'aria-current="page"' in page
    assert len(statements) <= 6, statements


@pytest.mark.parametrize("path", PAGES)
def test_anonymous_people_are_asked_to_log_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/login?next={path}"
    for url, target in (
        ("http://localhost/profile/tokens?page=2", "/login?next=/profile/tokens?page%3D2"),
        ("http://evil.example/profile", "/login"),
        ("http://[", "/login"),
        ("", "/login"),
    ):
        answer = client.get(path, headers={**HTMX, "HX-Current-URL": url})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, target)
    assert submit(client, path, page="/login").status_code in (303, 405)


# --- profile --------------------------------------------------------------------------------------


@pytest.mark.parametrize("htmx", [False, True])
def test_profile_is_saved(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session, htmx: bool
) -> None:
    browser = login(actor)
    answer = submit(browser, "/profile", PROFILE, headers=HTMX if htmx else {})
    if htmx:
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/profile")
    else:
        assert (answer.status_code, answer.headers["Location"]) == (303, "/profile")
    user = session.scalars(select(User)).one()
    assert {name: getattr(user, name) for name in PROFILE} == PROFILE
    page = browser.get("/profile").get_data(as_text=True)
    assert "Your profile is saved." in page
    assert 'data-theme="dark"' in page
    assert 'data-gain="blue"' in page
    assert 'value="Lovelace"' in page


def test_profile_refuses_and_keeps_what_was_typed(
    login: Callable[[Actor], FlaskClient], make_user: Callable[..., Actor], session: Session
) -> None:
    make_user("bob")
    actor = make_user("ada")
    answer = submit(login(actor), "/profile", {**PROFILE, "username": "BOB"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "The name BOB is taken" in page
    assert 'value="Lovelace"' in page
    session.rollback()
    assert session.get(User, actor.user_id).first_name == ""  # type: ignore[union-attr]


def test_profile_does_not_tell_whose_address_is_known(
    login: Callable[[Actor], FlaskClient], make_user: Callable[..., Actor]
) -> None:
    other, actor = make_user("bob"), make_user("ada")
    answer = submit(login(actor), "/profile", {**PROFILE, "email": f"{other.username}@example.com"})
    assert answer.status_code == 303


def test_profile_takes_no_other_field(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session
) -> None:
    submit(login(actor), "/profile", {**PROFILE, "is_admin": "y", "credential_version": "9"})
    user = session.scalars(select(User)).one()
    assert (user.is_admin, user.credential_version, user.first_name) == (False, 1, "Ada")


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


# --- sessions -------------------------------------------------------------------------------------


def test_sessions_can_be_ended_one_by_one(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session
) -> None:
    here, there = login(actor), login(actor)
    ids = session.scalars(select(UserSession.id).order_by(UserSession.id)).all()
    answer = submit(here, f"/profile/sessions/{ids[1]}/end", page="/profile/sessions")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/profile/sessions")
    assert there.get("/profile").status_code == 303
    assert here.get("/profile").status_code == 200
    answer = submit(here, f"/profile/sessions/{ids[0]}/end", page="/profile/sessions")
    assert answer.status_code == 303
    assert here.get("/profile").status_code == 303
    assert counts(session)[1] == 0


def test_sessions_end_by_htmx_with_the_list(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session
) -> None:
    here = login(actor)
    login(actor)
    newest = session.scalar(select(UserSession.id).order_by(UserSession.id.desc()))
    answer = submit(here, f"/profile/sessions/{newest}/end", page="/profile/sessions", headers=HTMX)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert page.strip().startswith('<div class="stack" id="sessions">')
    assert '<hx-partial hx-target="#flash"' in page
    assert page.count("<tr>") == 2  # head and this browser


def test_all_other_sessions_end(
    login: Callable[[Actor], FlaskClient], make_user: Callable[..., Actor], session: Session
) -> None:
    actor, stranger = make_user(), make_user()
    here, there, theirs = login(actor), login(actor), login(stranger)
    page = here.get("/profile/sessions").get_data(as_text=True)
    assert page.count("<tr>") == 3
    answer = submit(here, "/profile/sessions/end-others", page="/profile/sessions")
    assert answer.status_code == 303
    assert "1 other session has ended." in here.get("/profile/sessions").get_data(as_text=True)
    assert [b.get("/profile").status_code for b in (here, there, theirs)] == [200, 303, 200]


def test_strangers_sessions_and_tokens_do_not_exist(
    login: Callable[[Actor], FlaskClient], make_user: Callable[..., Actor], session: Session
) -> None:
    owner, stranger = make_user(), make_user()
    login(owner)
    made = service.create_token(session, owner, name="secret name", now=wall_now())
    session.commit()
    row = session.scalar(select(UserSession.id).where(UserSession.user_id == owner.user_id))
    before = counts(session)
    browser = login(stranger)
    for path in (
        f"/profile/sessions/{row}/end",
        f"/profile/tokens/{made.id}/revoke",
        "/profile/sessions/999999/end",
        "/profile/tokens/999999/revoke",
        f"/profile/tokens/{2**63 - 1}/revoke",
        f"/profile/tokens/{10**30}/revoke",
    ):
        for headers in ({}, HTMX):
            answer = submit(browser, path, page="/profile", headers=headers)
            assert answer.status_code == 404, path
    assert "secret name" not in browser.get("/profile/tokens").get_data(as_text=True)
    assert counts(session) == (before[0], before[1] + 1, before[2])


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


# --- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("htmx", [False, True])
def test_delete_account(
    login: Callable[[Actor], FlaskClient], actor: Actor, session: Session, htmx: bool
) -> None:
    browser, other = login(actor), login(actor)
    data = {"password": PASSWORD, "confirm": actor.username}
    answer = submit(browser, "/profile/delete", data, headers=HTMX if htmx else {})
    assert answer.status_code == (200 if htmx else 303)
    assert [b.get("/profile").status_code for b in (browser, other)] == [303, 303]
    user = session.scalars(select(User)).one()
    assert user.deleted_at is not None
    assert actor.username not in (user.username, user.email)
    assert try_login(browser, actor.username).status_code == 422


@pytest.mark.parametrize(
    "data",
    [
        {"password": PASSWORD},
        {"password": PASSWORD, "confirm": "somebody"},
        {"password": "wrong password", "confirm": "ada"},
        {"confirm": "ada"},
        {"password": "", "confirm": "ada"},
    ],
)
def test_delete_account_wants_both(
    login: Callable[[Actor], FlaskClient],
    make_user: Callable[..., Actor],
    session: Session,
    data: dict[str, str],
) -> None:
    browser = login(make_user("ada"))
    assert submit(browser, "/profile/delete", data).status_code == 422
    assert session.scalars(select(User)).one().deleted_at is None
    assert browser.get("/profile").status_code == 200


# --- polling --------------------------------------------------------------------------------------


@pytest.fixture
def poll(app: Flask) -> Callable[[FlaskClient], int | None]:
    """Asks `polling_user_id` as a polling route does."""

    def ask(browser: FlaskClient) -> int | None:
        cookie = browser.get_cookie("session")
        headers = {"Cookie": f"session={cookie.value}"} if cookie else {}
        with app.test_request_context("/", headers=headers):
            return identity.polling_user_id()

    return ask


def test_polling_asks_the_database_once(
    login: Callable[[Actor], FlaskClient],
    actor: Actor,
    poll: Callable[[FlaskClient], int | None],
    count_sql: Any,
) -> None:
    browser = login(actor)
    with count_sql() as statements:
        assert [poll(browser) for _ in range(5)] == [actor.user_id] * 5
    assert len(statements) == 1


@pytest.mark.parametrize("way", ["logout", "password", "delete", "ended elsewhere"])
def test_polling_ends_with_the_session(
    login: Callable[[Actor], FlaskClient],
    actor: Actor,
    app: Flask,
    poll: Callable[[FlaskClient], int | None],
    redis: Redis,
    way: str,
) -> None:
    browser, thief = login(actor), app.test_client()
    thief.set_cookie("session", session_cookie(browser))
    with browser.session_transaction() as cookie:
        sid = cookie["sid"]
    assert poll(thief) == actor.user_id
    assert known_session(redis, sid) == actor.user_id
    if way == "logout":
        submit(browser, "/logout", page="/profile")
    elif way == "password":
        data = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        submit(browser, "/profile/password", data)
    elif way == "delete":
        data = {"password": PASSWORD, "confirm": actor.username}
        submit(browser, "/profile/delete", data)
    else:
        submit(login(actor), "/profile/sessions/end-others", page="/profile/sessions")
    assert known_session(redis, sid) is None
    assert poll(thief) is None


def test_polling_without_a_cookie_is_nobody(
    client: FlaskClient, poll: Callable[[FlaskClient], int | None], actor: Actor
) -> None:
    assert poll(client) is None
