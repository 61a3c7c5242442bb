"""What waits and what happened last, in one statement: for overview pages and their polls."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.database import query, read
from stocksite.portfolios.reading import Activity, TransactionView, WaitingOrder

MAX_OPEN = 50

_SQL = """
WITH mine AS (
    SELECT id, name FROM portfolio
    WHERE user_id = :user_id AND archived_at IS NULL
      AND (CAST(:portfolio_id AS bigint) IS NULL OR id = :portfolio_id)
)
(SELECT true AS waits, o.id, m.id AS portfolio_id, m.name AS portfolio_name, s.symbol,
        o.side AS kind, o.status, o.quantity, o.notional, NULL::numeric AS price,
        NULL::numeric AS fees, NULL::numeric AS cash_amount, NULL::numeric AS realized_pnl,
        o.submitted_at AS at, NULL::bigint AS order_id, o.reason AS words
 FROM "order" o JOIN mine m ON m.id = o.portfolio_id JOIN stock s ON s.id = o.stock_id
 WHERE o.status IN ('accepted', 'partially_filled')
 ORDER BY o.submitted_at DESC, o.id DESC LIMIT :open_orders)
UNION ALL
(SELECT false, t.id, m.id, m.name, s.symbol, t.type, '', t.quantity, NULL, t.price,
        t.fees, t.cash_amount, t.realized_pnl, t.executed_at, t.order_id, t.note
 FROM transaction t JOIN mine m ON m.id = t.portfolio_id LEFT JOIN stock s ON s.id = t.stock_id
 ORDER BY t.executed_at DESC, t.id DESC LIMIT :transactions)
"""
_NAMES = """
waits id portfolio_id portfolio_name symbol
kind status quantity notional price
fees cash_amount realized_pnl
at order_id words
"""
_ACTIVITY = query(_SQL, _NAMES)


def recent(
    session: Session,
    actor: Actor,
    *,
    portfolio_id: int | None = None,
    transactions: int = 8,
) -> Activity:
    """Up to 50 open orders and the last transactions, newest first, of one portfolio or of all.

    Nothing for a portfolio that is not the actor's.
    """
    rows = read(
        session,
        _ACTIVITY,
        {
            "user_id": actor.user_id,
            "portfolio_id": portfolio_id,
            "open_orders": MAX_OPEN,
            "transactions": transactions,
        },
    ).all()
    return Activity(
        tuple(_waiting(row) for row in rows if row.waits),
        tuple(_posted(row) for row in rows if not row.waits),
    )


def _waiting(row: Any) -> WaitingOrder:
    return WaitingOrder(
        id=row.id,
        portfolio_id=row.portfolio_id,
        portfolio_name=row.portfolio_name,
        symbol=row.symbol,
        side=row.kind,
        quantity=row.quantity,
        notional=row.notional,
        status=row.status,
        submitted_at=row.at,
        reason=row.words,
    )


def _posted(row: Any) -> TransactionView:
    return TransactionView(
        id=row.id,
        type=row.kind,
        symbol=row.symbol,
        quantity=row.quantity,
        price=row.price,
        fees=row.fees,
        cash_amount=row.cash_amount,
        realized_pnl=row.realized_pnl,
        executed_at=row.at,
        order=row.order_id,
        note=row.words,
        portfolio_id=row.portfolio_id,
        portfolio_name=row.portfolio_name,
    )
