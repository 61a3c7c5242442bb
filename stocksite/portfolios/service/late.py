"""Splits and dividends that become known after their stock was traded in the new session.

A late dividend is earned on what the ledger says was held. A late split belongs before trades that
are posted already, and the ledger only grows: what came after the ex-date's open is reversed, the
split is posted, and the same entries are posted again, at their old market times.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.core.money import ZERO
from stocksite.market.models import Stock
from stocksite.portfolios import corporate as rules
from stocksite.portfolios.book import EMPTY
from stocksite.portfolios.corporate import Action
from stocksite.portfolios.entries import CostMethod, Entry, TransactionType
from stocksite.portfolios.ledger import holding_of, replay
from stocksite.portfolios.models import AppliedAction, Portfolio, Position, Transaction
from stocksite.portfolios.service import books, dirty, postings, settling
from stocksite.portfolios.service.proof import entries_of
from stocksite.portfolios.service.settling import Holder

log = logging.getLogger(__name__)

_CHANGES_SHARES = ("buy", "sell", "split", "reversal")


def behind(session: Session, action: Action, ids: Sequence[int], ex_at: datetime) -> set[int]:
    """Portfolios whose shares of the stock changed in the ex-date's session or since.

    What an action of the same open did carries no order and that very time: it does not count.
    """
    return set(
        session.scalars(
            select(Transaction.portfolio_id)
            .where(
                Transaction.portfolio_id.in_(list(ids)),
                Transaction.stock_id == action.stock_id,
                Transaction.type.in_(_CHANGES_SHARES),
                Transaction.executed_at >= ex_at,
                or_(Transaction.executed_at > ex_at, Transaction.order_id.is_not(None)),
            )
            .distinct()
        )
    )


def settle(session: Session, action: Action, portfolio_id: int, ex_at: datetime) -> int:
    """Apply a late action to one portfolio, whose row is locked; returns 1, or 0 for no effect.

    A split that the trades since contradict (more sold than new shares were there) is logged and
    left out: no rule can say what those trades should have been.
    """
    portfolio = books.lock_by_id(session, portfolio_id)
    if portfolio is None or _met(session, action, portfolio_id):
        return 0
    quantity = _held_at(session, portfolio, action.symbol, ex_at)
    if not quantity:
        return 0
    dirty.note(session, portfolio, ex_at)
    session.flush()
    if not action.is_split:
        done = settling.settle(session, action, [_holder(portfolio, action, quantity)])
    else:
        try:
            with session.begin_nested():
                _rebook(session, portfolio, action, ex_at)
            done = 1
        except DomainError as error:
            log.error("%s of %s leaves %s out: %s", action.text, action.symbol, portfolio_id, error)
            done = 0
    session.expire_all()
    books.touch(session, portfolio)
    return done


def _met(session: Session, action: Action, portfolio_id: int) -> bool:
    key = (portfolio_id, action.stock_id, action.kind, action.ex_date)
    return session.get(AppliedAction, key) is not None


def _held_at(session: Session, portfolio: Portfolio, symbol: str, ex_at: datetime) -> Decimal:
    """Shares held when a session opened, splits of that very open included."""
    before = select(Transaction.id).where(
        Transaction.portfolio_id == portfolio.id,
        or_(
            Transaction.executed_at < ex_at,
            (Transaction.executed_at == ex_at) & Transaction.order_id.is_(None),
        ),
    )
    known = set(session.scalars(before))
    entries = entries_of(session, portfolio.id)
    undone = {entry.reverses for entry in entries}
    standing = [e for e in entries if e.id in known and e.id not in undone and e.reverses is None]
    found = holding_of(standing, symbol, CostMethod(portfolio.cost_method))
    return found.quantity if found else ZERO


def _holder(portfolio: Portfolio, action: Action, quantity: Decimal) -> Holder:
    """What a dividend is earned on; its payment reads the sums itself."""
    method = CostMethod(portfolio.cost_method)
    return Holder(portfolio.id, method, portfolio.fractions, EMPTY, quantity)


def _rebook(session: Session, portfolio: Portfolio, action: Action, ex_at: datetime) -> None:
    tail = _tail(session, portfolio, ex_at)
    since = _since(session, portfolio, ex_at)
    paid = {each.transaction_id: each for each in since if each.transaction_id is not None}
    for row in tail:
        _reverse(session, row)
    session.flush()
    _restate(session, portfolio)
    settling.settle(session, action, settling.holders(session, action, [portfolio.id]))
    session.expire_all()
    symbols = {number: symbol for symbol, number in _stocks(session, portfolio).items()}
    for row in tail:
        symbol = symbols[row.stock_id] if row.stock_id is not None else None
        _again(session, portfolio, row, symbol, action, paid.get(row.id))
    for each in since:
        if each.transaction_id is None and each.stock_id == action.stock_id:
            portfolio.receivable += _earned_anew(session, portfolio, each, action.symbol)
    session.flush()


def _tail(session: Session, portfolio: Portfolio, ex_at: datetime) -> list[Transaction]:
    """Standing entries from the ex-date's open on, whatever their stock: their cash belongs
    together.
    """
    undone = select(Transaction.reverses_id).where(
        Transaction.portfolio_id == portfolio.id, Transaction.reverses_id.is_not(None)
    )
    return list(
        session.scalars(
            select(Transaction)
            .where(
                Transaction.portfolio_id == portfolio.id,
                Transaction.executed_at >= ex_at,
                Transaction.type != TransactionType.REVERSAL,
                Transaction.id.not_in(undone),
            )
            .order_by(Transaction.id)
        )
    )


def _since(session: Session, portfolio: Portfolio, ex_at: datetime) -> list[AppliedAction]:
    """What actions did from the ex-date on, on the old number of shares where it is this stock."""
    return list(
        session.scalars(
            select(AppliedAction).where(
                AppliedAction.portfolio_id == portfolio.id, AppliedAction.ex_at >= ex_at
            )
        )
    )


def _reverse(session: Session, row: Transaction) -> None:
    session.add(
        Transaction(
            portfolio_id=row.portfolio_id,
            order_id=row.order_id,
            type=TransactionType.REVERSAL.value,
            stock_id=row.stock_id,
            quantity=ZERO,
            fees=ZERO,
            cash_amount=-row.cash_amount,
            realized_pnl=-row.realized_pnl,
            reverses_id=row.id,
            executed_at=row.executed_at,
            recorded_at=wall_now(),
            note="Posted again after a split that became known late",
        )
    )


def _restate(session: Session, portfolio: Portfolio) -> None:
    """Write the projections anew from the ledger."""
    book = replay(entries_of(session, portfolio.id), CostMethod(portfolio.cost_method))
    portfolio.cash, portfolio.net_deposits = book.cash, book.net_deposits
    portfolio.realized_pnl, portfolio.income = book.realized, book.income
    portfolio.fees_charged = book.fees
    rows = session.scalars(select(Position).where(Position.portfolio_id == portfolio.id))
    positions = {row.stock_id: row for row in rows}
    stocks = _stocks(session, portfolio)
    wanted = {stocks[symbol]: holding for symbol, holding in book.holdings.items()}
    for stock_id, row in positions.items():
        if stock_id not in wanted:
            session.delete(row)
    for stock_id, holding in wanted.items():
        row = positions.get(stock_id) or Position(
            portfolio_id=portfolio.id, stock_id=stock_id, opened_at=portfolio.created_at
        )
        row.quantity, row.cost_basis = holding.quantity, holding.cost_basis
        session.add(row)
    session.flush()


def _stocks(session: Session, portfolio: Portfolio) -> dict[str, int]:
    rows = session.execute(
        select(Stock.symbol, Stock.id)
        .join(Transaction, Transaction.stock_id == Stock.id)
        .where(Transaction.portfolio_id == portfolio.id)
        .distinct()
    )
    return {row.symbol: row.id for row in rows}


def _again(
    session: Session,
    portfolio: Portfolio,
    row: Transaction,
    symbol: str | None,
    action: Action,
    applied: AppliedAction | None,
) -> None:
    """Post an entry anew; what a later action did to the stock, on the new number of shares."""
    ratio = (row.ratio_to, row.ratio_from) if row.ratio_to and row.ratio_from else None
    if applied is not None and applied.stock_id == action.stock_id and symbol is not None:
        if ratio is not None:
            applied.quantity = postings.held(session, portfolio, action.stock_id)
            applied.quantity_after = rules.split_quantity(applied.quantity, ratio)
        else:
            _earned_anew(session, portfolio, applied, symbol)
    paid = applied is not None and applied.kind == "dividend"
    entry = Entry(
        0,
        TransactionType(row.type),
        symbol,
        applied.quantity if applied is not None and paid else row.quantity,
        row.price,
        row.fees,
        applied.amount if applied is not None and paid else row.cash_amount,
        ratio,
    )
    posted = postings.post_entry(
        session,
        portfolio,
        entry,
        row.stock_id,
        row.executed_at,
        order_id=row.order_id,
        note=row.note,
    )
    if applied is not None:
        applied.transaction_id = posted.id


def _earned_anew(
    session: Session, portfolio: Portfolio, applied: AppliedAction, symbol: str
) -> Decimal:
    """Correct a dividend to the new number of shares; returns by how much it grew."""
    assert applied.per_share is not None  # it is a dividend
    before = applied.amount
    applied.quantity = _held_at(session, portfolio, symbol, applied.ex_at)
    applied.amount = rules.dividend_amount(applied.quantity, applied.per_share)
    return applied.amount - before
