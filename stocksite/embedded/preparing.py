"""Preparing the database while the site starts: in a fork that imports while the servers start.

fork ─ import ─ wait at a pipe ─┬─ prepare ─ end
servers start ──────────────────┘ closed by the supervisor
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from stocksite.embedded.process import Child, Spec, die_with_parent, kernel_ties_children

PrepareHere = Callable[[], Callable[[Mapping[str, str]], None]]


@contextmanager
def preparing(spec: Spec, here: PrepareHere | None) -> Iterator[Callable[[], int]]:
    """Yields what runs the preparation to its end and returns its exit code.

    Its output goes to its log. Nothing of it is left running when the block is left.
    """
    if here is None or not kernel_ties_children():
        yield lambda: _run_command(spec)
        return
    supervisor = os.getpid()
    held, opener = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        _prepare_in_fork(spec, here, held, supervisor)
    os.close(held)
    ended: list[int] = []

    def run() -> int:
        os.close(opener)
        ended.append(os.waitpid(pid, 0)[1])
        return os.waitstatus_to_exitcode(ended[0])

    try:
        yield run
    finally:
        if not ended:
            with suppress(OSError):  # closed before the wait was cut short
                os.close(opener)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _run_command(spec: Spec) -> int:
    child = Child(spec)
    try:
        return child.process.wait()
    finally:
        child.stop(timeout_s=2)


def _prepare_in_fork(spec: Spec, here: PrepareHere, held: int, supervisor: int) -> None:
    """The child's side of the fork: never returns."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        die_with_parent(supervisor)
        with spec.log.open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.chdir(spec.cwd or ".")
        os.environ.update(spec.env)
        gc.disable()  # a second or two, and nearly all that is made stays
        prepare = here()
        os.read(held, 1)  # nothing ever comes: it ends when the supervisor closes its side
        prepare(spec.env)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
