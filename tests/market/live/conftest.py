"""The emulated providers and a desk that asks them, with counters in this worker's Valkey."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from stocksite import create_app
from stocksite.auth.models import User
from stocksite.auth.passwords import hash_password
from stocksite.core import database, queue
from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.market.providers import setup
from stocksite.market.providers.http import Bounds
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.service import clock
from stocksite.market.traffic.breaker import BreakerRules
from stocksite.settings import Settings
from tests import servers as throwaway
from tests.conftest import PASSWORD, csrf_token
from tests.emulator import Emulator
from tests.emulator.world import Row, sample_rows

MASSIVE_KEY = "planted-massive-key-123"
ALPHA_KEY = "PLANTEDALPHA4567"
NOW = datetime(2012, 3, 1, 23, 0, tzinfo=UTC)
"""Thursday evening in New York: the session is over and settled."""
WIDE = "1000/day"


def limits_of(text: str) -> dict[str, str]:
    """The same limits for every provider."""
    return {f"{name}_limits": text for name in ("massive", "alpha_vantage", "yahoo", "marketwatch")}


SETTINGS = Settings(
    app_env="test",
    market="live",
    massive_api_key=MASSIVE_KEY,
    alpha_vantage_api_key=ALPHA_KEY,
    yahoo_enabled=True,
    **limits_of(WIDE),  # type: ignore[arg-type]
)
QUICK = Manners(interactive=True, patience_s=3.0, retries=1, backoff_s=0.02)
BOUNDS = Bounds(connect_s=1.0, read_s=0.5, total_s=1.2)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """All providers, at 2012-03-01 after the close."""
    with Emulator.running(NOW) as running:
        yield running


@pytest.fixture
def valkey(worker_id: str) -> Iterator[Redis]:
    """An empty numbered database that no other test uses."""
    there = throwaway.attach(os.environ)
    number = (there.redis_number(worker_id) + 32) % throwaway.REDIS_DATABASES
    connection = Redis.from_url(there.redis_url(number))
    connection.flushdb()
    yield connection
    connection.close()


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(emulator: Emulator, valkey: Redis) -> MakeDesk:
    """A desk over the emulator; limits are wide unless a test narrows them."""

    def make(
        manners: Manners = QUICK,
        bounds: Bounds = BOUNDS,
        rules: BreakerRules | None = None,
        limits: str | None = None,
        **changes: Any,
    ) -> Desk:
        narrowed = limits_of(limits or WIDE)
        settings = replace(SETTINGS, **emulator.settings(), **narrowed, **changes)
        return setup.open_desk(
            settings, valkey, manners, now=lambda: emulator.world.now, bounds=bounds, rules=rules
        )

    return make


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A desk with every provider switched on."""
    return make_desk()


@pytest.fixture
def redis_url(worker_id: str, valkey: Redis) -> str:
    """The URL of `valkey`, for other processes."""
    there = throwaway.attach(os.environ)
    return there.redis_url((there.redis_number(worker_id) + 32) % throwaway.REDIS_DATABASES)


@pytest.fixture(scope="session")
def live_engine(worker_id: str) -> Iterator[Engine]:
    """A database of its own, next to the sample's."""
    there = throwaway.attach(os.environ)
    url = there.clone_database(f"live_{worker_id}")
    opened = create_engine(url, **database.engine_options())
    yield opened
    opened.dispose()
    there.drop_database(url)


@pytest.fixture
def live(live_engine: Engine, emulator: Emulator) -> Iterator[Session]:
    """An empty live market; `unit_of_work()` leads to it for the length of the test."""
    before = database._factory
    factory = sessionmaker(live_engine, expire_on_commit=False)
    database._factory = factory
    with factory() as session:
        session.execute(
            text("TRUNCATE stock, market_clock, provider_fetch, unknown_listing CASCADE")
        )
        session.execute(
            text(
                "INSERT INTO market_clock (id, mode, phase, market_at, tick, speed, paused, "
                "ticked_at) VALUES (1, 'live', 'closed', :now, 1, 1, false, :now)"
            ),
            {"now": emulator.world.now},
        )
        session.commit()
        yield session
        session.rollback()
    database._factory = before


