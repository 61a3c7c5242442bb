"""What the worker runs for portfolios."""

from __future__ import annotations

from datetime import date

from stocksite.core.database import unit_of_work
from stocksite.portfolios.service import matching, snapshots


def match_orders(day: str | None = None) -> None:
    """Fill every waiting order that has met a quote (`day` only names the after-close slot)."""
    matching.match_all(unit_of_work)


def take_snapshots(day: str) -> None:
    """Snapshot all portfolios at a session's close, and at those before it that were missed."""
    with unit_of_work() as session:
        snapshots.catch_up(session, date.fromisoformat(day))


def mend_snapshots() -> None:
    """Write anew what back-dated postings have made wrong."""
    with unit_of_work() as session:
        snapshots.mend(session)
