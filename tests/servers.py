"""Throw-away PostgreSQL and Valkey for a test run, one pair for all xdist workers.

The xdist controller (or the only process) calls `start()`, migrates the template database once
and exports the servers to its environment; each worker picks them up with `attach()` and clones
its own database. With TEST_DATABASE_URL and TEST_REDIS_URL set, those servers are used instead.

    servers = start()                              # controller
    servers.make_template(migrate)                 # migrate(url) runs the migrations
    servers.export(os.environ)
    ...
    servers = attach(os.environ)                   # worker "gw1"
    url = servers.clone_database("gw1")            # ~15 ms
    redis_url = servers.redis_url(servers.redis_number("gw1"))
    ...
    servers.stop()                                 # controller

`python -m tests.servers COMMAND …` runs a command with DATABASE_URL and REDIS_URL naming such a
pair of empty servers, which end with it; `--durable` before the command is for benchmarks.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg2
from psycopg2 import sql
from sqlalchemy import URL, make_url

from stocksite.embedded.binaries import find_postgres, find_valkey
from stocksite.embedded.folders import socket_folder
from stocksite.embedded.postgres import Postgres
from stocksite.embedded.process import Child
from stocksite.embedded.unprivileged import server_identity
from stocksite.embedded.valkey import Valkey

VARIABLE = "STOCKSITE_TEST_SERVERS"
REDIS_DATABASES = 64
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
}


@dataclass
class Servers:
    """A reachable PostgreSQL and Valkey; `stop()` ends what `start()` started."""

    admin_url: str
    redis_base_url: str
    prefix: str
    """Begins the names of this run's databases, so that runs can share an external server."""
    _cleanup: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    @property
    def template(self) -> str:
        """The name of the database that clones are made from."""
        return f"{self.prefix}_template"

    def make_template(self, migrate: Callable[[str], None]) -> None:
        """Create the template database and let `migrate(url)` fill it, once per run."""
        self._recreate(self.template, "template0")
        migrate(self.database_url(self.template))

    def clone_database(self, name: str) -> str:
        """A fresh copy of the template (an older one of that name is dropped); returns its URL."""
        full = f"{self.prefix}_{re.sub(r'[^a-z0-9_]', '_', name.lower())}"
        self._recreate(full, self.template)
        return self.database_url(full)

    def empty_database(self, name: str) -> str:
        """A fresh database without tables; returns its URL."""
        full = f"{self.prefix}_{re.sub(r'[^a-z0-9_]', '_', name.lower())}"
        self._recreate(full, "template0")
        return self.database_url(full)

    def drop_database(self, url: str) -> None:
        """Drop a database made here, closing whatever connections it has."""
        name = make_url(url).database or ""
        if not name.startswith(f"{self.prefix}_"):
            raise ValueError(f"{name} is not a database of this test run")
        with self._admin() as cursor:
            cursor.execute(_drop(name))

    def database_url(self, name: str) -> str:
        """SQLAlchemy's URL of a database on the server."""
        return _text(make_url(self.admin_url).set(database=name))

    def redis_url(self, number: int = 0) -> str:
        """The URL of one of Valkey's numbered databases."""
        base, _, query = self.redis_base_url.partition("?")
        if base.startswith("unix:"):
            return f"{base}?db={number}"
        stem = re.sub(r"(?<=[^/])/\d*$", "", base)
        return f"{stem}/{number}" + (f"?{query}" if query else "")

    @staticmethod
    def redis_number(worker: str) -> int:
        """A Valkey database number for an xdist worker: 0 for "master", 1 for "gw0" and so on."""
        digits = re.sub(r"\D", "", worker)
        return (int(digits) + 1) % REDIS_DATABASES if digits else 0

    def export(self, environ: MutableMapping[str, str]) -> None:
        """Leave word in an environment for `attach()` in this or a child process."""
        environ[VARIABLE] = json.dumps([self.admin_url, self.redis_base_url, self.prefix])

    def stop(self) -> None:
        """Drop this run's databases on an external server; end the servers that are ours."""
        self._cleanup.close()

    @contextlib.contextmanager
    def _admin(self) -> Iterator[psycopg2.extensions.cursor]:
        connection = psycopg2.connect(_libpq(self.admin_url))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _recreate(self, name: str, template: str) -> None:
        with self._admin() as cursor:
            cursor.execute(_drop(name))
            cursor.execute(
                # One write-ahead record per page: faster than a checkpoint for small templates.
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )

    def _drop_all(self) -> None:
        with self._admin() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
                (f"{self.prefix}_",),
            )
            for (name,) in cursor.fetchall():
                cursor.execute(_drop(name))


