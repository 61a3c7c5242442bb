"""A tiny site for the supervisor's tests: a page, and commands that work until they are stopped."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from types import FrameType

import psycopg2


def _connect() -> psycopg2.extensions.connection:
    return psycopg2.connect(os.environ["DATABASE_URL"].replace("+psycopg2", ""))


def wsgi(environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
    """Answers /healthz, and / with the number of times the site was prepared."""
    start("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/healthz":
        return [b"ok"]
    with _connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM prepared")
        (count,) = cursor.fetchone() or (0,)
    return [f"prepared {count} times".encode()]


def _database_state() -> str:
    try:
        _connect().close()
    except psycopg2.Error:
        return "is gone"
    return "answers"


def _say_at_exit() -> None:
    print(f"web stops while the database {_database_state()}", flush=True)


atexit.register(_say_at_exit)  # runs in gunicorn's workers, which import this module


def prepare() -> None:
    """Count this start in the database, slowly if told to."""
    time.sleep(float(os.environ.get("STANDIN_PREPARE_S", "0")))
    with _connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS prepared (at timestamptz)")
        cursor.execute("INSERT INTO prepared VALUES (now())")


def run_until_stopped(name: str) -> None:
    """Be a worker: with a child of its own in another process group, as RQ has."""

    def stop(number: int, frame: FrameType | None) -> None:
        print(f"{name} stops while the database {_database_state()}", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    print(f"{name} works", flush=True)
    worker = os.getpid()
    if name == "worker" and os.fork() == 0:
        from stocksite.embedded.process import die_with_parent

        os.setpgrp()
        if "STANDIN_STUBBORN" not in os.environ:
            die_with_parent(worker)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    atexit.unregister(_say_at_exit)
    if sys.argv[1] == "prepare":
        prepare()
    elif sys.argv[1] == "fail":
        sys.exit("the sample market is missing")
    else:
        run_until_stopped(sys.argv[1])
