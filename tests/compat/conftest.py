"""A started server for the old clients: gunicorn on its own database, with a market to move."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests import servers as throwaway
from tests.browser.live import Live, running
from tests.conftest import PASSWORD

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def started(worker_id: str) -> Iterator[Live]:
    """The site in an open session; tests share it, not its people."""
    from stocksite.market.service import clock
    from stocksite.settings import Settings

    there = throwaway.attach(os.environ)
    number = (there.redis_number(worker_id) + 24) % throwaway.REDIS_DATABASES
    database_url, redis_url = there.clone_database(f"compat_{worker_id}"), there.redis_url(number)
    with running(database_url, redis_url) as live:
        live.redis.flushdb()
        with live.work() as session:
            clock.start(session, Settings(), live.wall)  # type: ignore[arg-type]
        live.until("open")
        live.tick(20)
        yield live
    there.drop_database(database_url)


class Client:
    """An old script: knows its addresses, sends a bearer token, follows no redirect."""

    def __init__(self, live: Live, token: str | None = None) -> None:
        self._site = live.url
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **sent: Any) -> requests.Response:
        """Send exactly this, without another header than what is given."""
        return self._session.request(
            method, self._site + path, allow_redirects=False, timeout=60, **sent
        )


@pytest.fixture
def nobody(started: Live) -> Client:
    """A script without credentials."""
    return Client(started)


@pytest.fixture
def old_client(started: Live, nobody: Client) -> Client:
    """A script of a new account, with a JWT got the way the old clients got theirs."""
    who = started.person(f"old{next(_numbers)}")
    login = {"username": who.username, "password": PASSWORD}
    answer = nobody("POST", "/api/token/", json=login)
    assert answer.status_code == 200, answer.text
    return Client(started, answer.json()["access"])


Refused = Callable[..., None]


@pytest.fixture
def is_refused(nobody: Client) -> Refused:
    """Check that an address wants credentials: 401 for a script, the login for a browser."""

    def check(method: str, path: str) -> None:
        script = nobody(method, path)
        assert script.status_code == 401, (path, script.text[:200])
        assert script.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert script.headers["Content-Type"] == "application/problem+json"

    return check
