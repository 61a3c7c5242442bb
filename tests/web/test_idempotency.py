"""One key, one effect: repeats get the first answer, and nobody gets another's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.idempotency import purge_idempotency_keys
from stocksite.core.models import IdempotencyKey
from stocksite.web import idempotency
from tests.web import probes

PATH = "/api/probes/"
KEY = {"Idempotency-Key": "2f1c8f4e-0001"}
BODY = {"name": "one", "cash": "12.50"}


def count(session: Session, table: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_repeat_gets_the_first_answer_again(call: Callable[..., Any], session: Session) -> None:
    first = call("POST", PATH, json=BODY, headers=KEY)
    again = call("POST", PATH, json=BODY, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    assert first.headers["Content-Type"] == again.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(session, probes.ROWS) == 1


def test_without_a_key_twice_is_twice(call: Callable[..., Any], session: Session) -> None:
    assert call("POST", PATH, json=BODY).json != call("POST", PATH, json=BODY).json
    assert count(session, probes.ROWS) == 2
    assert count(session, IdempotencyKey) == 0


@pytest.mark.parametrize(
    "body", ['{"cash":"12.50","name":"one"}', '{ "name" : "one",\n "cash": "12.50"}']
)
def test_the_same_content_written_otherwise_is_the_same(
    call: Callable[..., Any], session: Session, body: str
) -> None:
    call("POST", PATH, json=BODY, headers=KEY)
    again = call("POST", PATH, data=body, content_type="application/json", headers=KEY)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_with_and_without_the_last_slash_is_the_same(call: Callable[..., Any]) -> None:
    call("POST", PATH, json=BODY, headers=KEY)
    again = call("POST", PATH.rstrip("/"), json=BODY, headers=KEY)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("body", [{"name": "two", "cash": "12.50"}, {"name": "one"}])
def test_another_body_is_422(
    call: Callable[..., Any], session: Session, body: dict[str, Any]
) -> None:
    call("POST", PATH, json=BODY, headers=KEY)
    other = call("POST", PATH, json=body, headers=KEY)
    assert other.status_code == 422
    assert other.json["code"] == "idempotency-key-reused"
    assert count(session, probes.ROWS) == 1


@pytest.mark.parametrize("path", ["/api/copies/", PATH + "?x=1"])
def test_another_address_is_422(call: Callable[..., Any], session: Session, path: str) -> None:
    call("POST", PATH, json=BODY, headers=KEY)
    assert call("POST", path, json=BODY, headers=KEY).status_code == 422
    assert count(session, probes.ROWS) == 1


def test_two_people_may_use_one_key(
    probe_app: Flask, session: Session, make_user: Callable[..., Actor]
) -> None:
    answers = []
    for _ in range(2):
        headers = {"X-Probe": f"{make_user().user_id} token write 0", **KEY}
        answers.append(probe_app.test_client().post(PATH, json=BODY, headers=headers))
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json != answers[1].json
    assert count(session, probes.ROWS) == 2


def test_strangers_repeat_too(anonymous: Callable[..., Any], session: Session) -> None:
    first = anonymous("POST", "/api/strangers/", json={"weight": 1}, headers=KEY)
    again = anonymous("POST", "/api/strangers/", json={"weight": 1}, headers=KEY)
    assert first.data == again.data
    other = anonymous("POST", "/api/strangers/", json={"weight": 0.5}, headers=KEY)
    assert other.status_code == 422
    assert count(session, probes.ROWS) == 1


def test_a_refusal_is_not_kept(call: Callable[..., Any], session: Session) -> None:
    assert call("POST", PATH, json={"name": ""}, headers=KEY).status_code == 422
    refused = call("POST", PATH, json={"name": "one", "fail": True}, headers=KEY)
    assert refused.json["code"] == "insufficient-shares"
    assert count(session, IdempotencyKey) == 0
    assert count(session, probes.ROWS) == 0
    assert call("POST", PATH, json=BODY, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "\x7f", "tab\there"])
def test_a_key_that_cannot_be_kept_is_400(
    call: Callable[..., Any], session: Session, key: str
) -> None:
    answer = call("POST", PATH, json=BODY, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid-idempotency-key"
    assert count(session, probes.ROWS) == 0


def test_the_longest_key_is_kept(call: Callable[..., Any]) -> None:
    headers = {"Idempotency-Key": "~" * 255}
    call("POST", PATH, json=BODY, headers=headers)
    assert "Idempotent-Replayed" in call("POST", PATH, json=BODY, headers=headers).headers


def test_other_methods_do_not_care(call: Callable[..., Any], session: Session) -> None:
    assert call("DELETE", "/api/probes/1/", headers={"Idempotency-Key": ""}).status_code == 204
    assert call("GET", "/api/probes/1/", headers={"Idempotency-Key": ""}).status_code == 200


def test_fifty_at_once_have_one_effect_and_fifty_equal_answers(
    probe_app: Flask, actor: Actor, session: Session
) -> None:
    headers = {"X-Probe": f"{actor.user_id} token write 0", **KEY}
    start = threading.Barrier(50)

    def post(_: int) -> tuple[int, bytes, str, str | None]:
        client = probe_app.test_client()
        start.wait(30)
        answer = client.post(PATH, json=BODY, headers=headers)
        replayed = answer.headers.get("Idempotent-Replayed")
        return answer.status_code, answer.data, answer.headers["Location"], replayed

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))
    assert {answer[:3] for answer in answers} == {answers[0][:3]}
    assert answers[0][0] == 201
    assert sorted(str(answer[3]) for answer in answers) == ["None"] + ["true"] * 49
    assert count(session, probes.ROWS) == 1


def test_who_waits_for_a_loser_becomes_the_first(
    probe_app: Flask, actor: Actor, session: Session
) -> None:
    """The first request fails after its claim: the second, which waited, does the work."""
    headers = {"X-Probe": f"{actor.user_id} token write 0", **KEY}
    probes.gate.clear()
    try:
        with ThreadPoolExecutor(2) as pool:
            loser = pool.submit(
                probe_app.test_client().post,
                PATH,
                json={"name": "one", "fail": True},
                headers=headers,
            )
            _until_claimed(session)
            winner = pool.submit(probe_app.test_client().post, PATH, json=BODY, headers=headers)
            _until_waiting(session)
            probes.gate.set()
            assert loser.result(30).status_code == 422
            assert winner.result(30).status_code == 201
    finally:
        probes.gate.set()
    assert count(session, probes.ROWS) == 1


def _until(session: Session, query: str) -> None:
    for _ in range(1000):
        session.rollback()
        if session.scalar(text(query)):
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"never: {query}")


def _until_claimed(session: Session) -> None:
    _until(
        session,
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        " AND datname = current_database() AND query LIKE '%INSERT INTO probe_row%'",
    )


def _until_waiting(session: Session) -> None:
    _until(
        session,
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND query LIKE '%idempotency_key%'",
    )


def test_after_a_day_a_key_is_new_again(call: Callable[..., Any], session: Session) -> None:
    call("POST", PATH, json=BODY, headers=KEY)
    session.execute(
        update(IdempotencyKey).values(created_at=wall_now() - timedelta(hours=24, seconds=1))
    )
    session.commit()
    again = call("POST", PATH, json={"name": "another"}, headers=KEY)
    assert again.status_code == 201
    assert again.json["name"] == "another"
    assert count(session, IdempotencyKey) == 1


def test_purging_keeps_a_day(call: Callable[..., Any], session: Session) -> None:
    for number in range(3):
        call("POST", PATH, json=BODY, headers={"Idempotency-Key": f"key{number}"})
    now = wall_now()
    assert purge_idempotency_keys(session, now + timedelta(hours=23)) == 0
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.id == select(func.min(IdempotencyKey.id)).scalar_subquery())
        .values(created_at=now - timedelta(hours=25))
    )
    assert purge_idempotency_keys(session, now) == 1
    assert purge_idempotency_keys(session, now + timedelta(hours=25)) == 2


def test_what_is_stored_tells_nothing(call: Callable[..., Any], session: Session) -> None:
    """Neither the client's key nor the answer can be read from the table."""
    call("POST", PATH, json={"name": "ss_secret_token"}, headers=KEY)
    row = session.scalars(select(IdempotencyKey)).one()
    stored = f"{row.key} {row.request_hash} {row.body}"
    assert "secret" not in stored
    assert KEY["Idempotency-Key"] not in stored


def test_sealing_comes_back_and_differs_every_time() -> None:
    secret = b"k" * 32
    for data in (b"", b"x", "ä".encode() * 5000):
        assert idempotency.unseal(secret, idempotency.seal(secret, data)) == data
    assert idempotency.seal(secret, b"same") != idempotency.seal(secret, b"same")
    assert idempotency.unseal(b"j" * 32, idempotency.seal(secret, b"same")) != b"same"
