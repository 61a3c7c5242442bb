"""The worker's lanes: real processes, so that a long job holds back nobody but research."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stocksite.core.worker import LANES

LANE = """
import os, signal, sys, time
from pathlib import Path
from stocksite.core.lanes import run_lanes
from stocksite.embedded.process import die_with_parent

home = Path(sys.argv[1])

def serve(lane):
    done = []
    signal.signal(signal.SIGTERM, lambda *_: done.append(1))
    said = home / "-".join(lane)
    said.with_suffix(".new").write_text(str(os.getpid()))
    said.with_suffix(".new").rename(said)  # whole or not there
    if "fails" in lane:
        time.sleep(0.3)
        raise ValueError("planted")
    while not done:
        time.sleep(0.01)
    (home / f"{'-'.join(lane)}.done").touch()

asked = run_lanes([lane.split("-") for lane in sys.argv[2:]], serve, die_with_parent)
sys.exit(0 if asked else 3)
"""


@pytest.fixture
def lanes(tmp_path: Path):
    """Start a process with the lanes named; wait until each has said its process id."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*names: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", LANE, str(tmp_path), *names]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        started.append(process)
        while not all((tmp_path / name).is_file() for name in names):
            assert process.poll() is None
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_one_lane_keeps_clear_of_research():
    assert "research" in LANES[0]
    assert LANES[1] == ("market", "default")


def test_a_stop_lets_every_lane_finish(lanes, tmp_path):
    process = lanes("a-b", "a")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert {path.name for path in tmp_path.glob("*.done")} == {"a-b.done", "a.done"}


def test_a_lane_that_fails_takes_the_others_down_so_that_all_start_anew(lanes, tmp_path):
    process = lanes("a", "fails")
    assert process.wait(10) == 3
    assert (tmp_path / "a.done").is_file()
    assert b"ValueError: planted" in process.stderr.read()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_lane_outlives_a_killed_worker(lanes, tmp_path):
    process = lanes("a", "b")
    pids = [int((tmp_path / name).read_text()) for name in ("a", "b")]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    while not all(gone(pid) for pid in pids):
        pass
