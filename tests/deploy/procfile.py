"""Runs the lines of the Procfile the way a platform does: a shell, a PORT, the environment."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from stocksite.embedded.process import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180.0
HTTPS = {"X-Forwarded-Proto": "https", "Host": "site.example"}
"""What the proxy in front says of every request."""


def lines() -> dict[str, str]:
    """Process type → command."""
    text = (ROOT / "Procfile").read_text(encoding="utf-8")
    return dict(line.split(": ", 1) for line in text.splitlines() if line.strip())


class Process:
    """One process of the site, started from its line; `log` gets all it says."""

    def __init__(self, kind: str, env: dict[str, str], log: Path) -> None:
        self.kind, self.env, self.log = kind, env, log
        self.port = free_port() if kind == "web" else None
        self.start()

    def start(self) -> None:
        """Start it (again, on the same port)."""
        program, *arguments = shlex.split(lines()[self.kind])
        beside = Path(sys.executable).parent / program
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [str(beside), *arguments],
                cwd=ROOT,
                env=self.env | ({"PORT": str(self.port)} if self.port else {}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=functools.partial(die_with_parent, os.getpid()),
            )

    def signal(self, number: int) -> None:
        """Send a signal to the process alone, as Docker does."""
        self.popen.send_signal(number)

    def signal_all(self, number: int) -> None:
        """Send a signal to it and its children, as Heroku does."""
        os.killpg(self.popen.pid, number)
        for pid in children(self.popen.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def wait(self) -> int:
        """Wait for the end; its exit code."""
        return self.popen.wait(PATIENCE_S)

    def end(self) -> None:
        """Leave nothing of it running, however the test went."""
        for pid in (*children(self.popen.pid), self.popen.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait(PATIENCE_S)

    @property
    def url(self) -> str:
        """The address of a web process."""
        return f"http://127.0.0.1:{self.port}"

    def wait_served(self) -> None:
        """Wait until a web process answers."""
        request = urllib.request.Request(f"{self.url}/healthz")

        def served() -> bool:
            assert self.popen.poll() is None, self.log.read_text()[-3000:]
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):
                return True
            return False

        wait_until(served)


def children(pid: int) -> list[int]:
    """The children of a process, by the kernel's word."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return [*found, *(grandchild for child in found for grandchild in children(child))]


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], object], said: Callable[[], object] = lambda: "") -> None:
    """Wait for something to come true, generously: no test is about time."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"it never came true: {said()}"
        time.sleep(0.1)
