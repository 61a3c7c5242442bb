"""Folders, locks and what is judged without starting a server."""

from __future__ import annotations

import os
import socket
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from stocksite.embedded import folders, postgres, postmaster, preflight, unprivileged, watchdog
from stocksite.embedded.errors import StartError, explain_os_error, last_line
from stocksite.embedded.locks import InstanceLock
from stocksite.embedded.unprivileged import myself


def test_data_folder_is_made_private_but_a_given_one_is_left_alone(tmp_path: Path) -> None:
    folders.make_data_dir(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) & 0o007 == 0
    given = tmp_path / "given"
    given.mkdir(mode=0o755)
    folders.make_data_dir(given)
    assert stat.S_IMODE(given.stat().st_mode) == 0o755


def test_secrets_are_kept(tmp_path: Path) -> None:
    first = folders.load_secrets(tmp_path)
    assert set(first) == set(folders.SECRET_NAMES)
    assert folders.load_secrets(tmp_path) == first
    (tmp_path / "secrets.json").write_text('{"secret_key": "mine"}')
    assert folders.load_secrets(tmp_path)["secret_key"] == "mine"


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("[1")
    with pytest.raises(StartError, match="damaged"):
        folders.load_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == "[1"


def test_long_socket_paths_get_a_short_private_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("é" * 30)
    deep.mkdir(parents=True)
    found = folders.socket_folder(deep / "run", myself())
    try:
        assert len(os.fsencode(found / ".s.PGSQL.5432")) <= folders.LONGEST_SOCKET_PATH
        assert stat.S_IMODE(found.stat().st_mode) == 0o700
        assert folders.socket_folder(deep / "run", myself()) == found
        found.chmod(0o777)  # as if somebody else had got there first
        other = folders.socket_folder(deep / "run", myself())
        assert other != found
        assert stat.S_IMODE(other.stat().st_mode) == 0o700
        other.rmdir()
    finally:
        found.rmdir()


def test_lock_is_exclusive_and_given_back(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path)
    first.acquire()
    with pytest.raises(StartError, match=f"process {os.getpid()}"):
        InstanceLock(tmp_path).acquire()
    first.release()
    second = InstanceLock(tmp_path)
    second.acquire()
    second.release()


def test_too_little_space_is_told_with_the_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = namedtuple("disk", "f_bavail f_frsize")
    monkeypatch.setattr(os, "statvfs", lambda path: disk(10_000, 4096))
    with pytest.raises(StartError, match="has 40 MB free and stocksite needs 250 MB"):
        postgres.require_space(tmp_path, 250)


def test_full_disk_of_the_server_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    output = 'FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device'
    assert "disk is full" in str(postgres.explain_failure(output, log, "start"))
    output = "2026 [1] LOG:  x\n2026 [1] FATAL:  lock file is damaged\n2026 [1] LOG:  bye"
    assert "lock file is damaged" in str(postgres.explain_failure(output, log, "start"))


@pytest.mark.parametrize(
    ("number", "words"), [(28, "disk is full"), (13, "owner"), (30, "owner"), (5, "DATA_DIR")]
)
def test_file_errors_name_the_way_out(number: int, words: str) -> None:
    sentence = str(explain_os_error(OSError(number, os.strerror(number), "/data"), "write"))
    assert words in sentence
    assert "/data" in sentence


def test_port_that_is_ours_alone() -> None:
    with preflight.listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} is taken.*make run PORT="):
            preflight.listen(port)
    preflight.listen(port).close()


def test_port_comes_back_at_once_after_visitors(tmp_path: Path) -> None:
    listener = preflight.listen(0)
    port = listener.getsockname()[1]
    with socket.create_connection((preflight.HOST, port)):
        accepted, _ = listener.accept()
        accepted.close()
    listener.close()
    preflight.listen(port).close()


def test_pid_file_is_believed_about_nothing(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("not a number\n")
    assert postmaster.recorded_pid(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    assert postmaster.servers_on(tmp_path) == []
    postmaster.settle(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_pid_file_of_a_dead_server_is_left_to_postgresql(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / "postmaster.pid").write_text(f"{child}\n{tmp_path}\n")
    postmaster.settle(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()


def test_watchdog_remembers_who_is_left() -> None:
    assert watchdog.watch(["+10 15\n", "+11 2\n", "-10\n"]) == {11: 2}


def test_last_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == ""
    log.write_text("one\ntwo \n\n")
    assert last_line(log) == "two"


def test_state_folder_refuses_what_others_could_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if os.getuid() != 0:
        pytest.skip("root only")
    monkeypatch.setattr(unprivileged, "STATE_DIR", tmp_path / "state")
    assert unprivileged.state_folder("x").is_dir()
    (tmp_path / "state" / "x").chmod(0o777)
    with pytest.raises(StartError, match="not safe"):
        unprivileged.state_folder("x")


def test_the_last_line_of_a_failed_statement_is_the_error_not_the_link_after_it(
    tmp_path: Path,
) -> None:
    log = tmp_path / "prepare.log"
    log.write_text(
        "Traceback (most recent call last):\n  File ...\n"
        'sqlalchemy.exc.ProgrammingError: (UndefinedColumn) column "x" does not exist\n'
        "LINE 1: SELECT x\n\n[SQL: SELECT x]\n[parameters: {}]\n"
        "(Background on this error at: https://sqlalche.me/e/21/f405)\n"
    )
    assert last_line(log).startswith("sqlalchemy.exc.ProgrammingError: (UndefinedColumn) column")
    log.write_text(log.read_text() + "Started again.\n")
    assert last_line(log) == "Started again."
