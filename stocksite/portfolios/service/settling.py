"""What a split or a dividend does to many portfolios at once: the ledger's rules, bulk writes.

The caller has locked the portfolios (`lock`), so that nothing trades between reading and writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.market.models import Stock
from stocksite.market.service import restating
from stocksite.portfolios import corporate as rules
from stocksite.portfolios import ledger
from stocksite.portfolios.book import Book, Holding
from stocksite.portfolios.corporate import Action
from stocksite.portfolios.entries import CostMethod
from stocksite.portfolios.models import AppliedAction, Portfolio, Position
from stocksite.portfolios.service import bulk
from stocksite.portfolios.service.bulk import Posting
from stocksite.portfolios.service.proof import entries_of


@dataclass(frozen=True, slots=True)
class Holder:
    """A portfolio that holds the stock of an action: its sums and that one holding."""

    portfolio_id: int
    method: CostMethod
    fractions: str
    book: Book
    quantity: Decimal


_SUMS = (
    Portfolio.id,
    Portfolio.cost_method,
    Portfolio.fractions,
    Portfolio.cash,
    Portfolio.realized_pnl,
    Portfolio.income,
    Portfolio.fees_charged,
    Portfolio.net_deposits,
)
_PAID = text("""
UPDATE applied_action a SET transaction_id = v.transaction_id
FROM unnest(CAST(:portfolios AS bigint[]), CAST(:stocks AS bigint[]), CAST(:days AS date[]),
            CAST(:transactions AS bigint[]))
     AS v(portfolio_id, stock_id, ex_date, transaction_id)
WHERE a.portfolio_id = v.portfolio_id AND a.stock_id = v.stock_id AND a.ex_date = v.ex_date
  AND a.kind = 'dividend'
