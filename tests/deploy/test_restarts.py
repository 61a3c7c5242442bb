"""A deployment: every process is stopped under load and started anew, one after the other.

Nothing that was accepted may fail, no job may be lost, every effect is there once.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
import requests

from tests.deploy.conftest import Fleet
from tests.deploy.load import Load
from tests.deploy.procfile import ROOT, Process, children, wait_until

pytestmark = [pytest.mark.embedded, pytest.mark.slow, pytest.mark.xdist_group("fleet")]


def test_no_accepted_request_fails_and_no_job_is_lost(fleet: Fleet) -> None:
    script = fleet.register("trader")
    portfolios = requests.get(f"{fleet.webs[0].url}/api/portfolios/", headers=script).json()
    portfolio = portfolios["results"][0]["id"]
    naps = [f"during {n}" for n in range(20)]
    with Load(fleet.webs, script, portfolio) as load:
        time.sleep(1)
        for web in fleet.webs:
            answered = sum(told.answered for told in load.told)
            restart(web)
            web.wait_served()
            wait_until(lambda seen=answered: sum(t.answered for t in load.told) > seen + 50)  # type: ignore[misc]
        for pair in zip(fleet.workers, fleet.clocks, strict=True):
            for name in naps[:10]:
                fleet.enqueue_nap(name, 0.3)
            del naps[:10]
            time.sleep(0.5)
            restart(*pair)
    broken = [line for told in load.told for line in told.broken]
    assert broken == []
    assert sum(told.refused for told in load.told) > 0, "no request met a stopped process"
    acknowledged = sorted(order for told in load.told for order in told.acknowledged)
    stored = fleet.sql(
        'SELECT client_order_id FROM "order" WHERE portfolio_id = %s ORDER BY 1', portfolio
    )
    assert sorted(order for (order,) in stored) == acknowledged
    all_jobs_end(fleet)
    ended = fleet.sql(
        "SELECT count(*), count(DISTINCT name) FROM nap"
        " WHERE what = 'ended' AND starts_with(name, 'during')"
    )
    assert ended == [(20, 20)]
    proof = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "verify-ledger"],
        cwd=ROOT,
        env=fleet.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert proof.returncode == 0, proof.stderr


def restart(*processes: Process) -> None:
    """SIGTERM, a clean end, and the same again."""
    for process in processes:
        process.signal(signal.SIGTERM)
    for process in processes:
        assert process.wait() == 0, process.log.read_text()[-3000:]
        process.start()


def all_jobs_end(fleet: Fleet) -> None:
    """Every job of the guest ends well."""

    def left() -> list[tuple[object, ...]]:
        return fleet.sql(
            "SELECT status, attempts, message FROM job"
            " WHERE function = 'stocksite.guest.nap' AND status <> 'done'"
        )

    wait_until(lambda: not left(), left)


def test_a_long_job_changes_hands_when_its_worker_is_stopped(fleet: Fleet) -> None:
    """Docker signals the worker alone, Heroku every process there is. No attempt is counted."""
    job = fleet.enqueue_nap("long", 8)
    for turn, stop in enumerate((Process.signal, Process.signal_all), start=1):
        wait_until(lambda turn=turn: len(lanes_of(fleet, "long")) == turn)  # type: ignore[misc]
        (holder,) = (
            worker
            for worker in fleet.workers
            if lanes_of(fleet, "long")[-1] in children(worker.popen.pid)
        )
        stop(holder, signal.SIGTERM)
        assert holder.wait() == 0, holder.log.read_text()[-3000:]
        holder.start()
    ended = "SELECT count(*) FROM nap WHERE what = 'ended' AND name = 'long'"
    wait_until(lambda: fleet.sql(ended) == [(1,)])
    all_jobs_end(fleet)
    assert fleet.sql("SELECT status, attempts FROM job WHERE id = %s", job) == [("done", 1)]
    assert len(lanes_of(fleet, "long")) == 3
    assert fleet.sql(ended) == [(1,)]


def lanes_of(fleet: Fleet, name: str) -> list[int]:
    """The worker's processes that began a nap, in order."""
    rows = fleet.sql("SELECT lane FROM nap WHERE what = 'began' AND name = %s ORDER BY ctid", name)
    return [lane for (lane,) in rows]
