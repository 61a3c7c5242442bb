"""Writing many portfolios' postings and projections in a few statements, whatever their number.

The rows are what `portfolios/ledger.py` computed; the caller holds the portfolios' row locks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.portfolios.book import Book
from stocksite.portfolios.entries import Entry
from stocksite.portfolios.models import Transaction
from stocksite.portfolios.service import dirty


@dataclass(frozen=True, slots=True)
class Posting:
    """One ledger row about to be written; `executed_at` is market time."""

    portfolio_id: int
    stock_id: int
    entry: Entry
    realized: Decimal
    executed_at: datetime
    note: str


_POSITIONS = text("""
UPDATE position h SET quantity = v.quantity, cost_basis = v.cost_basis
FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS numeric[]), CAST(:costs AS numeric[]))
     AS v(portfolio_id, quantity, cost_basis)
WHERE h.portfolio_id = v.portfolio_id AND h.stock_id = :stock_id
""")
_GONE = text("DELETE FROM position WHERE stock_id = :stock_id AND portfolio_id = ANY(:ids)")
_SUMS = text("""
UPDATE portfolio p SET cash = v.cash, realized_pnl = v.realized, income = v.income,
                       fees_charged = v.fees
FROM unnest(CAST(:ids AS bigint[]), CAST(:cash AS numeric[]), CAST(:realized AS numeric[]),
            CAST(:income AS numeric[]), CAST(:fees AS numeric[]))
     AS v(id, cash, realized, income, fees)
WHERE p.id = v.id
""")
_OWED = text("""
UPDATE portfolio p SET receivable = p.receivable + v.amount
FROM unnest(CAST(:ids AS bigint[]), CAST(:amounts AS numeric[])) AS v(id, amount)
WHERE p.id = v.id
""")
_DIRTY = text("""
UPDATE portfolio SET dirty_from = least(coalesce(dirty_from, CAST(:day AS date)), :day)
WHERE id = ANY(:ids) AND snapshot_at >= :at
""")


def write(session: Session, postings: Sequence[Posting]) -> list[int]:
    """Insert ledger rows; returns their ids in the same order."""
    now = wall_now()
    rows = [
        {
            "portfolio_id": each.portfolio_id,
            "type": each.entry.type.value,
            "stock_id": each.stock_id,
            "quantity": each.entry.quantity,
            "price": each.entry.price,
            "fees": each.entry.fees,
            "cash_amount": each.entry.cash_amount,
            "realized_pnl": each.realized,
            "ratio_to": each.entry.ratio[0] if each.entry.ratio else None,
            "ratio_from": each.entry.ratio[1] if each.entry.ratio else None,
            "executed_at": each.executed_at,
            "recorded_at": now,
            "note": each.note,
        }
        for each in postings
    ]
    statement = insert(Transaction).returning(Transaction.id, sort_by_parameter_order=True)
    return list(session.scalars(statement, rows))


def store_holdings(session: Session, stock_id: int, symbol: str, books: Mapping[int, Book]) -> None:
    """Write what the portfolios now hold of one stock; a closed position loses its row."""
    held = {key: book.holdings[symbol] for key, book in books.items() if symbol in book.holdings}
    gone = [key for key in books if key not in held]
    session.execute(
        _POSITIONS,
        {
            "stock_id": stock_id,
            "ids": list(held),
            "quantities": [each.quantity for each in held.values()],
            "costs": [each.cost_basis for each in held.values()],
        },
    )
    if gone:
        session.execute(_GONE, {"stock_id": stock_id, "ids": gone})


def store_sums(session: Session, books: Mapping[int, Book]) -> None:
    """Write cash, realized profit, income and fees."""
    session.execute(
        _SUMS,
        {
            "ids": list(books),
            "cash": [book.cash for book in books.values()],
            "realized": [book.realized for book in books.values()],
            "income": [book.income for book in books.values()],
            "fees": [book.fees for book in books.values()],
        },
    )


def add_receivable(session: Session, amounts: Mapping[int, Decimal]) -> None:
    """Raise (or, once paid, lower) what portfolios are owed."""
    session.execute(_OWED, {"ids": list(amounts), "amounts": list(amounts.values())})


def note_dirty(session: Session, ids: Sequence[int], at: datetime) -> None:
    """Mark the portfolios for which a posting at a market time is back-dated."""
    found = session.execute(_DIRTY, {"ids": list(ids), "at": at, "day": dirty.day_of(at)})
    if found.rowcount:  # type: ignore[attr-defined]
        dirty.send(session)
