"""The emulated providers and a desk that asks them, with counters in this worker's Valkey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

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
SETTINGS = Settings(
    app_env="test",
    market="live",
    massive_api_key=MASSIVE_KEY,
    alpha_vantage_api_key=ALPHA_KEY,
    yahoo_enabled=True,
)
QUICK = Manners(interactive=True, patience_s=3.0, retries=1, backoff_s=0.02)
BOUNDS = Bounds(connect_s=1.0, read_s=0.5, total_s=1.2)
WIDE = "1000/day"


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
def make_desk(emulator: Emulator, valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> MakeDesk:
    """A desk over the emulator; limits are wide unless a test narrows them."""
    monkeypatch.setattr(setup, "LIMITS", dict.fromkeys(setup.LIMITS, WIDE))

    def make(
        manners: Manners = QUICK,
        bounds: Bounds = BOUNDS,
        rules: BreakerRules | None = None,
        limits: str | None = None,
        **changes: Any,
    ) -> Desk:
        if limits is not None:
            monkeypatch.setattr(setup, "LIMITS", dict.fromkeys(setup.LIMITS, limits))
        settings = replace(SETTINGS, **emulator.settings(), **changes)
        return setup.open_desk(
            settings, valkey, manners, now=lambda: emulator.world.now, bounds=bounds, rules=rules
        )

    return make


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A desk with every provider switched on."""
    return make_desk()
