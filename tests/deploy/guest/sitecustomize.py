"""On the workers' PYTHONPATH: adds a job whose effects can be counted, `stocksite.guest.nap`."""

from __future__ import annotations

import os
import sys
import time
import types


def nap(name: str, seconds: float) -> None:
    """Take some time, then leave one row behind."""
    from sqlalchemy import text

    from stocksite.core.database import unit_of_work

    _count(unit_of_work, text, "began", name)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.05)
    _count(unit_of_work, text, "ended", name)


def _count(unit_of_work, text, what, name):  # type: ignore[no-untyped-def]
    with unit_of_work() as session:
        row = {"what": what, "name": name, "lane": os.getppid()}
        session.execute(text("INSERT INTO nap VALUES (:what, :name, :lane)"), row)


module = types.ModuleType("stocksite.guest")
module.nap = nap  # type: ignore[attr-defined]
sys.modules["stocksite.guest"] = module
