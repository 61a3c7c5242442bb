"""The throw-away servers that every other test stands on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from redis import Redis

from tests import servers as throwaway

pytestmark = [pytest.mark.embedded, pytest.mark.slow]


def _query(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(throwaway._libpq(url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _fill(url: str) -> None:
    _query(url, "CREATE TABLE t AS SELECT 1 AS x")


def test_clones_are_alike_and_apart() -> None:
    servers = throwaway.start()
    try:
        servers.make_template(_fill)
        environ: dict[str, str] = {}
        servers.export(environ)
        worker = throwaway.attach(environ)
        one, two = worker.clone_database("gw0"), worker.clone_database("gw1")
        _query(one, "INSERT INTO t VALUES (2)")
        assert _query(one, "SELECT count(*) FROM t") == [(2,)]
        assert _query(two, "SELECT count(*) FROM t") == [(1,)]
        assert _query(worker.clone_database("gw0"), "SELECT count(*) FROM t") == [(1,)]
        Redis.from_url(worker.redis_url(worker.redis_number("gw0"))).set("a", "1")
        assert Redis.from_url(worker.redis_url(worker.redis_number("gw1"))).get("a") is None
        with pytest.raises(ValueError, match="not a database of this test run"):
            worker.drop_database(worker.database_url("postgres"))
        # The same server, now as one that was given: its own databases are left alone.
        environ = {
            **os.environ,
            "TEST_DATABASE_URL": servers.admin_url,
            "TEST_REDIS_URL": servers.redis_url(),
        }
        before = _query(servers.admin_url, "SELECT datname FROM pg_database ORDER BY 1")
        run = _on_servers(environ, "import os; print(os.environ['DATABASE_URL'])")
        assert run.returncode == 0
        assert _query(servers.admin_url, "SELECT datname FROM pg_database ORDER BY 1") == before
    finally:
        servers.stop()


def test_command_gets_empty_servers_and_hands_its_code_on() -> None:
    code = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
    run = _on_servers(environ, code)
    assert run.returncode == 7
    database, redis = run.stdout.split()
    assert database.startswith("postgresql+psycopg2://")
    assert not Path(redis.removeprefix("unix://").partition("?")[0]).parent.parent.exists()


def _on_servers(environ: dict[str, str], code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.servers", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=Path(__file__).resolve().parents[2],
    )
