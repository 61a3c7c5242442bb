"""Marking snapshots that a back-dated posting has made wrong; a job writes them anew."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.queue import enqueue
from stocksite.portfolios.models import Portfolio

MEND = "stocksite.portfolios.jobs.mend_snapshots"


def day_of(moment: datetime) -> date:
    """The trading day a moment belongs to: that of the first session that closes at or after it."""
    calendar = xnys()
    last = calendar.last_closed(moment)
    if last is not None and last.close == moment:
        return last.date
    if last is None:
        return calendar.sessions[0].date
    return calendar.next_after(last.open).date


def note(session: Session, portfolio: Portfolio, executed_at: datetime) -> None:
    """Remember the first wrong day if a posting lies at or before the last close written down.

    The caller holds the portfolio's row lock.
    """
    if portfolio.snapshot_at is None or executed_at > portfolio.snapshot_at:
        return
    day = day_of(executed_at)
    if portfolio.dirty_from is None:
        send(session)
    portfolio.dirty_from = min(portfolio.dirty_from or day, day)


def send(session: Session) -> None:
    """Ask a worker to mend what is marked, after the commit."""
    enqueue(session, MEND, queue="market")
