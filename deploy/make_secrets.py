"""Makes what the containers need to know and nobody should have to think up, once.

    python deploy/make_secrets.py FOLDER

writes FOLDER/secret_key, jwt_key, postgres_password, redis_password, database_url and redis_url,
each readable by its owner only. What is there stays: a second run changes nothing. To rotate a
key, remove its file and run it again (docs/operations.md tells what that means for each).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path


def main(folder: Path) -> int:
    """Write the files that are missing."""
    made = [name for name in ("secret_key", "jwt_key") if keep(folder / name, key())]
    for name, url in (
        ("postgres", "postgresql://stocksite:{}@database:5432/stocksite"),
        ("redis", "redis://:{}@queue:6379/0"),
    ):
        password = folder / f"{name}_password"
        made += [password.name] if keep(password, key()) else []
        address = folder / ("database_url" if name == "postgres" else "redis_url")
        replace(address, url.format(password.read_text(encoding="ascii")))
    sys.stdout.write(f"Made {', '.join(made)}.\n" if made else "Every key is there.\n")
    return 0


def key() -> str:
    """256 random bits that need no quoting in a URL."""
    return secrets.token_urlsafe(32)


def keep(path: Path, text: str) -> bool:
    """Write a new file, or leave the one that is there; whether it was written."""
    with contextlib.suppress(FileExistsError):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        return True
    return False


def replace(path: Path, text: str) -> None:
    """Write a file that follows from others."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    keep(new, text)
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
