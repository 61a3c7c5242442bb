from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from stocksite.auth.service import Throttle
from stocksite.auth.service import throttle as module
from stocksite.core.actor import Actor
from stocksite.core.errors import ProviderUnavailable, TooManyRequests, Unauthenticated
from tests.auth.helpers import submit, try_login
from tests.conftest import PASSWORD


def fail(throttle: Throttle, account: str = "ada", address: str = "192.0.2.1") -> None:
    with pytest.raises(Unauthenticated), throttle.attempt(account, address):
        raise module.wrong_credentials()


def test_the_sixth_wrong_attempt_waits(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(5):
        fail(throttle)
    with pytest.raises(TooManyRequests) as raised, throttle.attempt("ADA", "198.51.100.1"):
        pytest.fail("the password was looked at")
    assert 1 <= raised.value.retry_after_s <= 60
    assert str(raised.value.retry_after_s) in raised.value.detail


def test_it_counts_per_address_too(redis: Redis) -> None:
    throttle = Throttle(redis)
    for number in range(5):
        fail(throttle, f"user{number}", "2001:db8::1")
    with pytest.raises(TooManyRequests), throttle.attempt("somebody", "2001:db8::ffff"):
        pass
    with throttle.attempt("somebody", "2001:db8:1::1"):
        pass


def test_waiting_does_not_lengthen_the_wait(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(5):
        fail(throttle)
    keys = redis.keys("throttle:*")
    assert len(keys) == 2
    for key in keys:
        redis.expire(key, 7)
    for _ in range(20):
        with pytest.raises(TooManyRequests) as raised, throttle.attempt("ada", "192.0.2.1"):
            pass
        assert raised.value.retry_after_s <= 7
    assert {redis.get(key) for key in keys} == {b"5"}
    for key in keys:  # the minute passes
        redis.delete(key)
    fail(throttle)


def test_right_passwords_are_never_counted(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(4):
        fail(throttle)
    for _ in range(20):
        with throttle.attempt("ada", "192.0.2.1"):
            pass
    assert {redis.get(key) for key in redis.keys("throttle:*")} == {b"4"}


def test_every_key_ends(redis: Redis) -> None:
    throttle = Throttle(redis)
    with throttle.attempt("ada", "192.0.2.1"):
        redis.flushdb()  # the window ends while the password is looked at
    assert redis.keys("throttle:*")
    assert all(0 < redis.ttl(key) <= 60 for key in redis.keys("*"))


def test_a_burst_cannot_slip_past_the_count(redis: Redis) -> None:
    throttle = Throttle(redis)
    barrier = threading.Barrier(20)
    looked: list[int] = []

    def guess() -> None:
        barrier.wait()
        try:
            with throttle.attempt("ada", "192.0.2.1"):
                looked.append(1)
                raise module.wrong_credentials()
        except (Unauthenticated, TooManyRequests):
            pass

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(looked) <= 5


class AwayRedis(Redis):
    """Every command finds nobody."""

    def execute_command(self, *args: object, **options: object) -> object:
        raise RedisAway("away")

    def pipeline(self, *args: object, **options: object) -> object:  # type: ignore[override]
        raise RedisAway("away")


@pytest.mark.parametrize("redis_away", [None, AwayRedis()])
def test_without_redis_nobody_gets_in(redis_away: Redis | None) -> None:
    throttle = Throttle(redis_away)
    with pytest.raises(ProviderUnavailable), throttle.attempt("ada", "192.0.2.1"):
        pytest.fail("the password was looked at")
    with pytest.raises(ProviderUnavailable):
        throttle.registration("192.0.2.1")


def test_registrations_end_somewhere(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(100):
        throttle.registration("192.0.2.1")
    with pytest.raises(TooManyRequests, match="100 accounts"):
        throttle.registration("192.0.2.1")
    throttle.registration("192.0.2.2")


def test_login_page_throttles(client: FlaskClient, actor: Actor) -> None:
    for _ in range(5):
        assert try_login(client, actor.username, "wrong password").status_code == 422
    answer = try_login(client, actor.username, PASSWORD)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    page = answer.get_data(as_text=True)
    assert "5 wrong attempts" in page
    assert f'value="{actor.username}"' in page


def test_login_page_throttles_unknown_names_alike(client: FlaskClient, actor: Actor) -> None:
    statuses = [try_login(client, "nobody", "wrong password").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_api_and_page_share_the_count(client: FlaskClient, actor: Actor) -> None:
    body = {"username": actor.username, "password": "wrong password"}
    for _ in range(5):
        assert client.post("/api/token/", json=body).status_code == 401
    answer = client.post("/api/token/", json={**body, "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "detail" in answer.get_json()
    assert try_login(client, actor.username).status_code == 429


def test_confirming_a_password_is_throttled(
    login: Callable[[Actor], FlaskClient], actor: Actor
) -> None:
    browser = login(actor)
    form = {"password": "wrong password", "confirm": actor.username}
    statuses = [submit(browser, "/profile/delete", form).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_login_says_503_while_redis_is_away(
    app: Flask, client: FlaskClient, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "redis", AwayRedis())
    answer = try_login(client, actor.username)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "Passwords cannot be checked right now" in answer.get_data(as_text=True)
    answer = client.post("/api/token/", json={"username": actor.username, "password": PASSWORD})
    assert answer.status_code == 503
