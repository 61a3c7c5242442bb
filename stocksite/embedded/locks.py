"""The two locks on a data folder, given back by the kernel however their holders end.

`run.lock` belongs to the supervisor: a second instance is refused at once. `children.lock` is
handed down to every process of the instance: after a supervisor was killed, the next start waits
until the last of them is gone, so two servers never write to one folder. Whoever has that file
open is ours by proof, which no PID in a file could give.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from stocksite.embedded.errors import StartError

_PATIENCE_S = 3.0
"""How long the processes of a killed supervisor may take to end by themselves."""
_LIMIT_S = 20.0


class InstanceLock:
    """Both locks of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._run: int | None = None
        self._children: int | None = None

    @property
    def heirloom(self) -> int:
        """The descriptor that every child inherits."""
        if self._children is None:
            raise RuntimeError("acquire() first")
        return self._children

    def acquire(self) -> None:
        """Take both locks, or say in a sentence who holds them."""
        self._run = _open(self.data_dir / "run.lock")
        if not _try_lock(self._run):
            holder = os.pread(self._run, 32, 0).decode(errors="replace").strip() or "unknown"
            self.release()
            raise StartError(
                f"Another stocksite (process {holder}) is using {self.data_dir}: stop it, or "
                "start this one with another DATA_DIR and PORT."
            )
        os.ftruncate(self._run, 0)
        os.pwrite(self._run, f"{os.getpid()}\n".encode(), 0)
        self._children = _open(self.data_dir / "children.lock")
        try:
            self._wait_for_children(self._children)
        except BaseException:
            self.release()
            raise

    def _wait_for_children(self, lock: int) -> None:
        started = time.monotonic()
        urged = False
        while not _try_lock(lock):
            waited = time.monotonic() - started
            if waited > _LIMIT_S:
                left = ", ".join(str(pid) for pid in holders(lock)) or "unknown"
                raise StartError(
                    f"Processes of an earlier run ({left}) still use {self.data_dir} and do not "
                    "end: stop them and start again."
                )
            if waited > _PATIENCE_S and not urged:
                urged = True
                _urge(lock)
            time.sleep(0.02)

    def release(self) -> None:
        """Let the next one in."""
        for descriptor in (self._children, self._run):
            if descriptor is not None:
                os.close(descriptor)
        self._run = self._children = None


def is_held(data_dir: Path) -> bool:
    """Whether an instance runs on this folder."""
    try:
        lock = os.open(data_dir / "run.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_lock(lock)
    finally:
        os.close(lock)


def holders(lock: int) -> list[int]:
    """Other processes that have the lock's file open (Linux; elsewhere none are found)."""
    ours = os.fstat(lock)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid != os.getpid() and _has_open(entry / "fd", ours):
            found.append(pid)
    return found


def _has_open(descriptors: Path, wanted: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        for link in descriptors.iterdir():
            with contextlib.suppress(OSError):
                if os.path.samestat(link.stat(), wanted):
                    return True
    return False


def _urge(lock: int) -> None:
    """End what is left of the earlier run; PostgreSQL by its own fast shutdown, never SIGKILL."""
    for pid in holders(lock):
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGKILL)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
