"""Drives one supervisor from outside, the way a user at a terminal does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 60.0


class Site:
    """The stand-in site in a folder of its own; `uid` None means as the present user."""

    def __init__(self, tree: Path, root: Path, python: str, uid: int | None) -> None:
        self.tree = tree
        self.root = root
        self.data = root / "data"
        self.python = python
        self.uid = uid
        self.env: dict[str, str] = {}
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def launch(self, port: int = 0, **env: str) -> subprocess.Popen[str]:
        """Start the supervisor without waiting for anything."""
        path = f"{self.tree}:{self.tree / 'site'}"
        clean = {
            k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "PORT"}
        }
        self.process = subprocess.Popen(
            [self.python, str(self.tree / "standin" / "run.py"), str(self.data), str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env={**clean, "PYTHONPATH": path, "WEB_CONCURRENCY": "1", **self.env, **env},
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            start_new_session=True,
        )
        return self.process

    def start(self, **env: str) -> str:
        """Start and wait until the site says it runs; returns its address."""
        self.launch(0, **env)
        return self.read_until("runs at").split()[-1]

    def read_until(self, words: str) -> str:
        """The first line of output with these words; fails when the supervisor ends without."""
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return line.strip()
        raise AssertionError(f"ended with {self.process.wait()} before {words!r}:\n{self.output}")

    def finish(self, number: int | None = signal.SIGINT) -> tuple[int, str]:
        """Send a signal (or none), wait for the end; the exit code and all that was printed."""
        assert self.process is not None
        if number is not None:
            self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=PATIENCE_S)
        self.output += rest
        code, said = self.process.returncode, self.output
        self.process, self.output = None, ""
        return code, said

    def run(self, **env: str) -> tuple[int, str]:
        """Start a site that is expected not to come up; its exit code and words."""
        self.launch(0, **env)
        return self.finish(None)

    def kill(self) -> None:
        """`kill -9` of the supervisor."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)
        self.process, self.output = None, ""

    def log(self, name: str) -> str:
        """What one of the processes has written so far."""
        path = self.data / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def end(self) -> None:
        """Leave nothing running, however the test went."""
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.terminate()
                self.process.communicate(timeout=PATIENCE_S)
            self.process.kill()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.processes())

    def processes(self) -> list[int]:
        """Every process of this site, found by its folder in their environment or command."""
        mark = os.fsencode(str(self.root))
        return [pid for pid in pids() if pid != os.getpid() and mark in _about(pid)]

    def named(self, words: str) -> list[int]:
        """The site's processes with these words in their command line."""
        return [pid for pid in self.processes() if words.encode() in _read(pid, "cmdline")]


def get(url: str) -> str:
    """The body of a page."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        body: bytes = answer.read()
    return body.decode()


def wait_until(true: Callable[[], object]) -> None:
    """Wait for something to come true (`true` is called), generously: no test is about time."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.15)


def pids() -> list[int]:
    """All live processes; zombies are not alive."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if entry.read_text().rpartition(")")[2].split()[0] not in "ZX":
                found.append(int(entry.parent.name))
    return found


def _about(pid: int) -> bytes:
    return _read(pid, "cmdline") + _read(pid, "environ")


def _read(pid: int, what: str) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{what}").read_bytes().replace(b"\0", b" ")
    return b""
