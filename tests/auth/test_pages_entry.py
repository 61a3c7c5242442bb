from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.core.actor import Actor
from tests.auth.helpers import HTMX, counts, session_cookie, submit, try_login
from tests.conftest import PASSWORD, csrf_token

GOOD = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}


# --- register -------------------------------------------------------------------------------------


def test_register_opens_an_account_and_enters(client: FlaskClient, session: Session) -> None:
    answer = submit(client, "/register", GOOD)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/")
    assert client.get("/profile").status_code == 200
    assert counts(session) == (1, 1, 0)
    assert not session.scalars(select(User)).one().is_admin


def test_register_takes_the_theme_along(client: FlaskClient, session: Session) -> None:
    client.set_cookie("theme", "dark")
    submit(client, "/register", GOOD)
    assert session.scalars(select(User)).one().theme == "dark"


def test_register_by_htmx_goes_on_by_header(client: FlaskClient) -> None:
    answer = submit(client, "/register", GOOD, headers=HTMX)
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"].startswith("/")
    assert answer.data == b""


def test_register_ignores_fields_it_does_not_ask_for(client: FlaskClient, session: Session) -> None:
    submit(client, "/register", {**GOOD, "is_admin": "1", "any_password": "1", "id": "99"})
    user = session.scalars(select(User)).one()
    assert (user.is_admin, user.id) == (False, 1)
    answer = submit(
        client.application.test_client(),
        "/register",
        {**GOOD, "username": "bob", "password": "password", "any_password": "1"},
    )
    assert answer.status_code == 422


