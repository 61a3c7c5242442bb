"""What the worker runs for portfolios."""

from __future__ import annotations

from datetime import date

from stocksite.core.database import unit_of_work
from stocksite.core.errors import NotFound
from stocksite.core.queue import connection, enqueue
from stocksite.portfolios.service import kept_figures, matching, snapshots

_WARM = "stocksite.portfolios.jobs.warm_figures"


def match_orders(day: str | None = None) -> None:
    """Fill every waiting order that has met a quote (`day` only names the after-close slot)."""
    matching.match_all(unit_of_work)


def take_snapshots(day: str) -> None:
    """Snapshot all portfolios at a session's close, and at those before it that were missed.

    The figures that people look at follow as a job of their own: the market does not wait for it.
    """
    with unit_of_work() as session:
        snapshots.catch_up(session, date.fromisoformat(day))
        enqueue(session, _WARM, dedupe_key=f"warm-figures:{day}")


def mend_snapshots() -> None:
    """Write anew what back-dated postings have made wrong."""
    with unit_of_work() as session:
        snapshots.mend(session)


def compute_figures(
    user_id: int, portfolio_id: int, period: str, start: str | None, end: str | None
) -> None:
    """Compute what somebody waits for on a performance page, and keep it for them."""
    actor, wanted, span = kept_figures.asked_for(user_id, portfolio_id, period, start, end)
    redis = connection()
    if redis is None:
        return
    try:
        with unit_of_work() as session:
            kept_figures.make(session, redis, actor, wanted, span)
    except NotFound:  # put away since: nobody waits any more
        return


def warm_figures() -> None:
    """After a close: compute the figures that were looked at of late."""
    redis = connection()
    if redis is not None:
        kept_figures.warm(unit_of_work, redis)
