"""What a portfolio has of one stock: held, promised to open sales, free."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.money import ZERO
from stocksite.portfolios.models import OPEN_STATUSES, Order, Portfolio, Position


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares of one stock: all that are held, and those promised to open sales."""

    held: Decimal
    promised: Decimal

    @property
    def available(self) -> Decimal:
        """What a new sale may take."""
        return self.held - self.promised


def holding(session: Session, portfolio: Portfolio, stock_id: int) -> Holding:
    """What a portfolio has of a stock, in one statement."""
    held = select(Position.quantity).where(
        Position.portfolio_id == portfolio.id, Position.stock_id == stock_id
    )
    promised = select(func.sum(Order.held_quantity)).where(
        Order.portfolio_id == portfolio.id,
        Order.stock_id == stock_id,
        Order.status.in_(OPEN_STATUSES),
    )
    row = session.execute(select(held.scalar_subquery(), promised.scalar_subquery())).one()
    return Holding(row[0] or ZERO, row[1] or ZERO)
