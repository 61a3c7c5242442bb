"""What one stock is to the caller: shares per portfolio, watched or not, waiting or not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.desk.reading import Holding, Mine
from stocksite.market.reading import StockQuote
from stocksite.portfolios.entries import market_value

_MINE = text("""
WITH books AS (
    SELECT id, name, row_number() OVER (ORDER BY is_default DESC, id) = 1 AS is_default
    FROM portfolio WHERE user_id = :user_id AND archived_at IS NULL
)
SELECT b.id, b.name, b.is_default, h.quantity, h.cost_basis,
       EXISTS (SELECT FROM watchlist_item w
               WHERE w.user_id = :user_id AND w.stock_id = :stock_id) AS watched,
       b.is_default AND EXISTS (SELECT FROM "order" o
               WHERE o.portfolio_id = b.id AND o.stock_id = :stock_id
                 AND o.side = 'buy' AND o.status = 'accepted') AS pending
FROM (SELECT 1) one
LEFT JOIN books b ON true
LEFT JOIN position h ON h.portfolio_id = b.id AND h.stock_id = :stock_id
ORDER BY b.is_default DESC, b.id
""")


def of(session: Session, actor: Actor, quote: StockQuote) -> Mine:
    """Holdings of a stock over all of the actor's portfolios: one statement."""
    rows = session.execute(_MINE, {"user_id": actor.user_id, "stock_id": quote.stock_id}).all()
    return Mine(
        holdings=tuple(_holding(row, quote.price) for row in rows if row.quantity is not None),
        watched=any(row.watched for row in rows),
        pending=any(row.pending for row in rows),
    )


def _holding(row: Any, price: Decimal | None) -> Holding:
    value = None if price is None else market_value(row.quantity, price)
    gain = None if value is None else value - row.cost_basis
    return Holding(
        portfolio_id=row.id,
        portfolio_name=row.name,
        is_default=row.is_default,
        quantity=row.quantity,
        cost_basis=row.cost_basis,
        market_value=value,
        unrealized_pnl=gain,
        unrealized_pnl_pct=(
            float(gain / row.cost_basis) * 100 if gain is not None and row.cost_basis else None
        ),
    )
