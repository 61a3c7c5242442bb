"""The ledger proves itself: replay every transaction and compare with what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import DomainError
from stocksite.core.money import ZERO
from stocksite.market.models import Stock
from stocksite.portfolios.book import Book
from stocksite.portfolios.entries import CostMethod, Entry, TransactionType
from stocksite.portfolios.ledger import replay
from stocksite.portfolios.models import (
    OPEN_STATUSES,
    AppliedAction,
    Order,
    Portfolio,
    Position,
    Transaction,
)
from stocksite.portfolios.reading import Difference, Verification
from stocksite.portfolios.service import books


def verify(session: Session, actor: Actor, portfolio_id: int) -> Verification:
    """Prove one of the actor's portfolios."""
    return verify_portfolio(session, books.owned(session, actor, portfolio_id))


def verify_everything(session: Session) -> Iterator[Verification]:
    """Prove every portfolio, archived ones included; what `flask verify-ledger` runs."""
    for portfolio in session.scalars(select(Portfolio).order_by(Portfolio.id)).all():
        yield verify_portfolio(session, portfolio)


def verify_portfolio(session: Session, portfolio: Portfolio) -> Verification:
    """Replay one portfolio's ledger and list every place where a projection differs."""
    entries = entries_of(session, portfolio.id)
    try:
        book = replay(entries, CostMethod(portfolio.cost_method))
    except (DomainError, ValueError) as error:
        fault = (Difference("ledger", "does not replay", str(error)),)
        return Verification(portfolio.id, False, len(entries), fault)
    compared = (
        *_sums(portfolio, book),
        *_holdings(session, portfolio, book),
        *_totals(session, portfolio, book),
    )
    checks = tuple(Difference(*_in_words(each)) for each in compared)
    wrong = tuple(c for c, (_, kept, told) in zip(checks, compared, strict=True) if kept != told)
    return Verification(portfolio.id, not wrong, len(entries), wrong, checks)


def entries_of(session: Session, portfolio_id: int) -> list[Entry]:
    """A portfolio's ledger as replay reads it, in the order it was posted."""
    rows = session.execute(
        select(
            Transaction.id,
            Transaction.type,
            Stock.symbol,
            Transaction.quantity,
            Transaction.price,
            Transaction.fees,
            Transaction.cash_amount,
            Transaction.ratio_to,
            Transaction.ratio_from,
            Transaction.reverses_id,
        )
        .outerjoin(Stock, Stock.id == Transaction.stock_id)
        .where(Transaction.portfolio_id == portfolio_id)
        .order_by(Transaction.id)
    )
    return [
        Entry(
            row.id,
            TransactionType(row.type),
            row.symbol,
            row.quantity,
            row.price,
            row.fees,
            row.cash_amount,
            (row.ratio_to, row.ratio_from) if row.ratio_to else None,
            row.reverses_id,
        )
        for row in rows
    ]


_Compared = tuple[str, Decimal, Decimal]
"""What, as stored, as replayed."""


def _in_words(compared: _Compared) -> tuple[str, str, str]:
    """Equal figures read equal: the ledger's sum of nothing is 0, the column's is 0.00."""
    what, stored, replayed = compared
    return what, f"{stored:f}", f"{stored if stored == replayed else replayed:f}"


def _sums(portfolio: Portfolio, book: Book) -> tuple[_Compared, ...]:
    return (
        ("cash", portfolio.cash, book.cash),
        ("net deposits", portfolio.net_deposits, book.net_deposits),
        ("realized P/L", portfolio.realized_pnl, book.realized),
        ("income", portfolio.income, book.income),
        ("fees", portfolio.fees_charged, book.fees),
    )


def _holdings(session: Session, portfolio: Portfolio, book: Book) -> tuple[_Compared, ...]:
    rows = session.execute(
        select(Stock.symbol, Position.quantity, Position.cost_basis)
        .join(Stock, Stock.id == Position.stock_id)
        .where(Position.portfolio_id == portfolio.id)
    )
    stored = {row.symbol: (row.quantity, row.cost_basis) for row in rows}
    replayed = {s: (h.quantity, h.cost_basis) for s, h in book.holdings.items()}
    nothing = (ZERO, ZERO)
    return tuple(
        (f"{symbol} {name}", stored.get(symbol, nothing)[i], replayed.get(symbol, nothing)[i])
        for symbol in sorted(stored.keys() | replayed.keys())
        for i, name in enumerate(("quantity", "cost basis"))
    )


def _totals(session: Session, portfolio: Portfolio, book: Book) -> tuple[_Compared, ...]:
    """What open orders hold, what dividends are due, and the realized P/L written on the rows
    (reversals undo theirs).
    """
    held, owed, realized = session.execute(
        select(
            select(func.coalesce(func.sum(Order.reserved), ZERO))
            .where(Order.portfolio_id == portfolio.id, Order.status.in_(OPEN_STATUSES))
            .scalar_subquery(),
            select(func.coalesce(func.sum(AppliedAction.amount), ZERO))
            .where(
                AppliedAction.portfolio_id == portfolio.id,
                AppliedAction.kind == "dividend",
                AppliedAction.transaction_id.is_(None),
            )
            .scalar_subquery(),
            select(func.coalesce(func.sum(Transaction.realized_pnl), ZERO))
            .where(Transaction.portfolio_id == portfolio.id)
            .scalar_subquery(),
        )
    ).one()
    return (
        ("reserved cash", portfolio.reserved, held),
        ("dividends due", portfolio.receivable, owed),
        ("sum of realized P/L", realized, book.realized),
    )
