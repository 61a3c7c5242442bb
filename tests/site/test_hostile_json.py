"""Hostile values in every field of every JSON body, every parameter and every path of the API.

The fields come from the OpenAPI document, so what a room adds is covered with it. A refusal is
4xx as problem+json with a sentence, and leaves every table as it was; what is accepted has to be
legal for that field, as its own schema says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy.orm import Session

from stocksite.portfolios.service.proof import verify_everything
from tests.site.hostile_members import GOOD, HOSTILE, IN_TEXT, TWO_YEARS, Operation, legal
from tests.site.photographs import Photographs
from tests.site.world import MakeUser, Watch, World, build, differences, fingerprint


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return found


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described)


def _schema(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def _good_body(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    """The document's own example, completed with the required fields."""
    assert operation.body is not None
    schema = _schema(document, operation.body["schema"])
    required = {name: GOOD[name] for name in schema.get("required", ()) if name in GOOD}
    example: dict[str, Any] = operation.body.get("example", {})
    played = TWO_YEARS if set(TWO_YEARS) <= set(schema["properties"]) else {}
    return required | example | played


class Sender:
    """Sends an operation's requests as the owner of a world."""

    def __init__(self, app: Flask, world: World) -> None:
        self.browser, self.world = app.test_client(), world
        self.headers = {"Authorization": f"Bearer {world.token}"}

    def path(self, operation: Operation, **other: str) -> str:
        """The path with the owner's ids, or with what a test puts in their place."""
        ids = {name: str(value) for name, value in self.world.ids.items()} | other
        return re.sub(r"\{(\w+)\}", lambda m: quote(ids[m[1]], safe=""), operation.path)

    def __call__(self, operation: Operation, body: str | None, path: str = "") -> Any:
        options: dict[str, Any] = {"headers": self.headers}
        if body is not None:
            options |= {"data": body.encode("utf-8"), "content_type": "application/json"}
        return self.browser.open(path or self.path(operation), method=operation.method, **options)


@pytest.fixture
def send(app: Flask, keep: Callable[..., Any], session: Session, make_user: MakeUser) -> Sender:
    world: World = keep("owner", lambda: build(session, make_user("owner")))
    return Sender(app, world)


def test_the_document_has_the_operations(document: dict[str, Any]) -> None:
    """The control: there is something to attack."""
    found = list(_operations(document))
    assert len(found) > 30
    assert len([operation for operation in found if operation.body]) > 8


def test_hostile_values_in_every_body(
    document: dict[str, Any],
    send: Sender,
    session: Session,
    redis: Redis,
    photographs: Photographs,
    subtests: pytest.Subtests,
) -> None:
    for operation in _operations(document):
        if operation.body is None:
            continue
        photographs.restore("owner")  # what one before this did is none of its business
        fields = _schema(document, operation.body["schema"])["properties"]
        for name in fields:
            with subtests.test(f"{operation.method} {operation.path} {name}"):
                _attack(operation, name, _good_body(document, operation), send, session, redis)
        session.rollback()
        assert [proof for proof in verify_everything(session) if not proof.ok] == []
        session.rollback()


def _attack(
    operation: Operation,
    name: str,
    good: dict[str, Any],
    send: Sender,
    session: Session,
    redis: Redis,
) -> None:
    watch = Watch(session)
    for label, raw in HOSTILE.items():
        redis.flushdb()  # a 429 would hide the answer asked for here
        body = json.dumps(good | {name: "@@"}).replace('"@@"', raw)
        answer = send(operation, body)
        where = f"{label} in {name} of {operation.method} {operation.path}"
        if answer.status_code >= 400:
            _check_refusal(answer, where)
            changed = watch.changed()
            assert changed == [], f"{where} was refused and still changed {changed}"
        else:
            assert legal(operation, name, label), f"{where} was accepted: {answer.text[:300]}"
            watch.look()


