"""The embedded PostgreSQL: makes its data folder, runs it as a child, waits until it answers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg2

from stocksite.embedded import postmaster
from stocksite.embedded.binaries import POSTGRES_MAJOR, PostgresBinaries
from stocksite.embedded.errors import StartError, last_line
from stocksite.embedded.process import Child, Spec
from stocksite.embedded.unprivileged import Identity, has_name

USER = "stocksite"
DATABASE = "stocksite"
START_TIMEOUT_S = 60.0
SPACE_FOR_NEW_MB = 250
SPACE_TO_START_MB = 50

SERVER_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""The servers get nothing of the user's environment, least of all PG* variables."""


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL instance: where it lives, who runs it, how to reach it."""

    binaries: PostgresBinaries
    data: Path
    sockets: Path
    log: Path
    password: str = field(repr=False)
    identity: Identity
    options: dict[str, str] = field(default_factory=dict)
    """Server settings beyond ours, for example `fsync=off` in tests."""
    heirloom: int | None = None
    """A lock's descriptor to hand down, see locks.py."""

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy's URL of a database on this server."""
        return (
            f"postgresql+psycopg2://{USER}:{quote(self.password, safe='')}@/{database}"
            f"?host={quote(str(self.sockets), safe='')}"
        )

    def initialise(self) -> None:
        """Make the data folder if there is none; refuse one of another major version.

        The folder appears under its name only when it is complete, so an interrupted first start
        leaves nothing that a later one could mistake for a database.
        """
        if self.data.exists():
            self._check_major()
            require_space(self.data, SPACE_TO_START_MB)
            return
        require_space(self.data.parent, SPACE_FOR_NEW_MB)
        if not has_name(self.identity.uid):
            raise StartError(
                f"PostgreSQL cannot make its data folder as uid {self.identity.uid}, which has no "
                "name on this system: add that user, or set DATABASE_URL to a server you have."
            )
        for stale in self.data.parent.glob(f".{self.data.name}-new-*"):
            shutil.rmtree(stale, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix=f".{self.data.name}-new-", dir=self.data.parent))
        self.identity.own(making)
        try:
            self._initdb(making / "data")
            (making / "data").rename(self.data)
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _initdb(self, folder: Path) -> None:
        password_file = folder.parent / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self.identity.own(password_file)
        argv = [
            self.binaries.path("initdb"),
            f"--pgdata={folder}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        if self.options.get("fsync") == "off":
            argv.append("--no-sync")
        made = subprocess.run(
            argv,
            cwd="/",
            env=SERVER_ENV,
            check=False,
            capture_output=True,
            text=True,
            **self.identity.popen_options(),
        )
        if made.returncode != 0:
            self.log.write_text(made.stdout + made.stderr)
            raise explain_failure(made.stdout + made.stderr, self.log, "make its data folder")

    def _check_major(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise StartError(
                f"{self.data} is there but holds no PostgreSQL data: move it away, or set DATA_DIR "
                "to another folder."
            ) from None
        if found != str(POSTGRES_MAJOR):
            raise StartError(
                f"{self.data} was written by PostgreSQL {found} and this release brings "
                f"{POSTGRES_MAJOR}: run the release that made it and save the data there (make "
                "backup FILE=old.dump), then bring it here (make restore FILE=old.dump "
                "DATA_DIR=new)."
            )

    def spec(self) -> Spec:
        """How to run the server: in the foreground, on a Unix socket only."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "log_destination": "stderr",
            "log_line_prefix": "%m [%p] %q%d ",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "cluster_name": "stocksite",
            "max_connections": "100",
            "jit": "off",
            **self.options,
        }
        argv = [self.binaries.path("postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return Spec(
            name="postgres",
            argv=tuple(argv),
            log=self.log,
            env=SERVER_ENV,
            identity=self.identity,
            stop_signal=signal.SIGINT,  # "fast": ends connections, writes a checkpoint
            stop_timeout_s=30.0,
            orphan_signal=signal.SIGINT,
            pass_fds=() if self.heirloom is None else (self.heirloom,),
            cwd=Path("/"),
        )

    def start(self) -> Child:
        """Start the server on its data folder; use `wait_ready` before the first query."""
        postmaster.settle(self.data)
        return Child(self.spec())

    def wait_ready(self, child: Child, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until a query is answered, and make our database at the first start."""
        deadline = time.monotonic() + timeout_s
        while True:
            if child.returncode is not None or time.monotonic() > deadline:
                log = self.log.read_text(errors="replace")[-4000:]
                raise explain_failure(log, self.log, "start")
            try:
                self._ensure_database()
            except psycopg2.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise StartError(
                        "PostgreSQL's data does not know the password in secrets.json: restore "
                        f"the secrets.json that belongs to {self.data}, or use another DATA_DIR."
                    ) from None
                time.sleep(0.02)
            else:
                return

    def _ensure_database(self) -> None:
        connection = self.connect("postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            connection.close()

    def connect(self, database: str) -> psycopg2.extensions.connection:
        """A plain driver connection to one of the server's databases."""
        return psycopg2.connect(
            host=str(self.sockets),
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=10,
        )


def require_space(folder: Path, needed_mb: int) -> None:
    """Refuse to start on a disk that is about to be full."""
    disk = os.statvfs(folder)
    free_mb = disk.f_bavail * disk.f_frsize // 1_000_000
    if free_mb < needed_mb:
        raise StartError(
            f"The disk of {folder} has {free_mb} MB free and stocksite needs {needed_mb} MB: free "
            "some space, or set DATA_DIR to a folder on another disk."
        )


def explain_failure(output: str, log: Path, doing: str) -> StartError:
    """One sentence for a PostgreSQL that failed, from what it printed."""
    if "No space left on device" in output:
        return StartError(
            f"PostgreSQL could not {doing} because the disk is full: free some space, or set "
            "DATA_DIR to a folder on another disk."
        )
    told = [line for line in output.splitlines() if "FATAL:" in line or "rror:" in line]
    reason = told[-1].split("  ")[-1].strip() if told else last_line(log)
    return StartError(f"PostgreSQL could not {doing}: {reason or 'no reason given'} (see {log}).")