def test_register_keeps_what_was_typed_but_no_password(client: FlaskClient) -> None:
    data = {"username": "a b", "email": "ada@example.com", "password": "secret words here"}
    answer = submit(client, "/register", data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="a b"' in page
    assert 'value="ada@example.com"' in page
    assert "secret words here" not in page
    field = re.search(r"<input[^>]*id=\"username\"[^>]*>", page)
    assert field is not None
    assert "autofocus" in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert "username-error" in field[0]
    assert page.count("autofocus") == 1


def test_register_by_htmx_answers_a_bad_form_with_the_form(client: FlaskClient) -> None:
    answer = submit(client, "/register", {"username": "x"}, headers=HTMX)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert page.strip().startswith("<form")
    assert "<html" not in page


@pytest.mark.parametrize("htmx", [False, True])
def test_a_known_address_gets_the_same_answer(client: FlaskClient, htmx: bool) -> None:
    headers = HTMX if htmx else {}
    answers = []
    for name in ("ada", "bob"):
        browser = client.application.test_client()
        answer = submit(browser, "/register", {**GOOD, "username": name}, headers=headers)
        after = browser.get("/profile").status_code
        kept = {k: v for k, v in answer.headers if k not in ("X-Request-ID", "Set-Cookie")}
        kept["Content-Security-Policy"] = re.sub("nonce-[^']+", "", kept["Content-Security-Policy"])
        answers.append((answer.status_code, answer.data, kept, after))
        assert try_login(client.application.test_client(), name).status_code == 303
    assert answers[0] == answers[1]


# --- log in ---------------------------------------------------------------------------------------


def test_login_and_logout(client: FlaskClient, actor: Actor, session: Session) -> None:
    assert try_login(client, actor.username).status_code == 303
    assert client.get("/profile").status_code == 200
    answer = submit(client, "/logout", page="/profile")
    assert answer.status_code == 303
    assert counts(session)[1] == 0
    assert client.get("/profile").status_code == 303


def test_login_by_htmx(client: FlaskClient, actor: Actor) -> None:
    answer = try_login(client, actor.username, headers=HTMX)
    assert (answer.status_code, answer.data) == (200, b"")
    assert "HX-Redirect" in answer.headers
    wrong = try_login(client.application.test_client(), "nobody", headers=HTMX)
    assert wrong.status_code == 422
    assert wrong.get_data(as_text=True).strip().startswith("<form")


def normal(answer: Any, name: str) -> str:
    """A page without what differs in every answer: tokens, nonces, and the name that was typed."""
    text = answer.get_data(as_text=True).replace(name, "NAME")
    return re.sub(r'(value|content|nonce|X-CSRFToken)(=|": )"[^"]{20,}"', "", text)


def test_wrong_name_password_and_closed_account_look_the_same(
    client: FlaskClient, make_user: Callable[..., Actor]
) -> None:
    people = [make_user().username, "nobody", make_user(is_active=False).username]
    tries = list(zip(people, ["wrong password", PASSWORD, PASSWORD], strict=True))
    pages = []
    for name, password in tries:
        answer = try_login(client.application.test_client(), name, password)
        pages.append((answer.status_code, normal(answer, name)))
    assert pages[0][0] == 422
    assert "The username or the password is not right." in pages[0][1]
    assert pages[0] == pages[1] == pages[2]
    answers = [
        client.post("/api/token/", json={"username": name, "password": password})
        for name, password in tries
    ][:2]
    assert {(a.status_code, a.data) for a in answers} == {
        (401, b'{"detail":"No active account found with the given credentials"}')
    }


def test_the_session_before_login_is_gone(client: FlaskClient, actor: Actor, app: Flask) -> None:
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
    old = session_cookie(client)
    try_login(client, actor.username)
    with client.session_transaction() as after:
        assert "planted" not in after
        assert len(after["sid"]) >= 43
    attacker = app.test_client()
    attacker.set_cookie("session", old)
    assert attacker.get("/profile").status_code == 303


def test_logging_in_again_ends_the_session_before(
    client: FlaskClient, actor: Actor, session: Session
) -> None:
    try_login(client, actor.username)
    copied = session_cookie(client)
    token = csrf_token(client, "/profile")
    data = {"username": actor.username, "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=data).status_code == 303
    assert counts(session)[1] == 1
    thief = client.application.test_client()
    thief.set_cookie("session", copied)
    assert thief.get("/profile").status_code == 303


def test_a_copied_cookie_is_dead_after_logout(
    login: Callable[[Actor], FlaskClient], actor: Actor, app: Flask
) -> None:
    browser, thief = login(actor), app.test_client()
    thief.set_cookie("session", session_cookie(browser))
    assert thief.get("/profile").status_code == 200
    submit(browser, "/logout", page="/profile")
    assert thief.get("/profile").status_code == 303
    assert thief.get("/api/users/me/").status_code == 401


def test_logged_in_people_need_no_login_page(
    login: Callable[[Actor], FlaskClient], actor: Actor
) -> None:
    browser = login(actor)
    for path in ("/login?next=/profile/tokens", "/register?next=/profile/tokens"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/profile/tokens")


def test_next_is_followed_on_this_site(client: FlaskClient, actor: Actor) -> None:
    data = {"username": actor.username, "password": PASSWORD, "next": "/profile/tokens?x=1"}
    answer = submit(client, "/login", data)
    assert answer.headers["Location"] == "/profile/tokens?x=1"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
     "javascript:alert(1)", "/\t/evil.example", "/x\r\nX: y"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["form", "address"])
def test_hostile_next_is_not(client: FlaskClient, actor: Actor, target: str, where: str) -> None:
    data = {"username": actor.username, "password": PASSWORD}
    page = client.get("/login", query_string={"next": target}).get_data(as_text=True)
    form = page.split('action="/login"')[1].split("</form>")[0]
    assert 'name="next"' not in form
    assert 'href="/register"' in page
    if where == "form":
        answer = submit(client, "/login", {**data, "next": target})
    else:
        token = csrf_token(client, "/login")
        answer = client.post(
            "/login", query_string={"next": target}, data={**data, "csrf_token": token}
        )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/dashboard"


def test_asking_for_a_page_leads_back_to_it(client: FlaskClient, actor: Actor) -> None:
    answer = client.get("/profile/tokens?page=2")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/profile/tokens?page%3D2"
    page = client.get(answer.headers["Location"])
    assert 'name="next" value="/profile/tokens?page=2"' in page.get_data(as_text=True)
