"""The emulated providers and a desk that asks them, with counters in this worker's Valkey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from stocksite.core import database
from stocksite.market.providers import setup
from stocksite.market.providers.http import Bounds
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.traffic.breaker import BreakerRules
from stocksite.settings import Settings
from tests import servers as throwaway
from tests.emulator import Emulator

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
