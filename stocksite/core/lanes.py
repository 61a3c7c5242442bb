"""One worker command, several processes: what moves money never waits behind research.

A running job cannot be overtaken, however the queues are ordered: a year of forecasts would hold
back the booking of a close, and with it the market's next open. So the worker forks, before it
opens a connection or loads a library: one lane serves every queue, the other leaves research out.

    worker ── fork ──> lane 1: market, default, research
           └─ fork ──> lane 2: market, default
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

Lane = Sequence[str]


def run_lanes(
    lanes: Sequence[Lane],
    serve: Callable[[Lane], None],
    in_child: Callable[[int], None] | None = None,
) -> bool:
    """Fork a process per lane that calls `serve` with its queues; wait until all have ended.

    SIGTERM and SIGINT are passed on, so that each lane finishes the job it has. When one lane ends
    by itself the others are stopped too: whoever started the worker starts it anew. Returns
    whether the end was asked for. `in_child` is called first in each lane, with the parent's id.
    """
    parent = os.getpid()
    asked = False
    running: set[int] = set()

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        _tell(running, number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for lane in lanes:
            running.add(_fork(lane, serve, in_child, parent))
        if asked:  # between two forks: the first may have been told, the last was not
            _tell(running, signal.SIGTERM)
        while running:
            ended, _ = os.wait()
            running.discard(ended)
            if not asked:
                _tell(running, signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return asked


def _fork(
    lane: Lane, serve: Callable[[Lane], None], in_child: Callable[[int], None] | None, parent: int
) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        if in_child is not None:
            in_child(parent)
        serve(lane)
        code = 0
    except KeyboardInterrupt:
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)  # the parent's own clean-up is not this process's to run


def _tell(running: set[int], number: int) -> None:
    for pid in tuple(running):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            running.discard(pid)
