"""A backup of a running site, restored into a new folder, is the same site."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stocksite.embedded import backup
from stocksite.embedded.errors import StartError
from tests.embedded.site import Site, get


def test_a_site_that_does_not_run_cannot_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"No site runs on .*back up while it runs"):
        backup.save(tmp_path / "dump", tmp_path / "data")
    assert not (tmp_path / "dump").exists()


def test_what_is_no_backup_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("nothing of the kind")
    with pytest.raises(StartError, match="is no backup: it was not written by pg_dump"):
        backup.restore(tmp_path / "notes", tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("argv", [[], ["save"], ["save", ""], ["destroy", "file"]])
def test_the_command_says_how_it_is_called(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert backup.main(argv) == 2
    assert "make backup FILE=stocksite.dump" in capsys.readouterr().err


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup.main(["restore", str(tmp_path / "gone")]) == 1
    assert f"There is no {tmp_path / 'gone'}" in capsys.readouterr().err


@pytest.mark.embedded
@pytest.mark.slow
def test_there_and_back(any_site: Site, private: Path) -> None:
    if any_site.uid is not None:
        pytest.skip("the stand-in runs as another user than the tests")
    assert get(any_site.start()) == "prepared 1 times"
    file = private / "site.dump"
    assert "holds the database of" in backup.save(file, any_site.data)
    assert file.stat().st_mode & 0o777 == 0o600
    any_site.finish()
    with pytest.raises(StartError, match="has a database already"):
        backup.restore(file, any_site.data)

    restored = private / "restored"
    torn = private / "torn.dump"
    torn.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(StartError, match="could not restore the database"):
        backup.restore(torn, restored)
    assert "make run DATA_DIR=" in backup.restore(file, restored)

    any_site.data = restored
    assert get(any_site.start()) == "prepared 2 times"
    assert os.listdir(private / "data") != []
    any_site.finish()
