"""What happened: orders, ledger transactions and daily snapshots, in pages, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.calendar import NEW_YORK
from stocksite.core.errors import NotFound
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.market.models import Stock
from stocksite.portfolios.models import (
    OPEN_STATUSES,
    Order,
    OrderEvent,
    Portfolio,
    PortfolioSnapshot,
    Transaction,
)
from stocksite.portfolios.reading import (
    OrderEventView,
    OrderView,
    SnapshotView,
    TransactionView,
)
from stocksite.portfolios.service.lists import check_owned, check_owned_if_empty, export_rows


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which transactions: by type, symbol, and New York dates `start` to `end` inclusive."""

    type: str | None = None
    symbol: str | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: by status (`open` for all that wait) and symbol."""

    status: str | None = None
    symbol: str | None = None


def transactions(
    session: Session,
    actor: Actor,
    page: PageRequest,
    wanted: TransactionFilter = TransactionFilter(),
    *,
    portfolio_id: int | None = None,
) -> Page[TransactionView]:
    """Ledger postings of one owned portfolio (NotFound otherwise) or of all of them."""
    found = paginate(
        session, _transactions_where(actor, wanted, portfolio_id), page, _transaction_view
    )
    check_owned_if_empty(session, actor, portfolio_id, found)
    return found


def transaction(
    session: Session, actor: Actor, portfolio_id: int, transaction_id: int
) -> TransactionView:
    """One posting, read anew. Raises NotFound."""
    statement = _transactions_where(actor, TransactionFilter(), portfolio_id)
    row = session.execute(
        statement.where(Transaction.id == transaction_id).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no transaction {transaction_id} in that portfolio.")
    return _transaction_view(row)


def all_transactions(
    session: Session, actor: Actor, portfolio_id: int, wanted: TransactionFilter
) -> list[TransactionView]:
    """The same without pages, for a file. Raises RuleViolation past 100,000 rows."""
    check_owned(session, actor, portfolio_id)
    rows = export_rows(session, _transactions_where(actor, wanted, portfolio_id))
    return [_transaction_view(row) for row in rows]


def snapshots(
    session: Session, actor: Actor, portfolio_id: int, page: PageRequest
) -> Page[SnapshotView]:
    """Daily snapshots of an owned portfolio, newest first. Raises NotFound."""
    statement = (
        select(PortfolioSnapshot)
        .join(Portfolio, Portfolio.id == PortfolioSnapshot.portfolio_id)
        .where(
            PortfolioSnapshot.portfolio_id == portfolio_id,
            Portfolio.user_id == actor.user_id,
            Portfolio.archived_at.is_(None),
        )
        .order_by(PortfolioSnapshot.date.desc())
    )
    found = paginate(session, statement, page, lambda row: _snapshot_view(row[0]))
    check_owned_if_empty(session, actor, portfolio_id, found)
    return found


def curve(session: Session, portfolio_id: int, start: date | None = None) -> list[SnapshotView]:
    """All snapshots from `start`, oldest first, for charts. The caller has checked ownership."""
    table = PortfolioSnapshot.__table__  # rows, not objects: there may be thousands
    statement = select(table).where(table.c.portfolio_id == portfolio_id)
    if start is not None:
        statement = statement.where(table.c.date >= start)
    return [_snapshot_view(row) for row in session.execute(statement.order_by(table.c.date))]


def _transactions_where(
    actor: Actor, wanted: TransactionFilter, portfolio_id: int | None
) -> Select[*tuple[Any, ...]]:
    statement = (
        select(Transaction, Stock.symbol, Portfolio.name)
        .join(Portfolio, Portfolio.id == Transaction.portfolio_id)
        .outerjoin(Stock, Stock.id == Transaction.stock_id)
        .where(Portfolio.user_id == actor.user_id, Portfolio.archived_at.is_(None))
        .order_by(Transaction.executed_at.desc(), Transaction.id.desc())
    )
    if portfolio_id is not None:
        statement = statement.where(Transaction.portfolio_id == portfolio_id)
    if wanted.type is not None:
        statement = statement.where(Transaction.type == wanted.type)
    if wanted.symbol is not None:
        statement = statement.where(Stock.symbol == wanted.symbol)
    if wanted.start is not None:
        statement = statement.where(Transaction.executed_at >= _new_york(wanted.start, time.min))
    if wanted.end is not None:
        statement = statement.where(Transaction.executed_at <= _new_york(wanted.end, time.max))
    return statement


def _transaction_view(row: Any) -> TransactionView:
    posted, symbol, portfolio_name = row
    return TransactionView(
        id=posted.id,
        type=posted.type,
        symbol=symbol,
        quantity=posted.quantity,
        price=posted.price,
        fees=posted.fees,
        cash_amount=posted.cash_amount,
        realized_pnl=posted.realized_pnl,
        executed_at=posted.executed_at,
        order=posted.order_id,
        note=posted.note,
        portfolio_id=posted.portfolio_id,
        portfolio_name=portfolio_name,
    )


def _snapshot_view(taken: Any) -> SnapshotView:
    return SnapshotView(
        date=taken.date,
        cash=taken.cash,
        positions_value=taken.positions_value,
        total_value=taken.total_value,
        net_flow=taken.inflow - taken.outflow,
        net_deposits=taken.net_deposits,
        twr_index=taken.twr_index,
        drawdown=min(0.0, taken.twr_index / taken.peak_index - 1),
        receivable=taken.receivable,
        reported_value=_first_said(taken),
        corrected_at=taken.corrected_at,
    )


def _first_said(taken: Any) -> Decimal:
    value: Decimal = taken.total_value if taken.reported_value is None else taken.reported_value
    return value


def _new_york(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK)


def orders(
    session: Session,
    actor: Actor,
    page: PageRequest,
    wanted: OrderFilter = OrderFilter(),
    *,
    portfolio_id: int | None = None,
) -> Page[OrderView]:
    """The actor's orders, of one portfolio (NotFound when not owned) or of all."""
    found = paginate(session, _orders_where(actor, wanted, portfolio_id), page, _order_view)
    check_owned_if_empty(session, actor, portfolio_id, found)
    return found


