"""The site's own processes: how they are called, how one is watched and started again."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stocksite.embedded.errors import StartError, last_line
from stocksite.embedded.preparing import PrepareHere
from stocksite.embedded.process import Child, Spec

PROJECT = Path(__file__).resolve().parents[2]
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
STABLE_AFTER_S = 60.0


@dataclass(frozen=True)
class Commands:
    """The command lines of the site's processes. `{fd}` in `web` is the open port's descriptor.

    `prepare_here`, if given, does what `prepare` does, in a fork of the supervisor: that spares
    importing the application once more. It imports what it needs and returns what to call with
    the environment that the command would have got.
    """

    prepare: tuple[str, ...]
    web: tuple[str, ...]
    worker: tuple[str, ...]
    clock: tuple[str, ...]
    prepare_here: PrepareHere | None = None
    cwd: Path = PROJECT

    @classmethod
    def of_stocksite(cls, prepare_here: PrepareHere | None = None) -> Commands:
        """The commands that the Procfile has too, with the port handed over as a descriptor."""
        flask = (sys.executable, "-m", "flask", "--app", "wsgi")
        gunicorn = (sys.executable, "-m", "gunicorn", "wsgi:app", "--config", "gunicorn.conf.py")
        return cls(
            prepare=(*flask, "prepare"),
            web=(*gunicorn, "--bind", "fd://{fd}"),
            worker=(*flask, "worker"),
            clock=(*flask, "clock"),
            prepare_here=prepare_here,
        )


class Service:
    """A process that shall always run: started again when it ends, later and later."""

    def __init__(self, name: str, start: Callable[[], Child], say: Callable[[str], None]) -> None:
        self.name = name
        self._start = start
        self._say = say
        self.child: Child | None = None
        self._delay_s = FIRST_DELAY_S
        self._started = 0.0
        self._next_start: float | None = None

    def start(self) -> Child:
        """Start the process now."""
        self._next_start = None
        self._started = time.monotonic()
        self.child = self._start()
        return self.child

    def failure(self) -> str | None:
        """How the process ended, in words; None while it runs."""
        if self.child is None or (code := self.child.returncode) is None:
            return None
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
        words = last_line(self.child.spec.log)
        said = f', last saying "{words[:200]}"' if words else ""
        return f"{self.name} {how}{said} (log: {self.child.spec.log})"

    def tend(self) -> None:
        """Look after the process: notice its end, start it again when its time has come."""
        now = time.monotonic()
        if self._next_start is None:
            failure = self.failure()
            if failure is not None and self.child is not None:
                self.child.clear_session()
                if now - self._started > STABLE_AFTER_S:
                    self._delay_s = FIRST_DELAY_S
                self._retry_later(failure)
        elif now >= self._next_start:
            try:
                self.start()
            except (OSError, StartError) as error:
                self._retry_later(f"{self.name} could not be started: {error}")

    def _retry_later(self, failure: str) -> None:
        self._say(f"{failure}; starting it again in {self._delay_s:.0f} s.")
        self._next_start = time.monotonic() + self._delay_s
        self._delay_s = min(self._delay_s * 2, LONGEST_DELAY_S)

    def ask_to_stop(self) -> None:
        """Send the stop signal without waiting."""
        if self.child is not None and self.child.returncode is None:
            self.child.signal(self.child.spec.stop_signal)

    def stop(self, timeout_s: float | None = None) -> None:
        """Stop the process and wait for it."""
        self._next_start = None
        if self.child is not None:
            self.child.stop(timeout_s)
            self.child = None


def site_specs(
    commands: Commands, env: Mapping[str, str], logs: Path, fd: int, gate: int, heirloom: int
) -> dict[str, Spec]:
    """How to run prepare, web, worker and clock. All inherit the instance's lock (`heirloom`)."""

    def spec(
        name: str, argv: tuple[str, ...], orphan: int, *fds: int, stop_timeout_s: float = 10.0
    ) -> Spec:
        return Spec(
            name=name,
            argv=tuple(part.replace("{fd}", str(fd)) for part in argv),
            log=logs / f"{name}.log",
            env={**env, "STOCKSITE_GATE_FD": str(gate)} if fds else env,
            orphan_signal=orphan,
            stop_timeout_s=stop_timeout_s,
            pass_fds=(heirloom, *fds),
            cwd=commands.cwd,
        )

    return {
        "prepare": spec("prepare", commands.prepare, signal.SIGKILL),
        # Requests are short (slow work is a job), but gunicorn would also wait for connections
        # that browsers open ahead of need. Without its supervisor it stops at once.
        "web": spec("web", commands.web, signal.SIGQUIT, fd, gate, stop_timeout_s=3.0),
        "worker": spec("worker", commands.worker, signal.SIGKILL),
        "clock": spec("clock", commands.clock, signal.SIGKILL),
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
