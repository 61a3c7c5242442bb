"""Where the servers of a running instance are: told to the commands that one gives beside it.

DATA_DIR/servers.json, 0600, is there while the instance runs. One that a killed supervisor left
behind tells nothing: the lock on the folder says whether anybody runs.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from stocksite.embedded import folders, locks


def tell(data_dir: Path, database_url: str, redis_url: str) -> None:
    """Write down where the servers are; they hold the database's password."""
    folders.write_private(_file(data_dir), json.dumps([database_url, redis_url]) + "\n")


def forget(data_dir: Path) -> None:
    """The servers are gone."""
    _file(data_dir).unlink(missing_ok=True)


def find(data_dir: Path) -> tuple[str, str] | None:
    """The database's and the queue's address of the instance that runs there, or None."""
    if not locks.is_held(data_dir):
        return None
    with contextlib.suppress(OSError, ValueError, TypeError):
        database_url, redis_url = json.loads(_file(data_dir).read_text())
        return str(database_url), str(redis_url)
    return None


def _file(data_dir: Path) -> Path:
    return data_dir / "servers.json"
