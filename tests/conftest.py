"""Fixtures on real servers: one throw-away PostgreSQL and Valkey per run, one database per worker.

The template holds the migrated schema and the sample market standing at 2009-01-02. A test that
commits gets its changes undone: tables that tests write are emptied before the next test.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker

from stocksite import create_app
from stocksite.auth.models import User
from stocksite.core import database
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.queue import connect_queue
from stocksite.desk.service.preparation import migrate
from stocksite.market.service import clock as market_clock
from stocksite.market.service import load
from stocksite.settings import Settings
from tests import servers as throwaway

SETTINGS = Settings(
    app_env="test",
    secret_key="test-secret-key-of-more-than-32-bytes",
    jwt_key="test-jwt-key-of-more-than-32-bytes!",
    demo=False,
)
KEPT = ("stock", "bar", "corporate_action", "symbol_directory", "alembic_version")
DELETED = ("provider_fetch",)
"""Emptied row by row: TRUNCATE would take the bars that may refer to it along."""
PASSWORD = "correct horse battery"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the xdist controller or the only process."""
    if hasattr(config, "workerinput") or throwaway.VARIABLE in os.environ:
        return
    started = throwaway.start()
    started.make_template(_fill_template)
    started.export(os.environ)
    config.add_cleanup(started.stop)


def _fill_template(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        migrate(connection)
        with Session(connection) as session:
            load.load_sample(session)
            session.commit()
    engine.dispose()


@pytest.fixture(scope="session")
def settings(worker_id: str) -> Settings:
    """Settings that name this worker's own database and Valkey number."""
    there = throwaway.attach(os.environ)
    url = there.clone_database(worker_id)
    redis_url = there.redis_url(there.redis_number(worker_id))
    return replace(SETTINGS, database_url=url, redis_url=redis_url)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """`gw0` … under xdist, `master` without."""
    workerinput = getattr(request.config, "workerinput", None)
    return workerinput["workerid"] if workerinput else "master"


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    """The worker's engine; also the one behind `unit_of_work()`."""
    assert settings.database_url
    opened = database.connect(settings.database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def app(settings: Settings, engine: Engine) -> Flask:
    """The application, built once per worker; it answers over http on localhost."""
    application = create_app(settings)
    application.testing = True
    return application


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    """This worker's Valkey, empty."""
    assert settings.redis_url
    connection = Redis.from_url(settings.redis_url)
    connection.flushdb()
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> None:
    """Before a test that uses the database: empty what tests write, set the market to its start."""
    if not {"engine", "app", "session", "client", "settings"} & set(request.fixturenames):
        return
    request.getfixturevalue("redis")
    opened: Engine = request.getfixturevalue("engine")
    tables = [t.name for t in database.Base.metadata.sorted_tables if t.name not in KEPT + DELETED]
    names = ", ".join(f'"{name}"' for name in tables)
    with Session(opened) as session:
        session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        for table in DELETED:
            session.execute(text(f"DELETE FROM {table}"))
        market_clock.start(session, request.getfixturevalue("settings"), wall_now())
        session.commit()
    connect_queue(None)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session as jobs have it; commit to let other sessions and requests see."""
    with sessionmaker(engine, expire_on_commit=False)() as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser nobody is logged in with."""
    return app.test_client()


_numbers = itertools.count(1)


@pytest.fixture
def make_user(session: Session) -> Callable[..., Actor]:
    """Make accounts with the password `correct horse battery`; without portfolios."""
    from stocksite.auth.passwords import hash_password

    def make(name: str | None = None, **fields: Any) -> Actor:
        username = name or f"user{next(_numbers)}"
        user = User(
            username=username,
            email=f"{username}@example.com",
            password_hash=hash_password(PASSWORD),
            date_joined=wall_now(),
            **fields,
        )
        session.add(user)
        session.commit()
        return Actor(user.id, user.username, is_admin=user.is_admin)

    return make


@pytest.fixture
def actor(make_user: Callable[..., Actor]) -> Actor:
    """One account."""
    return make_user()


@pytest.fixture
def login(app: Flask) -> Callable[[Actor], FlaskClient]:
    """A browser logged in as somebody, through the login form."""

    def enter(who: Actor) -> FlaskClient:
        browser = app.test_client()
        token = csrf_token(browser, "/login")
        answer = browser.post(
            "/login",
            data={"username": who.username, "password": PASSWORD, "csrf_token": token},
        )
        assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
        return browser

    return enter


def csrf_token(browser: FlaskClient, path: str) -> str:
    """The token a page carries for its forms and its htmx requests."""
    import re

    page = browser.get(path).get_data(as_text=True)
    found = re.search(r"X-CSRFToken&#34;: &#34;([^&]+)&#34;|X-CSRFToken\": \"([^\"]+)\"", page)
    found = found or re.search(r'name="csrf_token"[^>]*value="([^"]+)"()', page)
    assert found, f"no CSRF token on {path}"
    return found.group(1) or found.group(2)


class Market:
    """Drives the market clock in tests, as the clock process would."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.wall = wall_now()

    @property
    def state(self) -> Any:
        return market_clock.state(self.session)

    def tick(self, seconds: float = 1.0, gate: bool = True) -> Any:
        """One step of `seconds` wall seconds; commits."""
        self.wall += timedelta(seconds=seconds)
        result = market_clock.tick(self.session, self.wall, lambda day: gate)
        self.session.commit()
        return result

    def until(self, phase: str, limit: int = 2_000) -> Any:
        """Tick until the market is in a phase (`open`, `closing`, `closed`)."""
        for _ in range(limit):
            if self.state.phase == phase:
                return self.state
            self.tick()
        raise AssertionError(f"never {phase}: {self.state}")

    def open_next(self) -> Any:
        """On to the first tick of the next session."""
        if self.state.phase == "open":
            self.until("closing")
        return self.until("open")

    def run_session(self) -> date:
        """On to the close of the running (or next) session; after-close work is still due."""
        if self.state.phase != "open":
            self.until("open")
        return self.until("closing").session_date

    @property
    def at(self) -> datetime:
        return self.state.at


@pytest.fixture
def market(session: Session) -> Market:
    """The market clock, standing in the night before 2009-01-02."""
    return Market(session)


@pytest.fixture
def count_sql(engine: Engine, app: Flask) -> Callable[[], Any]:
    """`with count_sql() as statements:` collects the SQL that requests run."""
    from contextlib import contextmanager

    from stocksite.web.extensions import db

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        with app.app_context():
            target = db.engine
        event.listen(target, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(target, "before_cursor_execute", note)

    return counting
