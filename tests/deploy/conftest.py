"""The site as a platform runs it: two of each process from the Procfile, real servers, a proxy's
headers. `TEST_DATABASE_URL` and `TEST_REDIS_URL` put real servers under it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from tests import servers as throwaway
from tests.deploy.procfile import HTTPS, ROOT, Process

PASSWORD = "correct horse battery"


class Fleet:
    """Two web processes, two workers, two clocks; `release` ran before them."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env, self.folder = env, folder
        self.redis = Redis.from_url(env["REDIS_URL"])
        self.everything: list[Process] = []
        self.webs: list[Process] = []
        self.workers: list[Process] = []
        self.clocks: list[Process] = []
        self.released = ""

    def start(self) -> None:
        """Release, then everything; returns when the site is served."""
        release = self.launch("release")
        assert release.wait() == 0, release.log.read_text()
        self.released = release.log.read_text()
        self.sql("CREATE TABLE nap (what text, name text, lane int)")
        # Half a minute of both cores, and another test's business.
        self.sql("UPDATE job SET status = 'canceled' WHERE dedupe_key = 'forecast-board'")
        self.webs = [self.launch("web"), self.launch("web")]
        self.workers = [self.launch("worker"), self.launch("worker")]
        self.clocks = [self.launch("clock"), self.launch("clock")]
        for web in self.webs:
            web.wait_served()

    def launch(self, kind: str) -> Process:
        """Start one more process of a kind."""
        number = sum(process.kind == kind for process in self.everything)
        process = Process(kind, self.env, self.folder / f"{kind}{number}.log")
        self.everything.append(process)
        return process

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        connection = psycopg2.connect(self.env["DATABASE_URL"])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def enqueue_nap(self, name: str, seconds: float) -> str:
        """A job for the workers, as a web process leaves it: a row, then a message."""
        job_id = uuid.uuid4().hex
        self.sql(
            "INSERT INTO job (id, function, title, arguments, queue, status, progress, message,"
            " attempts, created_at) VALUES (%s, 'stocksite.guest.nap', '', %s, 'default',"
            " 'queued', 0, '', 0, now())",
            job_id,
            json.dumps({"name": name, "seconds": seconds}),
        )
        queue = Queue("default", connection=self.redis, serializer=JSONSerializer)
        queue.enqueue("stocksite.core.queue.run", job_id, result_ttl=0)
        return job_id

    def register(self, name: str) -> dict[str, str]:
        """A new account; the headers of a script of theirs."""
        person = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        made = requests.post(f"{self.webs[0].url}/api/users/", json=person, headers=HTTPS)
        assert made.status_code == 201, made.text
        del person["email"]
        token = requests.post(f"{self.webs[0].url}/api/token/", json=person, headers=HTTPS)
        assert token.status_code == 200, token.text
        return {**HTTPS, "Authorization": f"Bearer {token.json()['access']}"}


@pytest.fixture(scope="package")
def fleet(worker_id: str) -> Iterator[Fleet]:
    """The running fleet; nothing of it is left afterwards."""
    there = throwaway.attach(os.environ)
    database_url = there.empty_database(f"fleet_{worker_id}")
    folder = Path(tempfile.mkdtemp(prefix="stocksite-fleet-"))
    plain = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG", "HOME", "TMPDIR"}}
    # The upper numbers of the throw-away Valkey; a real server has 16, of which the last are free.
    number = there.redis_number(worker_id)
    ours = "unix:" in there.redis_base_url
    redis_url = there.redis_url(32 + number if ours else 15 - number)
    env = {
        **plain,
        # As Heroku writes it.
        "DATABASE_URL": database_url.replace("postgresql+psycopg2://", "postgres://"),
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_KEY": secrets.token_urlsafe(48),
        "APP_ENV": "production",
        "TRUSTED_HOSTS": "site.example",
        "DATA_DIR": str(folder),
        "WEB_CONCURRENCY": "1",
        "REPLAY_SPEED": "3900",
        "PYTHONPATH": str(ROOT / "tests" / "deploy" / "guest"),
        "PYTHONUNBUFFERED": "1",
    }
    fleet = Fleet(env, folder)
    fleet.redis.flushdb()
    try:
        fleet.start()
        yield fleet
    finally:
        for process in fleet.everything:
            process.end()
        shutil.rmtree(folder, ignore_errors=True)
