"""The dashboard, in five statements whatever the size of the account."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.database import query, read
from stocksite.core.money import ZERO
from stocksite.desk.reading import Dashboard, Worth
from stocksite.market.reading import MarketState
from stocksite.portfolios.reading import PortfolioView
from stocksite.portfolios.service import activity, reads
from stocksite.watchlist import service as watchlist

MOVERS = 8
TRANSACTIONS = 8


def show(session: Session, actor: Actor, state: MarketState) -> Dashboard:
    """Everything at a glance, from the latest quotes."""
    books = tuple(reads.portfolios(session, actor, state))
    rows = watchlist.show(session, actor, state, sparklines=False).rows
    moved = sorted(rows, key=lambda row: -abs(row.quote.change_pct or 0.0))
    start = sum((_start(book) for book in books), ZERO)
    change = _sum(books, "day_change")
    return Dashboard(
        portfolios=books,
        net_worth=_sum(books, "total_value"),
        day_change=change,
        day_change_pct=float(change) / float(start) * 100 if start > ZERO else None,
        cash=_sum(books, "cash"),
        invested=_sum(books, "positions_value"),
        total_pnl=_sum(books, "total_pnl"),
        movers=tuple(moved[:MOVERS]),
        activity=activity.recent(session, actor, transactions=TRANSACTIONS),
    )


_WORTH = query(
    """
WITH days AS (
    SELECT s.date, sum(s.total_value) AS value, sum(s.net_deposits) AS net_deposits,
           sum(s.portfolio_id) AS books, max(s.recorded_at) AS recorded_at
    FROM portfolio_snapshot s JOIN portfolio p ON p.id = s.portfolio_id
    WHERE p.user_id = :user_id AND p.archived_at IS NULL AND s.date >= :start
    GROUP BY s.date
), latest AS (
    SELECT concat_ws(' ', count(*), min(date), sum(books), max(recorded_at)) AS version FROM days
)
SELECT latest.version, days.date, days.value, days.net_deposits
FROM latest LEFT JOIN days ON latest.version IS DISTINCT FROM CAST(:seen AS text)
ORDER BY days.date
""",
    "version date value net_deposits",
)


def worth(
    session: Session, actor: Actor, today: date, seen: str | None = None
) -> tuple[str, list[Worth]] | None:
    """Net worth at each close of the last year, oldest first, with a version of it; one statement.

    None when the version is the one `seen`. It changes with every close, with a repair of the
    history, and with a portfolio that comes or goes.
    """
    start = today - timedelta(days=366)
    rows = read(session, _WORTH, {"user_id": actor.user_id, "start": start, "seen": seen}).all()
    version = str(rows[0].version)
    if version == seen:
        return None
    return version, [
        Worth(row.date, row.value, row.net_deposits) for row in rows if row.date is not None
    ]


def _sum(books: tuple[PortfolioView, ...], name: str) -> Decimal:
    return sum((getattr(book, name) for book in books), ZERO)


def _start(book: PortfolioView) -> Decimal:
    """What the day's change is measured against: the value now without it."""
    return book.total_value - book.day_change
