"""Backs up the embedded database while the site runs, and restores it into a new data folder.

    python -m stocksite.embedded.backup save FILE
    python -m stocksite.embedded.backup restore FILE

`make backup FILE=…` and `make restore FILE=… DATA_DIR=…` say it shorter. The file is pg_dump's
own format, so that any PostgreSQL of this major or later can read it. Keys are not in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stocksite.embedded import folders, running
from stocksite.embedded.binaries import find_postgres
from stocksite.embedded.errors import StartError, explain_os_error
from stocksite.embedded.locks import InstanceLock
from stocksite.embedded.postgres import DATABASE, SERVER_ENV, USER, Postgres
from stocksite.embedded.unprivileged import server_identity


def save(file: Path, data_dir: Path) -> str:
    """Dump the running site's database into a file; returns what to say. Raises StartError.

    The file appears under its name only when it is whole, readable by its owner alone.
    """
    if running.find(data_dir) is None:
        raise StartError(
            f"No site runs on {data_dir}: start it (make run) and back up while it runs, or give "
            "its DATA_DIR."
        )
    layout = folders.prepare(data_dir)
    postgres = _postgres(layout, data_dir)
    handle, making = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            _run(postgres, ["pg_dump", "--format=custom"], stdout=target.fileno(), doing="dump")
        size = Path(making).stat().st_size
        Path(making).replace(file)
    finally:
        Path(making).unlink(missing_ok=True)
    return f"{file} holds the database of {data_dir} ({size / 1e6:.1f} MB)."


def restore(file: Path, data_dir: Path) -> str:
    """Make a new data folder's database from a file; returns what to say. Raises StartError."""
    # Unbuffered: pg_restore goes on from where the file stands for the kernel, not for Python.
    with file.open("rb", buffering=0) as source:
        if source.read(5) != b"PGDMP":
            raise StartError(f"{file} is no backup: it was not written by pg_dump -Fc.")
        source.seek(0)
        folders.make_data_dir(data_dir)
        lock = InstanceLock(data_dir)
        lock.acquire()
        made = False
        try:
            layout = folders.prepare(data_dir)
            if layout.postgres.exists():
                raise StartError(
                    f"{data_dir} has a database already, which a restore would mix up: give "
                    "another DATA_DIR (make restore FILE=… DATA_DIR=restored)."
                )
            made = True
            _fill(_postgres(layout, data_dir, lock.heirloom), source.fileno())
        except BaseException:
            # Nobody shall take half a restore for a database, and the next try may use the folder.
            if made:
                shutil.rmtree(layout.postgres, ignore_errors=True)
            raise
        finally:
            lock.release()
    return f"{data_dir} holds what was in {file}. Start it: make run DATA_DIR={data_dir}"


def _fill(postgres: Postgres, source: int) -> None:
    postgres.initialise()
    child = postgres.start()
    try:
        postgres.wait_ready(child)
        argv = ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner"]
        _run(postgres, argv, stdin=source, doing="restore")
    finally:
        child.stop()


def _postgres(layout: folders.Layout, data_dir: Path, heirloom: int | None = None) -> Postgres:
    return Postgres(
        binaries=find_postgres(server_identity(layout.postgres)),
        data=layout.postgres,
        sockets=layout.sockets,
        log=layout.logs / "postgres.log",
        password=folders.load_secrets(data_dir)["postgres_password"],
        identity=layout.identity,
        heirloom=heirloom,
    )


def _run(
    postgres: Postgres,
    argv: list[str],
    *,
    doing: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> None:
    """Run one of PostgreSQL's programs against the server; its words become our sentence."""
    program, *options = argv
    done = subprocess.run(
        [postgres.binaries.path(program), *options, f"--dbname={DATABASE}"],
        env={
            **SERVER_ENV,
            "PGHOST": str(postgres.sockets),
            "PGUSER": USER,
            "PGPASSWORD": postgres.password,
        },
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise StartError(f"PostgreSQL could not {doing} the database: {said[-1]}")


def main(argv: list[str]) -> int:
    """The command line; returns the exit code."""
    from stocksite.settings import Settings, SettingsError

    if len(argv) != 2 or argv[0] not in ("save", "restore") or not argv[1]:
        sys.stderr.write(
            "Say which file: make backup FILE=stocksite.dump, or make restore FILE=stocksite.dump "
            "DATA_DIR=restored\n"
        )
        return 2
    file = Path(os.path.abspath(argv[1]))
    try:
        data_dir = Path(os.path.abspath(Settings.from_env().data_dir))
        said = save(file, data_dir) if argv[0] == "save" else restore(file, data_dir)
    except FileNotFoundError as error:
        said, code = f"There is no {error.filename}: check FILE.", 1
    except OSError as error:
        said, code = str(explain_os_error(error, f"use {file}")), 1
    except (StartError, SettingsError) as error:
        said, code = str(error), 1
    else:
        code = 0
    (sys.stderr if code else sys.stdout).write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
