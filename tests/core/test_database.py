"""A connection whose server has gone is noticed before anybody works with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine, create_engine, event, text

from stocksite.core.database import ASK_AFTER_S, check_connection, engine_options
from stocksite.settings import Settings


@pytest.fixture
def pooled(settings: Settings) -> Iterator[Engine]:
    """An engine with the options all of ours have, and a pool of its own."""
    assert settings.database_url
    opened = create_engine(settings.database_url, **engine_options())
    yield opened
    opened.dispose()


def _process(engine: Engine) -> int:
    """One unit of work: the server process that did it."""
    with engine.begin() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _end(engine: Engine, process: int) -> None:
    """End another server process and see it gone."""
    with engine.connect() as connection:
        ended = "SELECT pg_terminate_backend(:process, 5000)"
        assert connection.execute(text(ended), {"process": process}).scalar_one()


def test_a_connection_that_lives_is_used_again(pooled: Engine) -> None:
    """The control: without it the next test would also pass with a new connection each time."""
    assert _process(pooled) == _process(pooled)


def test_a_connection_the_server_ended_is_replaced(pooled: Engine, engine: Engine) -> None:
    process = _process(pooled)
    _end(engine, process)
    assert _process(pooled) != process
    assert _process(pooled) == _process(pooled)


def test_without_the_check_the_next_unit_of_work_fails(settings: Settings, engine: Engine) -> None:
    assert settings.database_url
    careless = create_engine(settings.database_url)
    _end(engine, _process(careless))
    with pytest.raises(Exception, match=r"terminating connection|closed the connection"):
        _process(careless)
    careless.dispose()


def test_all_pooled_connections_that_ended_are_replaced(pooled: Engine, engine: Engine) -> None:
    with pooled.connect() as one, pooled.connect() as two:
        pids = [each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in (one, two)]
    for process in pids:
        _end(engine, process)
    with pooled.connect() as one, pooled.connect() as two:
        fresh = {each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in (one, two)}
    assert len(fresh) == 2
    assert not fresh & set(pids)


def test_after_long_silence_the_server_is_asked(
    pooled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network may forget a connection without a word on its socket."""
    process, asked = _process(pooled), list[str]()
    real = psycopg2.extensions.cursor.execute

    class Told(psycopg2.extensions.cursor):
        def execute(self, sql: Any, *rest: Any) -> Any:
            asked.append(sql)
            return real(self, sql, *rest)

    @event.listens_for(pooled, "checkin")
    def note(connection: Any, record: Any) -> None:
        connection.cursor_factory = Told

    assert _process(pooled) == process
    asked.clear()
    _process(pooled)
    assert "SELECT 1" not in asked, "a connection just used is not asked"
    later = time.monotonic() + ASK_AFTER_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert _process(pooled) == process
    assert asked.count("SELECT 1") == 1


def test_every_engine_has_the_check(engine: Engine) -> None:
    assert event.contains(engine.pool, "checkout", check_connection)
