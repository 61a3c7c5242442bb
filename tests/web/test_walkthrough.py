"""Every block of docs/api.md, as a reader would run it, against a started server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers as throwaway
from tests.browser.live import Live, running

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


def blocks(language: str) -> list[str]:
    """The page's blocks of a language, in order."""
    return [text for name, text in FENCE.findall(PAGE.read_text("utf-8")) if name == language]


@pytest.fixture(scope="module")
def site(worker_id: str) -> Iterator[Live]:
    """A started server with an open market."""
    from stocksite.market.service import clock
    from stocksite.settings import Settings

    there = throwaway.attach(os.environ)
    number = (there.redis_number(worker_id) + 16) % throwaway.REDIS_DATABASES
    database_url, redis_url = there.clone_database(f"walk_{worker_id}"), there.redis_url(number)
    with running(database_url, redis_url) as live:
        live.redis.flushdb()
        with live.work() as session:
            clock.start(session, Settings(), live.wall)  # type: ignore[arg-type]
        live.until("open")
        live.tick(20)
        yield live
    there.drop_database(database_url)


def test_the_page_has_blocks_of_both_kinds_only() -> None:
    found = FENCE.findall(PAGE.read_text("utf-8"))
    assert {name for name, _ in found} == {"sh", "python"}
    assert len(blocks("sh")) >= 7
    assert len(blocks("python")) >= 7


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_walk(site: Live, tmp_path: Path) -> None:
    """curl's blocks in one shell, then Python's in one process, which goes on with the token."""
    script = tmp_path / "walk.sh"
    walk = tmp_path / "walk.py"
    walk.write_text("\n".join(blocks("python")), "utf-8")
    python = f'\nexec {sys.executable} "{walk}"\n'
    script.write_text("set -euo pipefail\n" + "\n".join(blocks("sh")) + python, "utf-8")
    env = {**os.environ, "SITE": site.url, "NAME": "walker"}
    ran = subprocess.run(
        ["bash", str(script)], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    told = ran.stdout
    assert "Logged in as walker" in told
    assert "in four of five cases" in told or "No forecast:" in told
    assert "As it should be: 422 insufficient-funds" in told
    assert _count(site, 'SELECT count(*) FROM "order"') == 1, "the repeat bought again"
    assert _count(site, "SELECT count(*) FROM backtest_run") == 1


def _count(site: Live, statement: str) -> int:
    from sqlalchemy import text

    with site.engine.connect() as connection:
        return int(connection.scalar(text(statement)) or 0)
