"""Everybody's ledger and snapshots, to read. Nothing here can be changed: a ledger only grows by
the rules of the portfolios room, and its projections are rebuilt from it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from stocksite.admin.reading import LedgerLine, SnapshotLine
from stocksite.auth.models import User
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.market.models import Stock
from stocksite.portfolios.models import Portfolio, PortfolioSnapshot, Transaction


def transactions(session: Session, request: PageRequest, owner: str) -> Page[LedgerLine]:
    """Ledger rows, last posted first; of one person when their name is given."""
    row = Transaction
    statement = (
        select(
            *(row.id, row.portfolio_id, User.username, row.type, Stock.symbol, row.quantity),
            *(row.price, row.fees, row.cash_amount, row.executed_at, row.recorded_at, row.note),
        )
        .join(Portfolio, Portfolio.id == row.portfolio_id)
        .join(User, User.id == Portfolio.user_id)
        .outerjoin(Stock, Stock.id == row.stock_id)
        .order_by(row.id.desc())
    )
    return paginate(
        session, _of(statement, owner), request, lambda found: LedgerLine(*tuple(found))
    )


def snapshots(session: Session, request: PageRequest, owner: str) -> Page[SnapshotLine]:
    """Daily values, latest day first; of one person when their name is given."""
    row = PortfolioSnapshot
    statement = (
        select(
            *(row.portfolio_id, User.username, row.date, row.cash, row.positions_value),
            *(row.total_value, row.net_deposits, row.twr_index, row.recorded_at),
            row.corrected_at,
        )
        .join(Portfolio, Portfolio.id == row.portfolio_id)
        .join(User, User.id == Portfolio.user_id)
        .order_by(row.date.desc(), row.portfolio_id)
    )
    return paginate(
        session, _of(statement, owner), request, lambda found: SnapshotLine(*tuple(found))
    )


def _of(statement: Select[*tuple[Any, ...]], owner: str) -> Select[*tuple[Any, ...]]:
    if not owner:
        return statement
    return statement.where(func.lower(User.username) == owner.lower())