""")


def lock(session: Session, ids: Iterable[int]) -> None:
    """Lock portfolios in the order of their ids, so that two who lock many never wait in a ring."""
    session.execute(
        select(Portfolio.id)
        .where(Portfolio.id.in_(list(ids)))
        .order_by(Portfolio.id)
        .with_for_update()
    )


def holders(session: Session, action: Action, ids: Iterable[int]) -> list[Holder]:
    """Those of the portfolios that hold the stock and have not met the action; archived ones have
    ended and meet nothing.
    """
    met = select(AppliedAction.portfolio_id).where(
        AppliedAction.stock_id == action.stock_id,
        AppliedAction.kind == action.kind,
        AppliedAction.ex_date == action.ex_date,
    )
    rows = session.execute(
        select(*_SUMS, Position.quantity, Position.cost_basis)
        .join(Position, Position.portfolio_id == Portfolio.id)
        .where(Position.stock_id == action.stock_id, Portfolio.id.in_(list(ids)))
        .where(Portfolio.archived_at.is_(None), Portfolio.id.not_in(met))
        .order_by(Portfolio.id)
    ).all()
    return [_holder(session, action.symbol, row) for row in rows]


def _holder(session: Session, symbol: str, row: Any) -> Holder:
    method = CostMethod(row.cost_method)
    holding: Holding | None = Holding(symbol, row.quantity, row.cost_basis)
    if method is CostMethod.FIFO:  # the lots are in the ledger alone
        holding = ledger.holding_of(entries_of(session, row.id), symbol, method)
    assert holding is not None  # it has a position
    return Holder(row.id, method, row.fractions, _book(row, holding), row.quantity)


def _book(row: Any, holding: Holding | None = None) -> Book:
    holdings = {holding.symbol: holding} if holding else {}
    sums = (row.realized_pnl, row.income, row.fees_charged, row.net_deposits)
    return Book(row.cash, holdings, *sums)


def settle(session: Session, action: Action, found: Sequence[Holder]) -> int:
    """Apply an action to holders; returns how many it touched. A dividend becomes owed, and
    `pay_due` posts it when its day has come.
    """
    if not found:
        return 0
    return _split(session, action, found) if action.is_split else _owe(session, action, found)


def _split(session: Session, action: Action, found: Sequence[Holder]) -> int:
    assert action.ratio is not None  # it is a split
    ex_at = rules.session_of(action.ex_date, xnys()).open
    close = restating.close_before(session, action.stock_id, action.ex_date)
    postings: list[Posting] = []
    books: dict[int, Book] = {}
    for each in found:
        book = each.book
        for entry in rules.split_entries(action, each.quantity, each.fractions, close):
            book, realized = ledger.post(book, entry, each.method)
            note = action.text if entry.ratio else "Cash for the fraction the split left"
            where = (each.portfolio_id, action.stock_id)
            postings.append(Posting(*where, entry, realized, ex_at, note))
        books[each.portfolio_id] = book
    ids = bulk.write(session, postings)
    splits = [number for number, each in zip(ids, postings, strict=True) if each.entry.ratio]
    bulk.store_holdings(session, action.stock_id, action.symbol, books)
    bulk.store_sums(session, books)
    bulk.note_dirty(session, list(books), ex_at)
    rows = [
        _applied(action, each, ex_at)
        | {
            "quantity_after": rules.split_quantity(each.quantity, action.ratio),
            "transaction_id": number,
        }
        for each, number in zip(found, splits, strict=True)
    ]
    session.execute(insert(AppliedAction), rows)
    return len(found)


def _owe(session: Session, action: Action, found: Sequence[Holder]) -> int:
    assert action.amount is not None  # it is a dividend
    ex_at = rules.session_of(action.ex_date, xnys()).open
    pays_at = rules.pay_session(action, xnys()).open
    earned = [(each, rules.dividend_amount(each.quantity, action.amount)) for each in found]
    rows = [
        _applied(action, each, ex_at)
        | {"per_share": action.amount, "amount": amount, "pays_at": pays_at}
        for each, amount in earned
        if amount  # less than half a cent is nothing
    ]
    if not rows:
        return 0
    session.execute(insert(AppliedAction), rows)
    owed = {row["portfolio_id"]: row["amount"] for row in rows}
    bulk.add_receivable(session, owed)
    bulk.note_dirty(session, list(owed), ex_at)
    return len(rows)


def _applied(action: Action, holder: Holder, ex_at: datetime) -> dict[str, Any]:
    return {
        "portfolio_id": holder.portfolio_id,
        "stock_id": action.stock_id,
        "kind": action.kind,
        "ex_date": action.ex_date,
        "ex_at": ex_at,
        "quantity": holder.quantity,
        "recorded_at": wall_now(),
    }


def pay_due(session: Session, at: datetime, portfolio_id: int | None = None) -> int:
    """Post the dividends whose pay-date's session has opened at market time `at`; how many."""
    due = (
        select(AppliedAction.__table__, Stock.symbol)
        .join(Stock, Stock.id == AppliedAction.stock_id)
        .join(Portfolio, Portfolio.id == AppliedAction.portfolio_id)
        .where(
            AppliedAction.kind == "dividend",
            AppliedAction.transaction_id.is_(None),
            AppliedAction.pays_at <= at,
            Portfolio.archived_at.is_(None),
        )
        .order_by(AppliedAction.pays_at, AppliedAction.ex_date, AppliedAction.stock_id)
    )
    if portfolio_id is not None:
        due = due.where(AppliedAction.portfolio_id == portfolio_id)
    ids = {row.portfolio_id for row in session.execute(due)}
    if not ids:
        return 0
    lock(session, ids)
    # What was due before the locks may be paid by now: read again.
    rows = [row for row in session.execute(due) if row.portfolio_id in ids]
    _pay(session, rows)
    return len(rows)


def _pay(session: Session, rows: Sequence[Any]) -> None:
    if not rows:
        return
    ids = {row.portfolio_id for row in rows}
    sums = session.execute(select(*_SUMS).where(Portfolio.id.in_(ids)))
    books = {row.id: _book(row) for row in sums}
    postings: list[Posting] = []
    paid: dict[int, Decimal] = {}
    for row in rows:
        entry = rules.dividend_entry(row.symbol, row.quantity, row.amount, row.per_share)
        books[row.portfolio_id], realized = ledger.post(books[row.portfolio_id], entry)
        note = f"Ex-date {row.ex_date}"
        where = (row.portfolio_id, row.stock_id)
        postings.append(Posting(*where, entry, realized, row.pays_at, note))
        paid[row.portfolio_id] = paid.get(row.portfolio_id, Decimal(0)) - row.amount
    written = bulk.write(session, postings)
    bulk.store_sums(session, books)
    bulk.add_receivable(session, paid)
    bulk.note_dirty(session, list(ids), min(row.pays_at for row in rows))
    session.execute(
        _PAID,
        {
            "portfolios": [row.portfolio_id for row in rows],
            "stocks": [row.stock_id for row in rows],
            "days": [row.ex_date for row in rows],
            "transactions": written,
        },
    )
