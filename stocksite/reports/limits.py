"""What one PDF may take: seconds of processor time and memory, kept by the operating system."""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

MAX_SECONDS: Final = 60
"""Of processor time; a report takes one."""
MAX_MEGABYTES: Final = 600
"""Of address space beyond what the process has; a report takes a hundred."""


class OutOfTime(Exception):
    """The document took more processor time than one may."""


@contextmanager
def bounded(seconds: float = MAX_SECONDS, megabytes: int = MAX_MEGABYTES) -> Iterator[None]:
    """Raise OutOfTime or MemoryError past the limits; main thread only.

    Processor time, not the clock on the wall: a busy machine is no reason to give up.
    """
    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (_allowed(megabytes, before[1]), before[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise OutOfTime


def _allowed(megabytes: int, hard: int) -> int:
    """The address space of now and so much more; no limit where it cannot be read."""
    if not sys.platform.startswith("linux"):
        return hard
    with open("/proc/self/statm", "rb") as told:
        now = int(told.read().split()[0]) * resource.getpagesize()
    limit = now + megabytes * 1024 * 1024
    return limit if hard == resource.RLIM_INFINITY else min(limit, hard)
