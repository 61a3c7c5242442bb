"""What the worker runs for the house as a whole."""

from __future__ import annotations

from stocksite.core import jobs
from stocksite.core.clock import wall_now
from stocksite.core.database import unit_of_work
from stocksite.market.service import fetch_log


def housekeeping() -> None:
    """Forget what is kept for a limited time."""
    with unit_of_work() as session:
        jobs.purge(session, wall_now())
        fetch_log.tidy(session, wall_now())
