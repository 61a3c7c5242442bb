"""Child processes that cannot outlive their parent.

On Linux the kernel signals a child when its parent dies (`PR_SET_PDEATHSIG`); elsewhere a watchdog
process does. Each child leads a session of its own: a Ctrl-C in the terminal reaches only the
supervisor, which then stops the children in the right order.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stocksite.embedded import watchdog
from stocksite.embedded.unprivileged import Identity, myself

_PR_SET_PDEATHSIG = 1
LOG_LIMIT_BYTES = 10_000_000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Spec:
    """How to start and how to stop one child. Its output is appended to `log`."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str]
    identity: Identity = field(default_factory=myself)
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 10.0
    orphan_signal: int = signal.SIGTERM
    """What the child gets when the supervisor dies without stopping it."""
    pass_fds: tuple[int, ...] = ()
    cwd: Path | None = None


class Child:
    """A running child. Must be started from the main thread: the kernel ties it to its thread."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        rotate(spec.log)
        with spec.log.open("ab") as log:
            self.process = subprocess.Popen(
                spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(spec.env),
                cwd=spec.cwd,
                start_new_session=True,
                pass_fds=spec.pass_fds,
                # Runs after the change of user, which would clear the setting.
                preexec_fn=_tie_to_parent(os.getpid(), spec.orphan_signal),
                **spec.identity.popen_options(),
            )

    @property
    def returncode(self) -> int | None:
        """How the child ended, None while it runs."""
        code = self.process.poll()
        if code is not None:
            _watchdog_tell(f"-{self.process.pid}")
        return code

    def signal(self, number: int) -> None:
        """Send a signal; a child that is gone already is no error."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came in time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout_s)
        return self.returncode is not None

    def stop(self, timeout_s: float | None = None) -> None:
        """Ask the child to end, insist when it takes too long, and clear up what it left."""
        if self.returncode is None:
            self.signal(self.spec.stop_signal)
            if not self.wait(self.spec.stop_timeout_s if timeout_s is None else timeout_s):
                self.signal(signal.SIGKILL)
                self.wait(10)
        self.clear_session()

    def clear_session(self) -> None:
        """Kill descendants that outlived the child (a worker's half-done job)."""
        if not kernel_ties_children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        for pid in session_members(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _tie_to_parent(parent: int, number: int) -> Callable[[], None]:
    """What a new child runs before its program: die with the parent, also if it died just now."""
    pipe = None if _watchdog is None or _watchdog.stdin is None else _watchdog.stdin.fileno()

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        elif pipe is not None:
            # The child reports itself: the parent could be killed before it knows the PID.
            os.write(pipe, f"+{os.getpid()} {number}\n".encode())
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Let this forked process end when its parent does, such as a worker's job with the worker.

    `parent` is the parent's PID, noted before the fork: it may be dead by the time this runs.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    else:
        threading.Thread(
            target=_watch_parent, args=(parent, number), name="parent-watch", daemon=True
        ).start()
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _watch_parent(parent: int, number: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), number)


def session_members(session: int) -> list[int]:
    """The live processes of a session (Linux; elsewhere none are found)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in parentheses may hold anything, so count from the last parenthesis.
            state, _, _, sid = entry.read_text().rpartition(")")[2].split()[:4]
            if int(sid) == session and state not in "ZX":
                found.append(int(entry.parent.name))
    return found


def rotate(log: Path) -> None:
    """Keep one older file when a log has grown past its limit."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))


_watchdog: subprocess.Popen[str] | None = None


def start_watchdog() -> None:
    """Start the process that ends our children if we are killed. Call before the first child."""
    global _watchdog
    _watchdog = subprocess.Popen(
        [sys.executable, "-I", watchdog.__file__],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd="/",
    )


def stop_watchdog() -> None:
    """End the watchdog after a planned stop."""
    global _watchdog
    if _watchdog is not None and _watchdog.stdin is not None:
        _watchdog.stdin.close()
        _watchdog.wait(watchdog.GRACE_S + 5)
        _watchdog = None


def kernel_ties_children() -> bool:
    """Whether the kernel ends our children with us, so that no watchdog is needed."""
    return _libc is not None


def _watchdog_tell(line: str) -> None:
    if _watchdog is not None and _watchdog.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            _watchdog.stdin.write(f"{line}\n")
            _watchdog.stdin.flush()
