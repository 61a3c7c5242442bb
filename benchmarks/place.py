"""Where benchmarks run: a prepared database on the servers of the environment, and gunicorn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.database import engine_options
from stocksite.desk.service.preparation import prepare_all
from stocksite.market.service import clock
from stocksite.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SECRETS = {"SECRET_KEY": "benchmark-" * 5, "JWT_KEY": "measured-" * 5}
START_LIMIT_S = 30


@dataclass(frozen=True)
class Place:
    """A migrated database with the sample market standing in an open session."""

    database_url: str
    redis_url: str
    engine: Engine

    @classmethod
    @contextmanager
    def open(cls, prepare: bool) -> Iterator[Place]:
        """Prepare the servers named by DATABASE_URL and REDIS_URL, which must be empty."""
        settings = Settings.from_env()
        if not settings.database_url or not settings.redis_url:
            sys.exit("Run `make bench`: the benchmarks need empty servers of their own.")
        engine = create_engine(settings.database_url, **engine_options())
        place = cls(settings.database_url, settings.redis_url, engine)
        if prepare:
            place._prepare(settings)
        try:
            yield place
        finally:
            engine.dispose()

    def _prepare(self, settings: Settings) -> None:
        for _ in prepare_all(settings, self.database_url):
            pass
        now = wall_now()
        with Session(self.engine) as session:
            while clock.state(session).phase != "open":
                now += timedelta(seconds=1)
                clock.tick(session, now, lambda day: True)
            clock.tick(session, now + timedelta(seconds=30), lambda day: True)
            session.commit()
            clock.publish(Redis.from_url(self.redis_url), clock.state(session))

    @contextmanager
    def serve(self, app: str, *, workers: int = 1) -> Iterator[int]:
        """gunicorn as in production, on a free port of this machine; yields the port."""
        port = _free_port()
        command = [
            *(sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")),
            *("--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--max-requests", "0"),
            *("--log-level", "warning", app),
        ]
        here = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, **SECRETS}
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **here})
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {process.returncode} before it answered")
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/-/cpu")
            connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"gunicorn did not answer within {START_LIMIT_S} s")
