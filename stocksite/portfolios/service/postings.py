"""The one place that writes the ledger: a transaction row and its projections, together.

The caller holds the portfolio's row lock. The rules are `portfolios/ledger.py`; what they compute
is stored as it is, so that a replay of the rows gives the same book to the cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.errors import RuleViolation
from stocksite.core.money import ZERO
from stocksite.portfolios import ledger
from stocksite.portfolios.book import Book, Holding
from stocksite.portfolios.entries import CostMethod, Entry, TransactionType
from stocksite.portfolios.models import Portfolio, Position, Transaction
from stocksite.portfolios.service import dirty


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill about to be posted; cash and fees in cents as `fills.posting` gave them."""

    side: str
    symbol: str
    stock_id: int
    quantity: Decimal
    price: Decimal
    fees: Decimal
    cash_amount: Decimal
    executed_at: datetime
    order_id: int | None = None


def post_cash(
    session: Session,
    portfolio: Portfolio,
    kind: TransactionType,
    amount: Decimal,
    executed_at: datetime,
    note: str = "",
) -> Transaction:
    """Post a deposit or withdrawal of a positive `amount`.

    Raises RuleViolation "insufficient-funds" when a withdrawal exceeds what is not reserved.
    """
    signed = amount if kind is TransactionType.DEPOSIT else -amount
    free = portfolio.cash - portfolio.reserved
    if signed < ZERO and amount > free:
        held = f" ({portfolio.reserved:,f} is held by waiting orders)" if portfolio.reserved else ""
        raise RuleViolation(
            f"You asked to withdraw {amount:,f}; {free:,f} is available{held}.",
            code="insufficient-funds",
            members={"required": amount, "available": free},
        )
    entry = Entry(0, kind, None, ZERO, None, ZERO, signed)
    return post_entry(session, portfolio, entry, None, executed_at, note=note)


def post_trade(session: Session, portfolio: Portfolio, trade: Trade) -> Transaction:
    """Post a fill. Raises what `ledger.post` raises when cash or shares do not suffice."""
    entry = Entry(
        0,
        TransactionType(trade.side),
        trade.symbol,
        trade.quantity,
        trade.price,
        trade.fees,
        trade.cash_amount,
    )
    return post_entry(
        session, portfolio, entry, trade.stock_id, trade.executed_at, order_id=trade.order_id
    )


def held(session: Session, portfolio: Portfolio, stock_id: int) -> Decimal:
    """Shares of a stock in the portfolio; 0 without a position."""
    position = _position(session, portfolio, stock_id)
    return position.quantity if position is not None else ZERO


def post_entry(
    session: Session,
    portfolio: Portfolio,
    entry: Entry,
    stock_id: int | None,
    executed_at: datetime,
    *,
    order_id: int | None = None,
    note: str = "",
) -> Transaction:
    """Post any entry but a reversal. Raises what `ledger.post` raises."""
    position = _position(session, portfolio, stock_id)
    before = _book(portfolio, position, entry.symbol)
    after, realized = ledger.post(before, entry, CostMethod(portfolio.cost_method))
    _store(session, portfolio, position, stock_id, entry, after, executed_at)
    dirty.note(session, portfolio, executed_at)
    transaction = Transaction(
        portfolio_id=portfolio.id,
        order_id=order_id,
        type=entry.type.value,
        stock_id=stock_id,
        quantity=entry.quantity,
        price=entry.price,
        fees=entry.fees,
        cash_amount=entry.cash_amount,
        realized_pnl=realized,
        ratio_to=entry.ratio[0] if entry.ratio else None,
        ratio_from=entry.ratio[1] if entry.ratio else None,
        executed_at=executed_at,
        recorded_at=wall_now(),
        note=note,
    )
    session.add(transaction)
    session.flush()
    return transaction


def _position(session: Session, portfolio: Portfolio, stock_id: int | None) -> Position | None:
    if stock_id is None:
        return None
    return session.get(Position, (portfolio.id, stock_id), populate_existing=True)


def _book(portfolio: Portfolio, position: Position | None, symbol: str | None) -> Book:
    """The part of the book one entry can touch: all sums, and the one holding."""
    holdings = {}
    if position is not None and symbol is not None:
        holdings[symbol] = Holding(symbol, position.quantity, position.cost_basis)
    return Book(
        portfolio.cash,
        holdings,
        portfolio.realized_pnl,
        portfolio.income,
        portfolio.fees_charged,
        portfolio.net_deposits,
    )


def _store(
    session: Session,
    portfolio: Portfolio,
    position: Position | None,
    stock_id: int | None,
    entry: Entry,
    after: Book,
    executed_at: datetime,
) -> None:
    portfolio.cash = after.cash
    portfolio.net_deposits = after.net_deposits
    portfolio.realized_pnl = after.realized
    portfolio.income = after.income
    portfolio.fees_charged = after.fees
    held = after.holdings.get(entry.symbol) if entry.symbol else None
    if held is None:
        if position is not None:
            session.delete(position)
    elif position is None:
        session.add(
            Position(
                portfolio_id=portfolio.id,
                stock_id=stock_id,
                quantity=held.quantity,
                cost_basis=held.cost_basis,
                opened_at=executed_at,
            )
        )
    else:
        position.quantity = held.quantity
        position.cost_basis = held.cost_basis