def attach(environ: MutableMapping[str, str]) -> Servers:
    """The servers that another process started and exported."""
    admin_url, redis_url, prefix = json.loads(environ[VARIABLE])
    return Servers(admin_url, redis_url, prefix)


def start(*, durable: bool = False) -> Servers:
    """Start a pair of servers, or use those of TEST_DATABASE_URL and TEST_REDIS_URL.

    Tests do without safety against power cuts; `durable` servers are set as in production, for
    whoever measures.
    """
    prefix = f"test_{uuid.uuid4().hex[:8]}"
    database_url = os.environ.get("TEST_DATABASE_URL")
    redis_url = os.environ.get("TEST_REDIS_URL")
    with contextlib.ExitStack() as stack:
        folder = None if database_url and redis_url else _folder(stack)
        admin_url = (
            _start_postgres(folder, stack, durable)
            if database_url is None
            else _text_url(database_url)
        )
        if redis_url is None:
            redis_url = _start_valkey(folder, stack, durable)
        servers = Servers(admin_url, redis_url, prefix)
        if database_url is not None:
            stack.callback(servers._drop_all)
        servers._cleanup = stack.pop_all()
    return servers


def _start_postgres(folder: Path | None, stack: contextlib.ExitStack, durable: bool) -> str:
    assert folder is not None
    identity = server_identity()
    postgres = Postgres(
        binaries=find_postgres(identity),
        data=folder / "postgres",
        sockets=socket_folder(folder / "run", identity),
        log=folder / "postgres.log",
        password=uuid.uuid4().hex,
        identity=identity,
        options={} if durable else _FAST,
    )
    postgres.initialise()
    child = postgres.start()
    stack.callback(_stop, child)
    postgres.wait_ready(child)
    return postgres.url()


def _start_valkey(folder: Path | None, stack: contextlib.ExitStack, durable: bool) -> str:
    assert folder is not None
    identity = server_identity()
    data = folder / "valkey"
    data.mkdir(mode=0o700)
    identity.own(data)
    valkey = Valkey(
        binary=find_valkey(identity),
        data=data,
        sockets=socket_folder(folder / "run", identity),
        log=folder / "valkey.log",
        identity=identity,
        durable=durable,
        databases=REDIS_DATABASES,
    )
    child = valkey.start()
    stack.callback(_stop, child)
    valkey.wait_ready(child)
    return valkey.url()


def _stop(child: Child) -> None:
    child.stop()


def _folder(stack: contextlib.ExitStack) -> Path:
    """A folder for this run in the temporary folder; those of killed runs are cleared away."""
    # Root's servers run as somebody who may not be able to enter root's own TMPDIR.
    base = Path("/tmp") if os.getuid() == 0 else Path(tempfile.gettempdir())
    for old in base.glob(f"stocksite-test-{os.getuid()}-*"):
        with contextlib.suppress(OSError), (old / "lock").open() as stale:
            fcntl.flock(stale, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"stocksite-test-{os.getuid()}-", dir=base))
    # The servers may run as another user: they may pass, and own what is below.
    folder.chmod(0o711)
    lock: IO[str] = (folder / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    stack.callback(lock.close)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _text_url(url: str) -> str:
    """Name the driver as the application does."""
    return re.sub(r"^postgres(ql)?(\+psycopg2)?://", "postgresql+psycopg2://", url)


def _libpq(url: str) -> str:
    return re.sub(r"^postgresql\+psycopg2://", "postgresql://", url)


def main(command: list[str]) -> int:
    """Run a command on a fresh pair of servers; returns its exit code."""
    durable = command[:1] == ["--durable"]
    command = command[durable:]
    if not command:
        print("Usage: python -m tests.servers [--durable] COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    servers = start(durable=durable)
    try:
        here = {
            "DATABASE_URL": servers.empty_database("command"),
            "REDIS_URL": servers.redis_url(),
        }
        return subprocess.run(command, env={**os.environ, **here}, check=False).returncode
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
