"""A real site for a browser: gunicorn on its own database, and a market that a test moves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.auth.passwords import hash_password
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.database import engine_options
from stocksite.core.queue import connect_queue, connection
from stocksite.market.reading import MarketState
from stocksite.market.service import clock
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, matching, orders, snapshots
from stocksite.watchlist import service as watchlist
from tests.conftest import PASSWORD, SETTINGS

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 30


@dataclass
class Live:
    """The site as a person reaches it, and the strings behind the scenery."""

    url: str
    engine: Engine
    redis: Redis
    wall: object = field(default_factory=wall_now)
    """Wall time as the market's clock sees it; a test lets it pass."""

    @contextmanager
    def work(self) -> Iterator[Session]:
        """One transaction, after which polling pages are told what changed."""
        before = connection()
        connect_queue(self.redis)
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            connect_queue(before)

    @property
    def state(self) -> MarketState:
        """Where the market stands."""
        with self.work() as session:
            return clock.state(session)

    def tick(self, seconds: float = 1.0) -> MarketState:
        """One tick of the clock, and at once what the worker would do after it."""
        self.wall += timedelta(seconds=seconds)  # type: ignore[operator]
        with self.work() as session:
            tick = clock.tick(session, self.wall, lambda day: True)  # type: ignore[arg-type]
        matching.match_all(self.work)
        if tick.closed is not None:
            with self.work() as session:
                snapshots.take(session, tick.closed)
        state = self.state
        clock.publish(self.redis, state)
        return state

    def until(self, phase: str) -> MarketState:
        """Tick until the market is in a phase."""
        for _ in range(500):
            if self.state.phase == phase:
                return self.state
            self.tick()
        raise AssertionError(f"never {phase}: {self.state}")

    def person(self, name: str, *, watching: tuple[str, ...] = ()) -> Actor:
        """An account with the tests' password, a portfolio of 100,000 and a watchlist."""
        with self.work() as session:
            user = User(
                username=name,
                email=f"{name}@example.com",
                password_hash=hash_password(PASSWORD),
                date_joined=wall_now(),
            )
            session.add(user)
            session.flush()
            actor = Actor(user.id, name)
            books.open_default(session, actor)
            for symbol in watching:
                watchlist.add(session, actor, symbol)
        return actor

    def buy(self, who: Actor, symbol: str, quantity: int) -> None:
        """Buy in somebody's default portfolio, as their script would."""
        with self.work() as session:
            book = books.default_of(session, who)
            request = OrderRequest(symbol, Side.BUY, Decimal(quantity))
            orders.place(session, who, book.id, request)

    def actor(self, name: str) -> Actor:
        """Somebody who exists."""
        with self.work() as session:
            return Actor(session.scalars(select(User.id).where(User.username == name)).one(), name)


@contextmanager
def running(database_url: str, redis_url: str) -> Iterator[Live]:
    """Serve the site until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = {
        "APP_ENV": "test",
        "SECRET_KEY": SETTINGS.secret_key,
        "JWT_KEY": SETTINGS.jwt_key,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DEMO": "1",
        "WEB_CONCURRENCY": "1",
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--log-level", "warning"),
        *("--bind", f"127.0.0.1:{port}", "--max-requests", "0", "wsgi:app"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **here})
    engine, redis = create_engine(database_url, **engine_options()), Redis.from_url(redis_url)
    try:
        live = Live(f"http://127.0.0.1:{port}", engine, redis)
        _wait(live.url, process)
        yield live
    finally:
        process.terminate()
        process.wait(30)
        redis.close()
        engine.dispose()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {process.returncode} before it answered")
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"gunicorn did not answer within {START_LIMIT_S} s")
