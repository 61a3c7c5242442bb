"""The one command, start to stop, with real processes and a stand-in site."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.embedded.site import Site, get, pids, wait_until

pytestmark = [pytest.mark.embedded, pytest.mark.slow]


def test_starts_serves_and_stops_in_order(site: Site) -> None:
    assert get(site.start()) == "prepared 1 times"
    site.read_until("Ctrl-C stops everything")
    wait_until(lambda: "clock works" in site.log("clock") and "works" in site.log("worker"))
    assert "Demo login: demo / demo" in site.output

    code, said = site.finish(signal.SIGINT)

    assert code == 0
    assert said.endswith("Stopping ...\nStopped.\n")
    for name in ("worker", "clock", "web"):
        assert f"{name} stops while the database answers" in site.log(name)
    assert "database system is shut down" in site.log("postgres")
    assert site.processes() == []

    assert get(site.start()) == "prepared 2 times"
    assert site.finish(signal.SIGTERM)[0] == 0


def test_killed_supervisor_leaves_nobody_and_nothing_broken(site: Site) -> None:
    for starts in (1, 2, 3):
        assert get(site.start()) == f"prepared {starts} times"
        wait_until(lambda: len(site.named("app.py worker")) == 2)  # the worker and its job
        site.kill()
        wait_until(lambda: not site.processes())
    site.start()
    assert site.finish()[0] == 0


def test_next_start_ends_who_outlived_the_last_one(any_site: Site) -> None:
    any_site.start(STANDIN_STUBBORN="1")
    wait_until(lambda: len(any_site.named("app.py worker")) == 2)
    any_site.kill()
    wait_until(lambda: len(any_site.processes()) == 1)  # a job that nothing told to end
    (stubborn,) = any_site.processes()

    any_site.start()
    assert stubborn not in pids()
    assert any_site.finish()[0] == 0


def test_killed_supervisor_without_the_kernels_help(any_site: Site) -> None:
    any_site.start(STANDIN_NO_KERNEL_TIES="1")
    any_site.kill()
    wait_until(lambda: not any_site.named("postgres") and not any_site.named("gunicorn"))
    wait_until(lambda: not any_site.processes())
    assert "database system is shut down" in any_site.log("postgres")


def test_what_is_private_stays_private(site: Site) -> None:
    site.start()
    site.finish()
    assert site.data.stat().st_mode & 0o007 == 0
    assert (site.data / "secrets.json").stat().st_mode & 0o777 == 0o600
    secrets = json.loads((site.data / "secrets.json").read_text())
    assert all(len(secret) >= 32 for secret in secrets.values())
    assert (site.data / "postgres").stat().st_uid != 0
    hba = (site.data / "postgres" / "pg_hba.conf").read_text()
    assert "scram-sha-256" in hba
    assert not any(line.rstrip().endswith("trust") for line in hba.splitlines() if line[:1] != "#")


def test_root_reaches_nothing_under_a_private_home(any_site: Site, private: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root's servers run as somebody else")
    home = private / "home"
    home.mkdir(mode=0o700)
    subprocess.run(["cp", "-al", str(any_site.tree), str(home / "checkout")], check=True)
    any_site.tree, any_site.data = home / "checkout", home / "checkout" / "instance"

    assert get(any_site.start()) == "prepared 1 times"
    state = private / "state"
    (pid, *_) = any_site.named("bin/postgres")
    assert Path(f"/proc/{pid}/exe").resolve().is_relative_to(state / "programs")
    assert any_site.finish()[1].count(str(state)) == 1  # the line that says where the data is
    assert home.stat().st_mode & 0o777 == 0o700

    # The pointer travels with the folder; the programs are not copied again.
    moved = home / "moved"
    any_site.data.rename(moved)
    any_site.data = moved
    copies = list((state / "programs").iterdir())
    assert get(any_site.start()) == "prepared 2 times"
    any_site.finish()
    assert list((state / "programs").iterdir()) == copies


def test_crashed_worker_comes_back(any_site: Site) -> None:
    any_site.start()
    wait_until(lambda: len(any_site.named("app.py worker")) == 2)
    old = any_site.named("app.py worker")
    os.kill(min(old), signal.SIGKILL)
    line = any_site.read_until("starting it again in 1 s")
    assert "worker was killed by SIGKILL" in line
    assert "worker.log" in line
    wait_until(lambda: any_site.log("worker").count("worker works") == 2)
    wait_until(lambda: len(any_site.named("app.py worker")) == 2)
    assert not set(old) & set(any_site.named("app.py worker"))
    any_site.finish()


def test_crashed_database_comes_back_with_its_data(any_site: Site) -> None:
    url = any_site.start()
    (server,) = [p for p in any_site.named("bin/postgres") if p]
    os.kill(server, signal.SIGKILL)
    any_site.read_until("PostgreSQL was killed by SIGKILL")
    wait_until(lambda: any_site.log("postgres").count("ready to accept connections") == 2)
    assert get(url) == "prepared 1 times"
    assert any_site.finish()[0] == 0


def test_stop_while_starting(any_site: Site) -> None:
    any_site.launch(STANDIN_PREPARE_S="50")
    any_site.read_until("First start")
    wait_until(lambda: any_site.named("app.py prepare"))
    assert any_site.finish(signal.SIGINT)[0] == 0
    assert any_site.processes() == []


def test_servers_given_by_url_are_used(any_site: Site, private: Path) -> None:
    root = private / "lender"
    root.mkdir(mode=0o755)
    if any_site.uid is not None:
        os.chown(root, any_site.uid, any_site.uid)
    lender = Site(any_site.tree, root, any_site.python, any_site.uid)
    lender.env = any_site.env
    lender.start()
    wait_until(lambda: lender.named("app.py clock"))
    (clock,) = lender.named("app.py clock")
    environ = Path(f"/proc/{clock}/environ").read_text().split("\0")
    urls = {
        name: value
        for name, _, value in (entry.partition("=") for entry in environ)
        if name in {"DATABASE_URL", "REDIS_URL"}
    }

    assert get(any_site.start(**urls)) == "prepared 2 times"
    assert not (any_site.data / "postgres").exists()
    assert not list((any_site.data / "valkey").iterdir())
    any_site.finish()
    lender.finish()


class TestRefusals:
    """Each is one sentence with the way out, exit code 1, and no traceback."""

    def refused(self, site: Site, port: int = 0, **env: str) -> str:
        site.launch(port=port, **env)
        code, said = site.finish(None)
        assert code == 1
        assert "Traceback" not in said
        sentence = said.splitlines()[-1]
        assert sentence.startswith("stocksite cannot start. ")
        assert site.processes() == []
        return sentence

    def test_port_taken(self, any_site: Site) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            sentence = self.refused(any_site, port)
        assert f"Port {port} is taken" in sentence
        assert "make run PORT=" in sentence

    def test_second_instance(self, any_site: Site) -> None:
        any_site.start()
        second = Site(any_site.tree, any_site.root, any_site.python, any_site.uid)
        second.launch()
        code, said = second.finish(None)
        assert code == 1
        assert f"Another stocksite (process {any_site.process.pid})" in said  # type: ignore[union-attr]
        assert "another DATA_DIR" in said
        assert any_site.finish()[0] == 0

    def test_another_major(self, any_site: Site) -> None:
        data = any_site.data / "postgres"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text("17\n")
        sentence = self.refused(any_site)
        assert "written by PostgreSQL 17" in sentence
        assert "make backup FILE=old.dump" in sentence
        assert "make restore FILE=old.dump DATA_DIR=new" in sentence
        assert (data / "PG_VERSION").read_text() == "17\n"

    def test_failed_preparation(self, any_site: Site) -> None:
        sentence = self.refused(any_site, STANDIN_PREPARE="fail")
        assert "the sample market is missing" in sentence
        assert "prepare.log" in sentence

    def test_lost_servers_folder(self, any_site: Site) -> None:
        any_site.data.mkdir()
        (any_site.data / "servers-folder.txt").write_text("/nonexistent/abc\n")
        assert "/nonexistent/abc" in self.refused(any_site)

    def test_folder_that_cannot_be_written(self, any_site: Site) -> None:
        any_site.data.parent.joinpath("file").touch()
        any_site.data = any_site.data.parent / "file" / "data"
        assert "DATA_DIR" in self.refused(any_site)


def test_stale_pid_file_harms_no_stranger(
    site: Site, bystander: Callable[..., subprocess.Popen[bytes]]
) -> None:
    site.start()
    (server, *_) = site.named("bin/postgres")
    uid = Path(f"/proc/{server}").stat().st_uid
    site.kill()
    wait_until(lambda: not site.processes())
    stranger = bystander("sleep", "600", uid=uid if os.getuid() == 0 else None)
    pid_file = site.data / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{site.data / 'postgres'}\n1\n5432\n\n\n0\nready\n")
    os.chown(pid_file, uid, -1)

    assert get(site.start()) == "prepared 2 times"
    assert stranger.poll() is None
    assert site.finish()[0] == 0
    assert stranger.poll() is None


def test_zombie_in_the_pid_file_is_not_a_server(
    any_site: Site, bystander: Callable[..., subprocess.Popen[bytes]]
) -> None:
    any_site.start()
    (server, *_) = any_site.named("bin/postgres")
    uid = Path(f"/proc/{server}").stat().st_uid
    any_site.finish()
    zombie = bystander("true", uid=uid if os.getuid() == 0 else None)
    wait_until(lambda: zombie.pid not in pids())
    pid_file = any_site.data / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{zombie.pid}\n{any_site.data / 'postgres'}\n1\n5432\n\n\n0\nready\n")
    os.chown(pid_file, uid, -1)

    assert get(any_site.start()) == "prepared 2 times"
    assert any_site.finish()[0] == 0
