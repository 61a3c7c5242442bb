from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from stocksite.auth import identity
from stocksite.auth.service import known_session
from stocksite.core.actor import Actor
from tests.auth.helpers import (
    NEW_PASSWORD,
    session_cookie,
    submit,
)
from tests.conftest import PASSWORD


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
