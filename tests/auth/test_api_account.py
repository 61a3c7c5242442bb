from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.models import PersonalToken, User
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from tests.auth.helpers import bearer, counts, jwt_pair
from tests.conftest import PASSWORD, csrf_token

GOOD = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
Login = Callable[[Actor], FlaskClient]


@pytest.fixture
def as_script(client: FlaskClient, actor: Actor) -> dict[str, str]:
    """The Authorization header of a JWT."""
    return bearer(jwt_pair(client, actor.username)["access"])


# --- users ----------------------------------------------------------------------------------------


def test_register(client: FlaskClient, session: Session) -> None:
    answer = client.post("/api/users/", json=GOOD)
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/users/me/"
    body = answer.get_json()
    assert set(body) == {
        *("id", "username", "email", "first_name", "last_name", "time_zone"),
        *("theme", "gain_colors", "date_joined", "last_login_at"),
    }
    assert (body["username"], body["email"]) == ("ada", "ada@example.com")
    assert body["date_joined"].endswith("Z")
    assert PASSWORD not in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers
    assert jwt_pair(client, "ada")


def test_register_does_not_tell_known_addresses(client: FlaskClient) -> None:
    first = client.post("/api/users/", json=GOOD)
    second = client.post("/api/users/", json={**GOOD, "username": "bob"})
    assert first.status_code == second.status_code == 201
    a, b = first.get_json(), second.get_json()
    varying = ("id", "username", "date_joined")
    assert {k: v for k, v in a.items() if k not in varying} == {
        k: v for k, v in b.items() if k not in varying
    }
    assert jwt_pair(client, "bob")


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({}, 422, {"username", "email", "password"}),
        ({**GOOD, "is_admin": True}, 400, {"is_admin"}),
        ({**GOOD, "any_password": True}, 400, {"any_password"}),
        ({**GOOD, "id": 7}, 400, {"id"}),
        ({**GOOD, "password": "short"}, 422, {"password"}),
        ({**GOOD, "password": "password1"}, 422, {"password"}),
        ({"username": "a", "email": "b", "password": "c"}, 422, {"username", "email", "password"}),
        ({**GOOD, "username": 7}, 422, {"username"}),
        ({**GOOD, "email": None}, 422, {"email"}),
        ({**GOOD, "first_name": ["x"]}, 422, {"first_name"}),
    ],
)  # fmt: skip
def test_register_refusals(
    client: FlaskClient, session: Session, body: Any, status: int, fields: set[str]
) -> None:
    answer = client.post("/api/users/", json=body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert {error["field"] for error in answer.get_json()["errors"]} == fields
    assert counts(session)[0] == 0


def test_a_taken_username_is_said(client: FlaskClient, actor: Actor) -> None:
    answer = client.post("/api/users/", json={**GOOD, "username": actor.username.upper()})
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "username-taken"


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_me_is_for_people_with_credentials(client: FlaskClient, method: str) -> None:
    answer = getattr(client, method)("/api/users/me/", json={"password": PASSWORD})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_patch_me(client: FlaskClient, actor: Actor, as_script: dict[str, str]) -> None:
    answer = client.patch("/api/users/me/", json={"first_name": "Ada"}, headers=as_script)
    assert answer.status_code == 200
    assert answer.get_json()["first_name"] == "Ada"
    answer = client.patch("/api/users/me/", json={"time_zone": "Asia/Tokyo"}, headers=as_script)
    body = answer.get_json()
    assert (body["first_name"], body["time_zone"]) == ("Ada", "Asia/Tokyo")
    assert client.get("/api/users/me/", headers=as_script).get_json() == body
    assert client.patch("/api/users/me/", json={}, headers=as_script).get_json() == body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": ""}, 422),
        ({"username": None}, 422),
        ({"theme": "pink"}, 422),
        ({"time_zone": "Mars"}, 422),
        ({"is_admin": True}, 400),
        ({"password": "another staple, long"}, 400),
        ({"credential_version": 1}, 400),
        ([], 400),
        ("x", 400),
    ],
)
def test_patch_me_refusals(
    client: FlaskClient,
    session: Session,
    actor: Actor,
    as_script: dict[str, str],
    body: Any,
    status: int,
) -> None:
    before = client.get("/api/users/me/", headers=as_script).get_json()
    answer = client.patch("/api/users/me/", json=body, headers=as_script)
    assert answer.status_code == status
    assert client.get("/api/users/me/", headers=as_script).get_json() == before


def test_delete_me(
    client: FlaskClient, session: Session, login: Login, actor: Actor, as_script: dict[str, str]
) -> None:
    browser = login(actor)
    wrong = client.delete("/api/users/me/", json={"password": "wrong"}, headers=as_script)
    assert wrong.status_code == 422
    assert client.delete("/api/users/me/", json={}, headers=as_script).status_code == 422
    assert session.scalars(select(User)).one().deleted_at is None
    session.rollback()
    answer = client.delete("/api/users/me/", json={"password": PASSWORD}, headers=as_script)
    assert (answer.status_code, answer.data) == (204, b"")
    assert session.scalars(select(User)).one().deleted_at is not None
    assert client.get("/api/users/me/", headers=as_script).status_code == 401
    assert browser.get("/profile").status_code == 303


