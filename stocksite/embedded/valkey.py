"""The embedded Valkey: queue, cache and limits, on a private Unix socket.

It loses nothing that matters: what was accepted is in PostgreSQL, and jobs are sent again from
there. The append-only file just spares a restart that work.
"""

from __future__ import annotations

import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stocksite.embedded.errors import StartError, last_line
from stocksite.embedded.postgres import SERVER_ENV
from stocksite.embedded.process import Child, Spec
from stocksite.embedded.unprivileged import Identity

START_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Valkey:
    """One Valkey instance: where it lives, who runs it, how to reach it."""

    binary: str
    data: Path
    sockets: Path
    log: Path
    identity: Identity
    durable: bool = True
    """Keep an append-only file; tests do without."""
    databases: int = 16
    max_memory: str = "256mb"
    heirloom: int | None = None
    """A lock's descriptor to hand down, see locks.py."""

    @property
    def socket(self) -> Path:
        """The server's socket; only the user it runs as (and root) can open it."""
        return self.sockets / "valkey.sock"

    def url(self, database: int = 0) -> str:
        """redis-py's URL of one of the numbered databases."""
        return f"unix://{quote(str(self.socket))}?db={database}"

    def spec(self) -> Spec:
        """How to run the server. `noeviction`: a full queue must refuse, never forget a job."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "daemonize": "no",
            "databases": str(self.databases),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": self.max_memory,
            "maxmemory-policy": "noeviction",
        }
        argv = [self.binary]
        for name, value in settings.items():
            argv += [f"--{name}", value]
        return Spec(
            name="valkey",
            argv=tuple(argv),
            log=self.log,
            env=SERVER_ENV,
            identity=self.identity,
            stop_signal=signal.SIGTERM,
            orphan_signal=signal.SIGTERM,
            pass_fds=() if self.heirloom is None else (self.heirloom,),
            cwd=Path("/"),
        )

    def start(self) -> Child:
        """Start the server; use `wait_ready` before the first command."""
        self.socket.unlink(missing_ok=True)
        return Child(self.spec())

    def wait_ready(self, child: Child, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until a PING is answered; a server still loading its data is not ready."""
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if child.returncode is not None or time.monotonic() > deadline:
                raise StartError(
                    f"Valkey could not start: {last_line(self.log) or 'no reason given'} (see "
                    f"{self.log}); if its data is damaged, remove {self.data}: waiting jobs are "
                    "sent again from the database."
                )
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False
