"""Where an instance's things lie on disk.

DATA_DIR/             0700 (under root 0710, so that the servers' own group may pass)
  secrets.json        0600  generated keys and the database password
  servers.json        0600  where the servers are, while they run, see running.py
  run.lock            held by the running instance, see locks.py
  children.lock       held by its processes as well
  logs/               one file per process
  postgres/ valkey/   the servers' data  ┐ elsewhere when root's unprivileged servers
  run/                their sockets      ┘ cannot reach DATA_DIR: `Layout.servers`
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stocksite.embedded import unprivileged
from stocksite.embedded.errors import StartError
from stocksite.embedded.unprivileged import Identity

LONGEST_SOCKET_PATH = 100
"""Bytes. Linux takes 107 and macOS 103 with the final NUL; the difference is headroom."""

SECRET_NAMES = ("secret_key", "jwt_key", "postgres_password")


@dataclass(frozen=True)
class Layout:
    """The folders of one instance, all made and owned by whom they must be."""

    data_dir: Path
    servers: Path
    logs: Path
    sockets: Path
    identity: Identity

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder; it exists once the database was made."""
        return self.servers / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only files."""
        return self.servers / "valkey"

    @property
    def note(self) -> str | None:
        """A line for the user when the servers' data is not in the data folder."""
        if self.servers == self.data_dir:
            return None
        return (
            f"Running as root: the servers run as uid {self.identity.uid}, which cannot reach "
            f"{self.data_dir}, so their data is in {self.servers}."
        )


def prepare(data_dir: Path) -> Layout:
    """Make what is missing of an instance's folders and settle who runs the servers."""
    data_dir = Path(os.path.abspath(data_dir))
    make_data_dir(data_dir)
    identity = unprivileged.server_identity(data_dir / "postgres")
    servers = _servers_folder(data_dir, identity)
    identity = unprivileged.server_identity(servers / "postgres")
    logs = data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    valkey = servers / "valkey"
    if not valkey.exists():
        valkey.mkdir(mode=0o700)
        identity.own(valkey)
    return Layout(data_dir, servers, logs, socket_folder(servers / "run", identity), identity)


def make_data_dir(data_dir: Path) -> None:
    """Make the data folder private. One that exists is the user's and stays as it is."""
    if data_dir.is_dir():
        return
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    data_dir.mkdir(mode=0o700)
    if os.geteuid() == 0:
        # The servers' group may pass through to what it owns; it can neither list nor write.
        os.chown(data_dir, -1, unprivileged.server_identity().gid)
        data_dir.chmod(0o710)


def _servers_folder(data_dir: Path, identity: Identity) -> Path:
    """Where the servers' data is, or shall be. Data that exists is never left behind."""
    pointer = data_dir / "servers-folder.txt"
    if pointer.exists():
        return _pointed_at(pointer)
    if not identity.switch:
        return data_dir
    if unprivileged.can_enter(identity, data_dir):
        return data_dir
    if (data_dir / "postgres").exists():
        raise StartError(
            f"The servers' user (uid {identity.uid}) can no longer reach its data in {data_dir}: "
            "let it pass through the folders above, or start stocksite as an ordinary user."
        )
    folder = unprivileged.state_folder(_short_name(data_dir))
    # The pointer travels with the data folder, wherever that is moved.
    pointer.write_text(f"{folder}\n")
    (folder / "belongs-to.txt").write_text(f"{data_dir.resolve()}\n")
    return folder


def _pointed_at(pointer: Path) -> Path:
    folder = Path(pointer.read_text().strip())
    if folder.is_dir() and os.access(folder, os.W_OK):
        return folder
    raise StartError(
        f"{pointer} says that the servers' data is in {folder}, which is missing or not yours: "
        "bring it back (or start as root, who made it), or use another DATA_DIR."
    )


def _short_name(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def socket_folder(wanted: Path, identity: Identity) -> Path:
    """A private folder for sockets: the wanted one, or a short one when its path is too long."""
    if len(os.fsencode(wanted / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
        # In a place where anyone can write, so what is there is checked below.
        wanted = Path("/tmp") / f"stocksite-{identity.uid}-{_short_name(wanted)}"
    try:
        wanted.mkdir(mode=0o700)
        identity.own(wanted)
    except FileExistsError:
        found = wanted.lstat()
        ours = found.st_uid == identity.uid and stat.S_ISDIR(found.st_mode)
        if not ours or found.st_mode & 0o077:
            # Somebody else made it, in a place where anyone can: do not put a socket there.
            wanted = Path(tempfile.mkdtemp(prefix="stocksite-", dir="/tmp"))
            identity.own(wanted)
    return wanted


def load_secrets(data_dir: Path) -> dict[str, str]:
    """The instance's generated secrets, made at the first start and kept ever after."""
    path = data_dir / "secrets.json"
    found: dict[str, str] = {}
    if path.exists():
        try:
            found = {str(k): str(v) for k, v in json.loads(path.read_text()).items()}
        except (ValueError, AttributeError):
            raise StartError(
                f"{path} is damaged: restore it from a backup (it holds the database password), "
                "or start anew with another DATA_DIR."
            ) from None
    missing = [name for name in SECRET_NAMES if not found.get(name)]
    if missing:
        found |= {name: secrets.token_urlsafe(48) for name in missing}
        write_private(path, json.dumps(found, indent=2) + "\n")
    return found


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only, safe against a power cut."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