def test_the_browsers_session_serves_with_its_csrf_token(login: Login, actor: Actor) -> None:
    browser = login(actor)
    body = {"first_name": "Ada"}
    assert browser.patch("/api/users/me/", json=body).status_code == 403
    headers = {"X-CSRFToken": csrf_token(browser, "/profile")}
    assert browser.patch("/api/users/me/", json=body, headers=headers).status_code == 200


# --- personal tokens ------------------------------------------------------------------------------


def test_tokens(
    client: FlaskClient, session: Session, actor: Actor, as_script: dict[str, str]
) -> None:
    body = {"name": "notebook", "scope": "read", "expires_in_days": 30}
    answer = client.post("/api/tokens/", json=body, headers=as_script)
    assert answer.status_code == 201
    made = answer.get_json()
    secret = made.pop("token")
    assert secret.startswith(made["prefix"])
    assert answer.headers["Location"] == f"/api/tokens/{made['id']}/"
    assert client.get(answer.headers["Location"], headers=as_script).get_json() == made
    listed = client.get("/api/tokens/", headers=as_script).get_json()
    assert listed == {"count": 1, "next": None, "previous": None, "results": [made]}
    assert client.get("/api/users/me/", headers=bearer(secret)).status_code == 200
    assert client.delete(f"/api/tokens/{made['id']}/", headers=as_script).status_code == 204
    assert client.get("/api/users/me/", headers=bearer(secret)).status_code == 401
    assert client.get(f"/api/tokens/{made['id']}/", headers=as_script).status_code == 404


def test_a_read_token_changes_nothing(client: FlaskClient, session: Session, actor: Actor) -> None:
    made = service.create_token(session, actor, name="x", scope="read", now=wall_now())
    session.commit()
    headers = bearer(made.token)
    assert client.get("/api/users/me/", headers=headers).status_code == 200
    for method, path, body in (
        ("patch", "/api/users/me/", {"first_name": "X"}),
        ("delete", "/api/users/me/", {"password": PASSWORD}),
        ("post", "/api/tokens/", {"name": "y"}),
        ("delete", f"/api/tokens/{made.id}/", None),
    ):
        assert getattr(client, method)(path, json=body, headers=headers).status_code == 403
    assert counts(session) == (1, 0, 1)


def test_a_write_token_makes_no_other(client: FlaskClient, session: Session, actor: Actor) -> None:
    made = service.create_token(session, actor, name="x", now=wall_now())
    session.commit()
    answer = client.post("/api/tokens/", json={"name": "y"}, headers=bearer(made.token))
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "token-not-enough"
    assert counts(session)[2] == 1


def test_strangers_tokens_do_not_exist(
    client: FlaskClient, session: Session, make_user: Callable[..., Actor]
) -> None:
    owner, stranger = make_user(), make_user()
    made = service.create_token(session, owner, name="x", now=wall_now())
    session.commit()
    headers = bearer(jwt_pair(client, stranger.username)["access"])
    for number in (made.id, made.id + 1, 0, 2**63 - 1, 2**63, 10**30):
        for method in ("get", "delete"):
            answer = getattr(client, method)(f"/api/tokens/{number}/", headers=headers)
            assert answer.status_code == 404 or number >= 2**63  # that is no address at all
            assert answer.status_code in (404, 405)
            answer = getattr(client, method)(f"/api/tokens/{number}/")
            assert answer.status_code in (401, 404, 405)
    assert client.get("/api/tokens/", headers=headers).get_json()["count"] == 0
    assert counts(session)[2] == 1


def test_tokens_in_pages(
    client: FlaskClient, session: Session, actor: Actor, as_script: dict[str, str]
) -> None:
    for number in range(3):
        service.create_token(session, actor, name=f"t{number}", now=wall_now())
    session.commit()
    page = client.get("/api/tokens/?page=2&page_size=2", headers=as_script).get_json()
    assert (page["count"], page["next"], [t["name"] for t in page["results"]]) == (3, None, ["t0"])
    assert page["previous"] is not None
    for query in ("page=0", "page_size=201", "page=x", "colour=red"):
        assert client.get(f"/api/tokens/?{query}", headers=as_script).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": ""}, 422),
        ({"name": None}, 422),
        ({"name": "x", "scope": "admin"}, 422),
        ({"name": "x", "expires_in_days": 0}, 422),
        ({"name": "x", "expires_in_days": 10**20}, 422),
        ({"name": "x", "expires_in_days": 1.5}, 422),
        ({"name": "x", "expires_in_days": "30"}, 422),
        ({"name": "x", "user_id": 1}, 400),
    ],
)
def test_bad_tokens(
    client: FlaskClient, session: Session, as_script: dict[str, str], body: Any, status: int
) -> None:
    assert client.post("/api/tokens/", json=body, headers=as_script).status_code == status
    assert counts(session)[2] == 0


def test_one_key_makes_one_token(
    client: FlaskClient, session: Session, as_script: dict[str, str]
) -> None:
    headers = {**as_script, "Idempotency-Key": "0d6f"}
    answers = [client.post("/api/tokens/", json={"name": "x"}, headers=headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert len(session.scalars(select(PersonalToken)).all()) == 1