def order(session: Session, actor: Actor, portfolio_id: int, order_id: int) -> OrderView:
    """One order of an owned portfolio, read anew: numbers have the places the columns keep.

    Raises NotFound.
    """
    row = session.execute(
        _orders_of(actor)
        .where(Order.portfolio_id == portfolio_id, Order.id == order_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no order {order_id} in that portfolio.")
    return _order_view(row)


def events(session: Session, found: OrderView) -> list[OrderEventView]:
    """The steps of an order's life, oldest first. `found` comes from `order`: it is the actor's."""
    rows = session.scalars(
        select(OrderEvent).where(OrderEvent.order_id == found.id).order_by(OrderEvent.id)
    )
    return [OrderEventView(e.status, e.reason, e.at, e.recorded_at) for e in rows]


def all_orders(
    session: Session, actor: Actor, portfolio_id: int, wanted: OrderFilter
) -> list[OrderView]:
    """All orders without pages, for a file. Raises RuleViolation past 100,000 rows."""
    check_owned(session, actor, portfolio_id)
    rows = export_rows(session, _orders_where(actor, wanted, portfolio_id))
    return [_order_view(row) for row in rows]


def _orders_where(
    actor: Actor, wanted: OrderFilter, portfolio_id: int | None
) -> Select[*tuple[Any, ...]]:
    statement = _orders_of(actor).order_by(Order.submitted_at.desc(), Order.id.desc())
    if portfolio_id is not None:
        statement = statement.where(Order.portfolio_id == portfolio_id)
    if wanted.status == "open":
        statement = statement.where(Order.status.in_(OPEN_STATUSES))
    elif wanted.status is not None:
        statement = statement.where(Order.status == wanted.status)
    if wanted.symbol is not None:
        statement = statement.where(Stock.symbol == wanted.symbol)
    return statement


def _orders_of(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(Order, Stock.symbol, Portfolio.name)
        .join(Portfolio, Portfolio.id == Order.portfolio_id)
        .join(Stock, Stock.id == Order.stock_id)
        .where(Portfolio.user_id == actor.user_id, Portfolio.archived_at.is_(None))
    )


def _order_view(row: Any) -> OrderView:
    found, symbol, portfolio_name = row
    return view_of(found, symbol, portfolio_name)


def view_of(order: Order, symbol: str, portfolio_name: str) -> OrderView:
    """The read model of an order row."""
    return OrderView(
        id=order.id,
        client_order_id=order.client_order_id,
        symbol=symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        quantity=order.quantity,
        notional=order.notional,
        filled_quantity=order.filled_quantity,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        status=order.status,
        submitted_at=order.submitted_at,
        filled_at=order.filled_at,
        average_fill_price=order.average_fill_price,
        commission=order.commission,
        reserved=order.reserved,
        expires_at=order.expires_at,
        reason=order.reason,
        receipt=order.receipt,
        portfolio_id=order.portfolio_id,
        portfolio_name=portfolio_name,
    )
