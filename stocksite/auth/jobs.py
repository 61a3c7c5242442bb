"""What the worker runs for this room."""

from __future__ import annotations

from stocksite.auth import service
from stocksite.core.clock import wall_now
from stocksite.core.database import unit_of_work


def purge_sessions() -> None:
    """Remove sessions that expired or lay idle for too long; once a day is plenty."""
    with unit_of_work() as session:
        service.purge_sessions(session, now=wall_now())
