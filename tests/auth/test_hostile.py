"""What nobody would type, in every form and every JSON field: 4xx, and nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stocksite.auth.models import PersonalToken, User, UserSession
from stocksite.core.actor import Actor
from tests.auth.helpers import bearer, jwt_pair
from tests.conftest import PASSWORD, csrf_token

VALUES = {
    "not a number": "NaN\0",
    "NUL": "ada\0",
    "lone surrogate": "ada\ud800",
    "200 digits": "9" * 200,
    "emoji": "😀🐎",
    "minus one": "-1",
    "overflow": "1e400",
    "right to left": "\u202egnirts",
    "markup": "<script>alert(1)</script>",
    "a megabyte": "x" * 1_000_000,
    "more than a megabyte": "x" * 1_100_000,
}
REGISTER = {"username": "grace", "email": "grace@example.com", "password": PASSWORD}
PROFILE = {"username": "ada", "email": "ada@example.com", "first_name": "", "last_name": "",
           "time_zone": "UTC", "theme": "dark", "gain_colors": "blue"}  # fmt: skip
TOKEN = {"name": "x", "scope": "read", "expires_in_days": "30"}
FORMS = [
    ("/register", REGISTER, ("username", "email", "password")),
    ("/login", {"username": "ada", "password": PASSWORD}, ("username", "password")),
    ("/profile", PROFILE, tuple(PROFILE)),
    ("/profile/password", {"current_password": PASSWORD, "new_password": "another staple long"},
     ("current_password", "new_password")),
    ("/profile/tokens", TOKEN, tuple(TOKEN)),
    ("/profile/delete", {"password": PASSWORD, "confirm": "ada"}, ("password", "confirm")),
]  # fmt: skip
BODIES = [
    ("POST", "/api/users/", REGISTER, (*REGISTER, "first_name", "last_name")),
    ("PATCH", "/api/users/me/", {}, tuple(PROFILE)),
    ("DELETE", "/api/users/me/", {"password": PASSWORD}, ("password",)),
    ("POST", "/api/token/", {"username": "ada", "password": PASSWORD}, ("username", "password")),
    ("POST", "/api/token/refresh/", {}, ("refresh",)),
    ("POST", "/api/token/verify/", {}, ("token",)),
    ("POST", "/api/tokens/", {"name": "x"}, ("name", "scope", "expires_in_days")),
]
FIT = {("password", "emoji"), ("password", "markup"), ("password", "right to left"),
       ("new_password", "markup"), ("new_password", "right to left"), ("name", "minus one"),
       ("name", "overflow"), ("name", "markup")}  # fmt: skip
FIT |= {(name, kind) for name in ("first_name", "last_name") for kind in ("minus one", "overflow")}
FIT |= {("username", "overflow")}
"""Odd, and still fit for the field: passwords may be any text, names and labels hold digits."""


def stored(session: Session) -> Any:
    session.rollback()
    users = session.scalars(select(User).order_by(User.id)).all()
    columns = [column.name for column in User.__table__.columns if column.name != "last_login_at"]
    return (
        [[getattr(user, name) for name in columns] for user in users],
        len(session.scalars(select(UserSession)).all()),
        len(session.scalars(select(PersonalToken)).all()),
    )


def encode(value: str) -> bytes:
    """A value as a hostile client would put it on the wire."""
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(value.encode("utf-8", "surrogatepass")).encode()


def kinds(field: str, path: str, every: Iterable[str]) -> list[str]:
    """The values that do not fit this field; where a password is only compared, none does."""
    compared = path in ("/login", "/profile/delete", "/api/token/")
    return [kind for kind in every if compared or (field, kind) not in FIT]


@pytest.mark.parametrize(
    ("path", "good", "field"),
    [(path, good, name) for path, good, names in FORMS for name in names],
)
def test_forms(
    client: FlaskClient,
    login: Callable[[Actor], FlaskClient],
    make_user: Callable[..., Actor],
    session: Session,
    path: str,
    good: dict[str, str],
    field: str,
) -> None:
    actor = make_user("ada")
    browser = client if path in ("/register", "/login") else login(actor)
    token = csrf_token(browser, path)
    before = stored(session)
    for kind in kinds(field, path, VALUES):
        pairs = {**good, field: VALUES[kind], "csrf_token": token}
        body = b"&".join(name.encode() + b"=" + encode(value) for name, value in pairs.items())
        answer = browser.post(path, data=body, content_type="application/x-www-form-urlencoded")
        assert 400 <= answer.status_code < 500, (kind, answer.status_code)
        assert stored(session) == before, kind
        assert b"<script>alert" not in answer.data


BARE = {
    "bare NaN": "NaN",
    "bare Infinity": "-Infinity",
    "bare 1e400": "1e400",
    "list": "[]",
    "deep": "[" * 5_000 + "]" * 5_000,
}


@pytest.mark.parametrize(
    ("method", "path", "good", "field"),
    [(method, path, good, name) for method, path, good, names in BODIES for name in names],
)
def test_json_fields(
    client: FlaskClient,
    make_user: Callable[..., Actor],
    session: Session,
    method: str,
    path: str,
    good: dict[str, Any],
    field: str,
) -> None:
    actor = make_user("ada")
    headers = bearer(jwt_pair(client, actor.username)["access"])
    before = stored(session)
    others = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in good.items() if k != field]
    compared = "/api/token/" if method == "DELETE" else path
    for kind in kinds(field, compared, [*VALUES, *BARE]):
        value = BARE.get(kind) or json.dumps(VALUES[kind])
        body = "{" + ", ".join([f'"{field}": {value}', *others]) + "}"
        answer = client.open(
            path, method=method, data=body, content_type="application/json", headers=headers
        )
        assert 400 <= answer.status_code < 500, (kind, answer.status_code, answer.data[:500])
        assert answer.mimetype in ("application/problem+json", "application/json")
        assert stored(session) == before, kind


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_hostile_encodings(client: FlaskClient, session: Session, path: str) -> None:
    token = csrf_token(client, path)
    for body, kind in (
        (b"username=%ff%fe&password=x&csrf_token=" + token.encode(), "urlencoded"),
        (b"\xff\xfe\x00", "urlencoded"),
        (b"--x\r\nbroken", "multipart"),
    ):
        content_type = (
            "multipart/form-data; boundary=x"
            if kind == "multipart"
            else "application/x-www-form-urlencoded"
        )
        answer = client.post(path, data=body, content_type=content_type)
        assert 400 <= answer.status_code < 500
    assert session.execute(text('SELECT count(*) FROM "user"')).scalar() == 0


def test_hostile_headers(client: FlaskClient, actor: Actor) -> None:
    for header in (
        "Bearer \xff\xfe",
        "Bearer " + "x" * 100_000,
        "Bearer ss_\xff",
        "\xff",
        " " * 50,
    ):
        answer = client.get("/api/users/me/", headers={"Authorization": header})
        assert answer.status_code == 401
    for agent in ("\xff\xfe", "x" * 50_000, ""):
        browser = client.application.test_client()
        data = {"username": actor.username, "password": PASSWORD}
        data["csrf_token"] = csrf_token(browser, "/login")
        assert browser.post("/login", data=data, headers={"User-Agent": agent}).status_code == 303
        assert browser.get("/profile/sessions").status_code == 200
