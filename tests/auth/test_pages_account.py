from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.models import User, UserSession
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from tests.auth.helpers import (
    HTMX,
    counts,
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
