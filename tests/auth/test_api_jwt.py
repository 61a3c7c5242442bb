"""The shapes existing clients of simplejwt compare, word for word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.models import User
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from tests.auth.helpers import bearer, jwt_pair
from tests.conftest import PASSWORD, SETTINGS

REQUIRED = "This field is required."
BLANK = "This field may not be blank."
NULL = "This field may not be null."
NOT_VALID = {"detail": "Token is invalid", "code": "token_not_valid"}


def old_pair(session: Session, actor: Actor, age: timedelta) -> Any:
    """JWTs that were issued some time ago."""
    return service.issue_tokens(session, actor, key=SETTINGS.jwt_key, now=wall_now() - age)


def test_obtain_use_refresh_verify(client: FlaskClient, actor: Actor) -> None:
    answer = client.post("/api/token/", json={"username": actor.username, "password": PASSWORD})
    assert answer.status_code == 200
    pair = answer.get_json()
    assert set(pair) == {"refresh", "access"}
    assert "Set-Cookie" not in answer.headers
    me = client.get("/api/users/me/", headers=bearer(pair["access"]))
    assert me.get_json()["username"] == actor.username
    answer = client.post("/api/token/refresh/", json={"refresh": pair["refresh"]})
    assert (answer.status_code, set(answer.get_json())) == (200, {"access"})
    again = client.post("/api/token/refresh/", json={"refresh": pair["refresh"]})
    assert again.status_code == 200  # no rotation
    fresh = answer.get_json()["access"]
    assert client.get("/api/users/me/", headers=bearer(fresh)).status_code == 200
    for token in (pair["access"], pair["refresh"], fresh):
        answer = client.post("/api/token/verify/", json={"token": token})
        assert (answer.status_code, answer.get_json()) == (200, {})


@pytest.mark.parametrize("slash", ["", "/"])
def test_paths_work_with_and_without_the_last_slash(
    client: FlaskClient, actor: Actor, slash: str
) -> None:
    body = {"username": actor.username, "password": PASSWORD}
    pair = client.post(f"/api/token{slash}", json=body).get_json()
    assert client.post(f"/api/token/verify{slash}", json={"token": pair["access"]}).json == {}
    answer = client.post(f"/api/token/refresh{slash}", json={"refresh": pair["refresh"]})
    assert "access" in answer.get_json()


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/api/token/", {}, {"username": [REQUIRED], "password": [REQUIRED]}),
        ("/api/token/", {"username": "ada"}, {"password": [REQUIRED]}),
        (
            "/api/token/",
            {"username": "", "password": ""},
            {"username": [BLANK], "password": [BLANK]},
        ),
        (
            "/api/token/",
            {"username": None, "password": None},
            {"username": [NULL], "password": [NULL]},
        ),
        (
            "/api/token/",
            {"username": ["a"], "password": "x"},
            {"username": ["Not a valid string."]},
        ),
        ("/api/token/refresh/", {}, {"refresh": [REQUIRED]}),
        ("/api/token/refresh/", {"refresh": ""}, {"refresh": [BLANK]}),
        ("/api/token/verify/", {}, {"token": [REQUIRED]}),
        ("/api/token/verify/", {"token": None}, {"token": [NULL]}),
    ],
)
def test_missing_fields(client: FlaskClient, path: str, body: Any, expected: Any) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.get_json()) == (400, expected)


@pytest.mark.parametrize("path", ["/api/token/", "/api/token/refresh/", "/api/token/verify/"])
def test_what_is_not_a_json_post(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()) == (405, {"detail": 'Method "GET" not allowed.'})
    answer = client.post(path, data="{", content_type="application/json")
    assert answer.status_code == 400
    assert answer.get_json()["detail"].startswith("JSON parse error - ")
    answer = client.post(path, data="x=1", content_type="text/plain")
    assert answer.status_code == 415
    assert "Unsupported media type" in answer.get_json()["detail"]


def unauthorized(answer: Any) -> Any:
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    return answer.get_json()


@pytest.mark.parametrize("name", ["ada", "nobody", "closed"])
def test_wrong_credentials(client: FlaskClient, make_user: Callable[..., Actor], name: str) -> None:
    make_user("ada")
    make_user("closed", is_active=False)
    password = PASSWORD if name == "closed" else "wrong password"
    answer = client.post("/api/token/", json={"username": name, "password": password})
    assert unauthorized(answer) == {"detail": "No active account found with the given credentials"}


def test_refresh_refusals(client: FlaskClient, session: Session, actor: Actor) -> None:
    def refresh(token: str) -> Any:
        # A stale Authorization header beside it must not change the answer.
        return client.post("/api/token/refresh/", json={"refresh": token}, headers=bearer("stale"))

    pair = jwt_pair(client, actor.username)
    assert unauthorized(refresh("garbage")) == NOT_VALID
    assert unauthorized(refresh(pair["access"])) == {
        "detail": "Token has wrong type",
        "code": "token_not_valid",
    }
    expired = old_pair(session, actor, timedelta(days=2)).refresh
    assert unauthorized(refresh(expired)) == {
        "detail": "Token is expired",
        "code": "token_not_valid",
    }
    for change in ({"is_active": False}, {"deleted_at": wall_now()}):
        session.execute(update(User).values(is_active=True, deleted_at=None))
        session.execute(update(User).values(**change))
        session.commit()
        assert unauthorized(refresh(pair["refresh"])) == {
            "detail": "No active account found for the given token."
        }


def test_verify_refusals(client: FlaskClient, session: Session, actor: Actor) -> None:
    def verify(token: str) -> Any:
        return client.post("/api/token/verify/", json={"token": token})

    assert unauthorized(verify("garbage")) == NOT_VALID
    expired = old_pair(session, actor, timedelta(minutes=6)).access
    assert unauthorized(verify(expired)) == {
        "detail": "Token is expired",
        "code": "token_not_valid",
    }
    pair = jwt_pair(client, actor.username)
    session.execute(update(User).values(credential_version=2))
    session.commit()
    assert unauthorized(verify(pair["refresh"])) == NOT_VALID


def protected(client: FlaskClient, header: str | None) -> Any:
    headers = {} if header is None else {"Authorization": header}
    answer = client.get("/api/users/me/", headers=headers)
    document = unauthorized(answer)
    assert answer.mimetype == "application/problem+json"
    assert document["status"] == 401
    return document


def not_valid(message: str) -> dict[str, Any]:
    return {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": message}],
    }


def assert_holds(document: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: document.get(name) for name in expected} == expected


@pytest.mark.parametrize("header", [None, "", "Basic dXNlcjpwYXNz", "Token abc", "JWT x"])
def test_protected_without_a_bearer(client: FlaskClient, header: str | None) -> None:
    document = protected(client, header)
    assert document["detail"] == "Authentication credentials were not provided."


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "bearer a b c"])
def test_protected_with_a_broken_header(client: FlaskClient, header: str) -> None:
    assert_holds(
        protected(client, header),
        {
            "detail": "Authorization header must contain two space-delimited values",
            "code": "bad_authorization_header",
        },
    )


def test_protected_with_bad_tokens(client: FlaskClient, session: Session, actor: Actor) -> None:
    pair = jwt_pair(client, actor.username)
    expired = old_pair(session, actor, timedelta(minutes=6)).access
    for token, message in (
        ("garbage", "Token is invalid"),
        ("ss_garbage", "Token is invalid"),
        ("a.b.c", "Token is invalid"),
        (pair["access"][:-2], "Token is invalid"),
        (pair["refresh"], "Token has wrong type"),
        (expired, "Token is expired"),
    ):
        assert_holds(protected(client, f"Bearer {token}"), not_valid(message))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"is_active": False}, {"detail": "User is inactive", "code": "user_inactive"}),
        ({"deleted_at": wall_now()}, {"detail": "User not found", "code": "user_not_found"}),
    ],
)
def test_protected_with_a_closed_account(
    client: FlaskClient, session: Session, actor: Actor, change: Any, expected: Any
) -> None:
    access = jwt_pair(client, actor.username)["access"]
    session.execute(update(User).values(**change))
    session.commit()
    assert_holds(protected(client, f"Bearer {access}"), expected)


def test_a_deleted_row_is_401_and_no_crash(
    client: FlaskClient, session: Session, actor: Actor
) -> None:
    pair = jwt_pair(client, actor.username)
    session.query(User).delete()
    session.commit()
    assert_holds(protected(client, f"Bearer {pair['access']}"), {"code": "user_not_found"})
    answer = client.post("/api/token/refresh/", json={"refresh": pair["refresh"]})
    assert unauthorized(answer) == {"detail": "No active account found for the given token."}


def test_a_header_beats_the_cookie(
    client: FlaskClient, login: Callable[[Actor], FlaskClient], actor: Actor
) -> None:
    browser = login(actor)
    assert browser.get("/api/users/me/").status_code == 200
    for header in ("Basic x", "Bearer garbage"):
        answer = browser.get("/api/users/me/", headers={"Authorization": header})
        assert answer.status_code == 401
        answer = browser.get("/profile", headers={"Authorization": header})
        assert answer.status_code in (303, 401)
