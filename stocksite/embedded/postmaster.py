"""Judges what an earlier PostgreSQL left in its data folder.

`postmaster.pid` may name a process that has nothing to do with us: PIDs are reused, in containers
within seconds. So the number is never trusted: a process counts as ours only when it is a live
PostgreSQL working in this very folder, and nobody is ever signalled for what the file says.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

from stocksite.embedded.errors import StartError

_PROC = Path("/proc")


def settle(data: Path, wait_s: float = 10.0) -> None:
    """Make sure no server works in the folder, then remove a PID file that would mislead ours.

    A server found here was started by somebody else, since the caller holds the instance's locks:
    it is given a moment to end and is otherwise named, never signalled.
    """
    deadline = time.monotonic() + wait_s
    while running := servers_on(data):
        if time.monotonic() > deadline:
            raise StartError(
                f"Another PostgreSQL server (process {running[0]}) uses {data}: stop it and start "
                "stocksite again."
            )
        time.sleep(0.05)
    pid = recorded_pid(data)
    if pid is not None and _exists(pid):
        # A stranger (or a zombie) under the old number: PostgreSQL would refuse to start.
        (data / "postmaster.pid").unlink(missing_ok=True)


def recorded_pid(data: Path) -> int | None:
    """The PID in the folder's `postmaster.pid`, None without a readable one."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return abs(int((data / "postmaster.pid").read_text().splitlines()[0]))
    return None


def servers_on(data: Path) -> list[int]:
    """PIDs of live PostgreSQL processes that work in this data folder; zombies do not count."""
    if (_PROC / "self" / "stat").exists():
        return [int(entry.name) for entry in _PROC.glob("[0-9]*") if _works_in(entry, data)]
    pid = recorded_pid(data)
    return [pid] if pid is not None and _command_names(pid, data) else []


def _works_in(entry: Path, data: Path) -> bool:
    """Whether a /proc entry is a PostgreSQL process whose working folder is `data`."""
    with contextlib.suppress(OSError, ValueError):
        name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
        if name != "postgres" or rest.split()[0] in "ZX":
            return False
        return (entry / "cwd").samefile(data)
    return False


def _command_names(pid: int, data: Path) -> bool:
    """Without /proc: whether `ps` shows the process as a live PostgreSQL on this folder."""
    shown = subprocess.run(
        ["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    state, _, command = shown.partition(" ")
    return "Z" not in state and "postgres" in command and str(data) in command


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
