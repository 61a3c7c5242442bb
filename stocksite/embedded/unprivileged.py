"""Who the servers run as.

PostgreSQL refuses to run as root, so under root the servers become an unprivileged user. That user
may be unable to pass through the folders on the way to the checkout (a 0700 home). No folder of
the user's is ever opened up for it; instead, what the servers need is put where they can reach it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from stocksite.embedded.errors import StartError

NOBODY = 65534
"""The uid and gid of `nobody` on Linux; macOS has another."""

STATE_DIR = Path("/var/lib/stocksite")
"""Where root keeps what the unprivileged user must reach."""


class SwitchOptions(TypedDict, total=False):
    """The arguments by which `subprocess` starts a process as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Identity:
    """The user a server process runs as; `switch` when that is not the user who starts it."""

    uid: int
    gid: int
    switch: bool

    def popen_options(self) -> SwitchOptions:
        """Arguments for `subprocess` that start a process under this identity."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a file or folder that we made to this identity."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def myself() -> Identity:
    """The user who runs this process."""
    return Identity(os.geteuid(), os.getegid(), switch=False)


def server_identity(existing_data: Path | None = None) -> Identity:
    """Who runs the servers: the present user, or under root an unprivileged one.

    Data that an ordinary user made earlier stays that user's: root then runs the servers as them.
    """
    if os.geteuid() != 0:
        return myself()
    if existing_data is not None and existing_data.exists():
        owner = existing_data.stat()
        if owner.st_uid != 0:
            return Identity(owner.st_uid, owner.st_gid, switch=True)
    return Identity(*_unprivileged_ids(), switch=True)


def _unprivileged_ids() -> tuple[int, int]:
    """The uid and gid of a user without rights that has a name, as `initdb` asks of its user."""
    if has_name(NOBODY):
        return NOBODY, NOBODY
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise StartError(
        "PostgreSQL does not run as root and this system has no user 'nobody': add one, start "
        "stocksite as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def has_name(uid: int) -> bool:
    """Whether the system knows a user of this number (containers run under numbers at times)."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def can_enter(identity: Identity, folder: Path) -> bool:
    """Whether the identity can pass through the folder and all above it, asked of the kernel."""
    if not identity.switch:
        return os.access(folder, os.X_OK)
    answer = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', str(folder)],
        cwd="/",
        check=False,
        capture_output=True,
        **identity.popen_options(),
    )
    return answer.returncode == 0


def state_folder(*parts: str) -> Path:
    """A folder below `STATE_DIR` that only root can write to, made when missing."""
    folder = STATE_DIR
    try:
        for part in ("", *parts):
            folder = folder / part
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            _require_roots(folder)
    except OSError as error:
        raise StartError(
            f"Root's servers need a folder under {STATE_DIR}, which cannot be made "
            f"({error.strerror}): start stocksite as an ordinary user instead."
        ) from error
    return folder


def _require_roots(folder: Path) -> None:
    found = folder.lstat()
    if found.st_uid != 0 or found.st_mode & 0o022 or folder.is_symlink():
        raise StartError(
            f"{folder} is not safe to use, because others than root can write to it: remove it or "
            "start stocksite as an ordinary user."
        )
    if found.st_mode & 0o005 != 0o005:
        # Ours (below STATE_DIR), made under a strict umask.
        folder.chmod(0o755)