def _check_refusal(answer: Any, where: str) -> None:
    assert answer.status_code < 500, f"{where}: {answer.status_code} {answer.text[:300]}"
    assert len(answer.data) < 5_000, f"{where}: the answer repeats what was sent"
    told = answer.get_json()
    if answer.mimetype == "application/problem+json":
        assert len(told["detail"]) > 10, where
        assert told["status"] == answer.status_code, where
    else:  # simplejwt's own shapes, without a type
        assert answer.mimetype == "application/json", where
        assert told, where


def test_bodies_that_are_no_object(
    document: dict[str, Any], send: Sender, session: Session, subtests: pytest.Subtests
) -> None:
    before = fingerprint(session)
    bodies = ["", "{", "[]", "null", "1", '"text"', '{"a": 1,}', '{"a": 1}{', "\ufeff{}", "{}"]
    bodies += ['{"name": "a", "name": "b"}', "[" * 100_000, '{"\\ud800": 1}', '{"\\u0000": 1}']
    for operation in _operations(document):
        if operation.body is None:
            continue
        with subtests.test(f"{operation.method} {operation.path}"):
            required = _schema(document, operation.body["schema"]).get("required", ())
            for body in bodies:
                answer = send(operation, body)
                if body == "{}" and not required:
                    assert answer.status_code < 500
                    continue
                assert 400 <= answer.status_code < 500, f"{body[:40]!r}: {answer.status_code}"
                assert answer.get_json(), body[:40]
    changed = differences(before, fingerprint(session))
    assert changed in ([], ["watchlist_item"]), changed  # an empty PUT clears note and levels


def test_hostile_values_in_every_parameter(
    document: dict[str, Any], send: Sender, session: Session, subtests: pytest.Subtests
) -> None:
    before = fingerprint(session)
    for operation in _operations(document):
        for parameter in operation.described.get("parameters", ()):
            if parameter.get("in") != "query":
                continue
            with subtests.test(f"{operation.method} {operation.path} {parameter['name']}"):
                for label, value in IN_TEXT.items():
                    path = f"{send.path(operation)}?{quote(parameter['name'])}={quote(value)}"
                    answer = send(operation, None, path)
                    if answer.status_code >= 400:
                        _check_refusal(answer, f"{label} in {parameter['name']}")
    assert differences(before, fingerprint(session)) == []


def test_hostile_values_in_every_path(
    document: dict[str, Any], send: Sender, session: Session, subtests: pytest.Subtests
) -> None:
    """Nobody's id: 404, or 422 for what can be no symbol. Nothing changes."""
    before = fingerprint(session)
    for operation in _operations(document):
        body = json.dumps(_good_body(document, operation)) if operation.body else None
        for name in re.findall(r"\{(\w+)\}", operation.path):
            with subtests.test(f"{operation.method} {operation.path} {name}"):
                for label, value in IN_TEXT.items():
                    if not value.strip() or value == str(send.world.ids[name]):
                        continue  # another path, or what the owner has
                    answer = send(operation, body, send.path(operation, **{name: value}))
                    assert answer.status_code in (400, 404, 422), f"{label}: {answer.status_code}"
                    _check_refusal(answer, label)
    assert differences(before, fingerprint(session)) == []


def test_hostile_headers(send: Sender, session: Session, subtests: pytest.Subtests) -> None:
    before = fingerprint(session)
    values = ["", "Bearer", "Bearer a b", "Bearer 🧨".encode().decode("latin-1"), "Basic YTpi"]
    values += ["Bearer " + "x" * 8_000, "Bearer ss_", "Bearer e30.e30.e30", "Bearer null"]
    for value in values:
        with subtests.test(value[:30]):
            answer = send.browser.get("/api/users/me/", headers={"Authorization": value})
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    keys = ["", " ", "x" * 256, "caf\xe9", "🧨".encode().decode("latin-1")]
    for key in keys:
        with subtests.test(f"key {key[:10]!r}"):
            answer = send.browser.post(
                send.path(Operation("POST", "/api/portfolios/{portfolio_id}/orders/", {})),
                json={"symbol": "AAPL", "side": "buy", "quantity": "1"},
                headers=send.headers | {"Idempotency-Key": key},
            )
            assert answer.status_code == 400
            assert answer.get_json()["code"] == "invalid-idempotency-key"
    assert differences(before, fingerprint(session)) == []