def bars_of(session: Session, symbol: str) -> dict[date, tuple[Any, ...]]:
    """What is stored of a symbol, by day: (open, high, low, close, volume, source)."""
    session.rollback()
    rows = session.execute(
        text(
            "SELECT b.date, b.open, b.high, b.low, b.close, b.volume, b.source FROM bar b "
            "JOIN stock s ON s.id = b.stock_id WHERE s.symbol = :symbol ORDER BY b.date"
        ),
        {"symbol": symbol},
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def count(session: Session, table: str, where: str = "true") -> int:
    """How many rows of a table fulfil a condition."""
    session.rollback()
    return int(session.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}")) or 0)


ROOT = Path(__file__).resolve().parents[3]


SECRETS = {"secret_key": "s" * 40, "jwt_key": "j" * 40}


Enter = Callable[..., FlaskClient]


Work = Callable[[], str]


def recent(like: str, until: date, n: int = 500) -> list[Row]:
    """The last sample bars of a symbol, moved to the sessions that end with `until`."""
    sessions = xnys().between(until - timedelta(days=2 * n), until)[-n:]
    rows = sample_rows(like)[-n:]
    return [replace(row, day=s.date) for row, s in zip(rows, sessions, strict=True)]


@pytest.fixture
def today(emulator: Emulator) -> date:
    """The emulator at the real time, where ACME has prices up to the last session."""
    emulator.world.now = wall_now()
    last = xnys().last_closed(wall_now() - timedelta(minutes=30))
    assert last is not None
    emulator.world.add("ACME", rows=recent("IBM", last.date), name="Acme Anvils")
    return last.date


@pytest.fixture
def site(
    live: Session,
    live_engine: Engine,
    valkey: Redis,
    redis_url: str,
    emulator: Emulator,
    today: date,
) -> Iterator[Flask]:
    live.execute(text('TRUNCATE job, "user" CASCADE'))
    clock.tick(live, wall_now(), lambda _: True)
    live.commit()
    url = live_engine.url.render_as_string(hide_password=False)
    made = create_app(
        replace(SETTINGS, **emulator.settings(), database_url=url, redis_url=redis_url, **SECRETS)  # type: ignore[arg-type]
    )
    made.testing = True
    yield made
    queue.connect_queue(None)


@pytest.fixture
def enter(site: Flask, live: Session) -> Enter:
    """A browser of a new account."""

    def make(name: str = "ada", admin: bool = False) -> FlaskClient:
        live.add(
            User(
                username=name,
                email=f"{name}@example.com",
                password_hash=hash_password(PASSWORD),
                date_joined=wall_now(),
                is_admin=admin,
            )
        )
        live.commit()
        browser = site.test_client()
        form = {"username": name, "password": PASSWORD}
        form["csrf_token"] = csrf_token(browser, "/login")
        assert browser.post("/login", data=form).status_code == 303
        return browser

    return make


@pytest.fixture
def work(site: Flask, emulator: Emulator) -> Work:
    """Run a real worker until the queues are empty; returns everything it wrote."""

    def run() -> str:
        settings = site.extensions["settings"]
        env = {
            **os.environ,
            **{name.upper(): url for name, url in emulator.settings().items()},
            **{name.upper(): value for name, value in SECRETS.items()},
            **{f"{n}_LIMITS": "1000/day" for n in ("MASSIVE", "ALPHA_VANTAGE", "YAHOO")},
            "MARKETWATCH_LIMITS": "1000/day",
            "APP_ENV": "test",
            "MARKET": "live",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "MASSIVE_API_KEY": MASSIVE_KEY,
            "ALPHA_VANTAGE_API_KEY": ALPHA_KEY,
            "YAHOO_ENABLED": "1",
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--burst"]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run
