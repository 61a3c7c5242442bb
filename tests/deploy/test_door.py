"""A web process that stops: who got through the door is answered, who comes later is refused.

gunicorn's own worker, in place of `Drain`, breaks six or seven of these connections; without
`turn_newcomers_away`, the slow door breaks one of every visitor.
"""

from __future__ import annotations

import functools
import http.client
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from stocksite.embedded.process import die_with_parent
from tests.deploy.procfile import ROOT, free_port, wait_until

pytestmark = pytest.mark.slow


# The second's workers close the door 0.3 s after their last look at who waits.
@pytest.mark.parametrize("conf", ["gunicorn.conf.py", "tests/deploy/guest/slow_door.py"])
def test_nobody_who_was_let_in_goes_without_an_answer(conf: str) -> None:
    port, stopped = free_port(), threading.Event()
    master = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "small:app"),
            *("--config", str(ROOT / conf)),
            *("--pythonpath", str(ROOT / "tests" / "deploy" / "guest")),
        ],
        env={**os.environ, "PORT": str(port), "WEB_CONCURRENCY": "2"},
        stderr=subprocess.DEVNULL,
        preexec_fn=functools.partial(die_with_parent, os.getpid()),
    )
    told: dict[str, list[str]] = {"answered": [], "refused": [], "broken": []}

    def visit(path: str) -> None:
        """One visitor after the other, each with a connection of their own."""
        while not stopped.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.connect()
            except ConnectionRefusedError as error:
                told["refused"].append(str(error))
                time.sleep(0.01)
                continue
            try:
                connection.request("GET", path)
                told["answered"].append(connection.getresponse().read().decode())
            except (OSError, http.client.HTTPException) as error:
                told["broken"].append(repr(error))
            finally:
                connection.close()

    try:
        wait_until(lambda: _opens(port))
        visitors = [threading.Thread(target=visit, args=(path,)) for path in ("/", "/slow") * 4]
        for visitor in visitors:
            visitor.start()
        wait_until(lambda: len(told["answered"]) > 50)
        master.send_signal(signal.SIGTERM)
        assert master.wait(60) == 0
        wait_until(lambda: len(told["refused"]) > 8)
    finally:
        stopped.set()
        master.kill()
        master.wait()
    for visitor in visitors:
        visitor.join()
    if _may_turn_away():
        assert told["broken"] == []
    else:  # nothing here keeps newcomers from the doorway while it closes
        assert len(told["broken"]) <= 1 or "slow" in conf
    assert set(told["answered"]) == {"ok"}


def _may_turn_away() -> bool:
    """Whether this system lets this user say which packets reach a socket."""
    turn_newcomers_away = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["turn_newcomers_away"]
    with socket.socket() as probe:
        allowed: bool = turn_newcomers_away([SimpleNamespace(sock=probe)])
    return allowed


def _opens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
