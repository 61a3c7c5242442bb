"""The dashboard, in five statements whatever the size of the account."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.money import ZERO
from stocksite.desk.reading import Dashboard, Worth
from stocksite.market.reading import MarketState
from stocksite.portfolios.models import Portfolio, PortfolioSnapshot
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


def worth(session: Session, actor: Actor, today: date) -> list[Worth]:
    """Net worth at each close of the last year, oldest first: one statement."""
    rows = session.execute(
        select(
            PortfolioSnapshot.date,
            func.sum(PortfolioSnapshot.total_value),
            func.sum(PortfolioSnapshot.net_deposits),
        )
        .join(Portfolio, Portfolio.id == PortfolioSnapshot.portfolio_id)
        .where(
            Portfolio.user_id == actor.user_id,
            Portfolio.archived_at.is_(None),
            PortfolioSnapshot.date >= today - timedelta(days=366),
        )
        .group_by(PortfolioSnapshot.date)
        .order_by(PortfolioSnapshot.date)
    )
    return [Worth(*row) for row in rows]


def _sum(books: tuple[PortfolioView, ...], name: str) -> Decimal:
    return sum((getattr(book, name) for book in books), ZERO)


def _start(book: PortfolioView) -> Decimal:
    """What the day's change is measured against: the value now without it."""
    return book.total_value - book.day_change
