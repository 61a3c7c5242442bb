"""Ends the children of a supervisor that was killed, where the kernel does not do it for us.

Runs as its own small process (`python -I watchdog.py`) and reads lines from the supervisor: `+PID
SIGNAL` when a child starts, `-PID` when it has ended. When the pipe closes, the supervisor is gone
(a planned stop ends the children first), and whoever is left gets its signal, then SIGKILL.
It imports nothing of stocksite, so that it stays small.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_S = 15.0


def watch(lines: Iterable[str]) -> dict[int, int]:
    """Follow the supervisor's lines to their end; the children left over with their signals."""
    children: dict[int, int] = {}
    for line in lines:
        pid, _, number = line[1:].strip().partition(" ")
        if line.startswith("+"):
            children[int(pid)] = int(number)
        else:
            children.pop(int(pid), None)
    return children


def end(children: dict[int, int], grace_s: float = GRACE_S) -> None:
    """Signal each child's process group; SIGKILL for those that are still there after a while."""
    for pid, number in children.items():
        _signal(pid, number)
    deadline = time.monotonic() + grace_s
    left = set(children)
    while left and time.monotonic() < deadline:
        left = {pid for pid in left if _signal(pid, 0)}
        time.sleep(0.05)
    for pid in left:
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> bool:
    """Signal a child and, unless it is only a question or a server's own affair, its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if number == signal.SIGKILL:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
        return True
    return False


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end(watch(sys.stdin))
