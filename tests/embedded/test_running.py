"""What a running instance tells the commands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stocksite.embedded import running
from stocksite.embedded.locks import InstanceLock
from tests.embedded.site import Site

URLS = ("postgresql://somewhere/stocksite", "unix:///somewhere")


def test_a_running_instance_is_found_and_a_gone_one_is_not(tmp_path: Path) -> None:
    assert running.find(tmp_path) is None
    lock = InstanceLock(tmp_path)
    lock.acquire()
    assert running.find(tmp_path) is None  # it runs, and has no servers yet
    running.tell(tmp_path, *URLS)
    assert running.find(tmp_path) == URLS
    assert (tmp_path / "servers.json").stat().st_mode & 0o777 == 0o600
    lock.release()  # killed: the file is left behind
    assert running.find(tmp_path) is None
    running.forget(tmp_path)
    running.forget(tmp_path)
    assert not (tmp_path / "servers.json").exists()


def test_looking_does_not_take_the_lock(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path)
    lock.acquire()
    lock.release()
    assert running.find(tmp_path) is None
    lock.acquire()
    lock.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '["one"]', "7", "[1, 2, 3]"])
def test_a_damaged_file_tells_nothing(tmp_path: Path, text: str) -> None:
    lock = InstanceLock(tmp_path)
    lock.acquire()
    (tmp_path / "servers.json").write_text(text)
    assert running.find(tmp_path) is None
    lock.release()


@pytest.mark.embedded
@pytest.mark.slow
def test_the_supervisor_tells_while_it_runs(any_site: Site) -> None:
    any_site.start()
    found = running.find(any_site.data)
    assert found is not None
    assert found[0].startswith("postgresql")
    second = Site(any_site.tree, any_site.root, any_site.python, any_site.uid)
    second.env = any_site.env
    assert second.run()[0] == 1  # refused, and the first one's word is left alone
    assert running.find(any_site.data) == found
    any_site.finish()
    assert not (any_site.data / "servers.json").exists()
