"""The whole site from one command: servers, web, worker and clock under one parent.

    lock the folder ─ open the port ─ PostgreSQL, Valkey ─ prepare ─┐
                                 └─ web imports the application ────┴─ serve ─ worker, clock

The web process and the preparation start early and import while the servers start; the web then
waits at a gate (a pipe, see gunicorn.conf.py) until the database is prepared. A stop goes the
other way: worker and clock, web, Valkey, PostgreSQL.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Protocol

from stocksite.embedded import folders, preflight, process, running
from stocksite.embedded.binaries import find_postgres, find_valkey
from stocksite.embedded.errors import StartError, explain_os_error, last_line
from stocksite.embedded.locks import InstanceLock
from stocksite.embedded.postgres import Postgres
from stocksite.embedded.preparing import preparing
from stocksite.embedded.process import Child
from stocksite.embedded.services import Commands, Service, site_specs
from stocksite.embedded.valkey import Valkey

READY_TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.25


class RunSettings(Protocol):
    """What the supervisor reads of the settings."""

    @property
    def database_url(self) -> str | None:
        """A PostgreSQL to use instead of the embedded one."""

    @property
    def redis_url(self) -> str | None:
        """A Redis to use instead of the embedded Valkey."""

    @property
    def secret_key(self) -> str | None:
        """Signs sessions; generated when empty."""

    @property
    def jwt_key(self) -> str | None:
        """Signs API tokens; generated when empty."""

    @property
    def port(self) -> int:
        """The web's port; 0 lets the system choose."""

    @property
    def data_dir(self) -> Path:
        """The instance's folder."""


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C or a polite signal arrived."""


def run_all(
    settings: RunSettings, *, commands: Commands | None = None, demo_login: str | None = None
) -> int:
    """Run the site until Ctrl-C or SIGTERM; returns the exit code, 0 after a clean stop.

    `demo_login` is printed beside the URL. What keeps the site from starting is told in one
    sentence on stderr, and the code is then 1.
    """
    site = Supervisor(settings, commands or Commands.of_stocksite(), demo_login)
    try:
        return site.run()
    except StartError as error:
        sys.stderr.write(f"stocksite cannot start. {error}\n")
        return 1


class Supervisor:
    """One run of the site. `run()` may be called once, from the main thread."""

    def __init__(self, settings: RunSettings, commands: Commands, demo_login: str | None) -> None:
        self._settings = settings
        self._commands = commands
        self._demo_login = demo_login
        self._data_dir = Path(os.path.abspath(settings.data_dir))
        self._lock = InstanceLock(self._data_dir)
        self._listener: socket.socket | None = None
        self._services: dict[str, Service] = {}
        self._holding = self._told = False
        self._stops = 0

    def run(self) -> int:
        """Start everything, watch over it, stop it in order."""
        handlers = {n: signal.signal(n, self._on_signal) for n in _STOP_SIGNALS}
        try:
            with contextlib.suppress(StopRequested):
                try:
                    self._start()
                    self._watch()
                except OSError as error:
                    raise explain_os_error(error, f"use the data folder {self._data_dir}") from None
        finally:
            self._holding = True
            self._stop()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1
        if not self._holding:
            raise StopRequested

    @contextlib.contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        """Put a stop off until a started child is on record."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._stops:
            raise StopRequested

    def _start(self) -> None:
        folders.make_data_dir(self._data_dir)
        self._lock.acquire()
        self._listener = preflight.listen(self._settings.port)
        if not process.kernel_ties_children():
            process.start_watchdog()
        layout = folders.prepare(self._data_dir)
        for line in (layout.note, preflight.pango_note()):
            if line:
                _say(line)
        first = not (layout.postgres.exists() or self._settings.database_url)
        if first:
            _say("First start: making the database and loading the market takes a few seconds.")
        self._start_site(layout, self._listener)

    def _start_site(self, layout: folders.Layout, listener: socket.socket) -> None:
        port: int = listener.getsockname()[1]
        secrets = folders.load_secrets(self._data_dir)
        valkey = None if self._settings.redis_url else self._valkey(layout)
        postgres = None if self._settings.database_url else self._postgres(layout, secrets)
        env = {
            **os.environ,
            "DATABASE_URL": postgres.url() if postgres else str(self._settings.database_url),
            "REDIS_URL": valkey.url() if valkey else str(self._settings.redis_url),
            "SECRET_KEY": self._settings.secret_key or secrets["secret_key"],
            "JWT_KEY": self._settings.jwt_key or secrets["jwt_key"],
            "PORT": str(port),
            "DATA_DIR": str(self._data_dir),
            "PYTHONUNBUFFERED": "1",
        }
        running.tell(self._data_dir, env["DATABASE_URL"], env["REDIS_URL"])
        self._told = True
        gate, opener = os.pipe()
        specs = site_specs(
            self._commands,
            env,
            layout.logs,
            fd=listener.fileno(),
            gate=gate,
            heirloom=self._lock.heirloom,
        )
        running_valkey = self._launch("Valkey", valkey.start) if valkey else None
        self._launch("web", lambda: Child(specs["web"]))
        with preparing(specs["prepare"], self._commands.prepare_here) as prepare:
            if postgres:
                postgres.initialise()
                postgres.wait_ready(self._launch("PostgreSQL", postgres.start))
            if valkey and running_valkey:
                valkey.wait_ready(running_valkey)
            if prepare() != 0:
                log = specs["prepare"].log
                raise StartError(
                    f"The database could not be prepared: {last_line(log)} (log: {log})"
                )
        os.close(opener)
        self._wait_served(port)
        self._announce(port)
        for name in ("worker", "clock"):
            self._launch(name, lambda spec=specs[name]: Child(spec))  # type: ignore[misc]

    def _postgres(self, layout: folders.Layout, secrets: dict[str, str]) -> Postgres:
        return Postgres(
            binaries=find_postgres(layout.identity),
            data=layout.postgres,
            sockets=layout.sockets,
            log=layout.logs / "postgres.log",
            password=secrets["postgres_password"],
            identity=layout.identity,
            heirloom=self._lock.heirloom,
        )

    def _valkey(self, layout: folders.Layout) -> Valkey:
        return Valkey(
            binary=find_valkey(layout.identity),
            data=layout.valkey,
            sockets=layout.sockets,
            log=layout.logs / "valkey.log",
            identity=layout.identity,
            heirloom=self._lock.heirloom,
        )

    def _launch(self, name: str, start: Callable[[], Child]) -> Child:
        """Start a child and watch over it from now on."""
        with self._uninterrupted():
            service = self._services[name] = Service(name, start, _say)
            return service.start()

    def _wait_served(self, port: int) -> None:
        """Wait until the web answers; its port is open already, so one request is enough."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        request = f"GET /healthz HTTP/1.1\r\nHost: {preflight.HOST}\r\nConnection: close\r\n\r\n"
        answer = b""
        while not answer.startswith(b"HTTP/1.1 ") or answer[9:10] == b"5":
            with socket.create_connection((preflight.HOST, port)) as connection:
                connection.sendall(request.encode())
                while not select.select([connection], [], [], LOOK_EVERY_S)[0]:
                    self._require_alive(deadline)
                with contextlib.suppress(ConnectionError):
                    answer = connection.recv(64)
            self._require_alive(deadline)

    def _require_alive(self, deadline: float) -> None:
        """Raise the sentence for a child that ended, or for a start that takes too long."""
        for service in self._services.values():
            if failure := service.failure():
                raise StartError(f"{failure[0].upper()}{failure[1:]}.")
        if time.monotonic() > deadline:
            log = self._data_dir / "logs" / "web.log"
            raise StartError(
                f"The web process does not answer after {READY_TIMEOUT_S:.0f} s: see {log}, and "
                "try again when the machine is less busy."
            )

    def _announce(self, port: int) -> None:
        _say(f"stocksite runs at http://{preflight.HOST}:{port}")
        if self._demo_login:
            _say(f"Demo login: {self._demo_login}")
        _say(f"Data and logs are in {self._data_dir}. Ctrl-C stops everything.")

    def _watch(self) -> None:
        while True:
            for service in self._services.values():
                with self._uninterrupted():
                    service.tend()
            time.sleep(LOOK_EVERY_S)

    def _stop(self) -> None:
        """Stop in the order of dependence, so that nobody loses what it still needs."""
        if self._services and self._stops:
            _say("Stopping ...")
        for names in (("worker", "clock"), ("web",), ("Valkey",), ("PostgreSQL",)):
            if "web" in names and self._listener is not None:
                self._listener.close()
            group = [self._services[name] for name in names if name in self._services]
            for service in group:
                service.ask_to_stop()
            for service in group:
                self._await_end(service)
        process.stop_watchdog()
        if self._told:
            running.forget(self._data_dir)
        self._lock.release()
        if self._services and self._stops:
            _say("Stopped.")

    def _await_end(self, service: Service) -> None:
        """Wait for a child's end; a second Ctrl-C cuts this short, except for the database."""
        if service.child is not None:
            deadline = time.monotonic() + service.child.spec.stop_timeout_s
            patient = service.name == "PostgreSQL"
            while time.monotonic() < deadline and (patient or self._stops < 2):
                if service.child.wait(0.05):
                    break
        service.stop(timeout_s=0)


def _say(line: str) -> None:
    """Print a line for the user; a terminal that has gone is no reason to fail."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
