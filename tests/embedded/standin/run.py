"""Runs the supervisor over the stand-in site: `python run.py DATA_DIR PORT`.

Lies in `standin/` of a tree that has `stocksite/` and `gunicorn.conf.py` beside it. The variables
STANDIN_* bend what cannot be brought about otherwise.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parent


@dataclass(frozen=True)
class StandInSettings:
    """The few settings the supervisor reads."""

    data_dir: Path
    port: int
    database_url: str | None = os.environ.get("DATABASE_URL")
    redis_url: str | None = os.environ.get("REDIS_URL")
    secret_key: str = ""
    jwt_key: str = ""


def main() -> int:
    """Run until stopped; the exit code is the supervisor's."""
    from stocksite.embedded import process, unprivileged
    from stocksite.embedded.services import Commands
    from stocksite.embedded.supervisor import run_all

    if "STANDIN_STATE_DIR" in os.environ:
        unprivileged.STATE_DIR = Path(os.environ["STANDIN_STATE_DIR"])
    if "STANDIN_NO_KERNEL_TIES" in os.environ:
        process._libc = None
    app = str(HERE / "app.py")
    web = (
        *(sys.executable, "-m", "gunicorn", "app:wsgi", "--chdir", str(HERE)),
        *("--config", str(TREE / "gunicorn.conf.py"), "--bind", "fd://{fd}"),
    )
    commands = Commands(
        prepare=(sys.executable, app, os.environ.get("STANDIN_PREPARE", "prepare")),
        web=web,
        worker=(sys.executable, app, "worker"),
        clock=(sys.executable, app, "clock"),
        cwd=TREE,
    )
    settings = StandInSettings(Path(sys.argv[1]), int(sys.argv[2]))
    return run_all(settings, commands=commands, demo_login="demo / demo")


if __name__ == "__main__":
    sys.exit(main())
