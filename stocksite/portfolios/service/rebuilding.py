"""Snapshots written anew from the ledger and the bars: history, repair, back-dated changes.

An entry belongs to the day whose close follows its market time; a day's entries are replayed in
the order they were posted, without what was reversed. The rows become as-corrected; what they said
when they were first written down stays beside them as-reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from sqlalchemy import case, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.calendar import TradingSession, xnys
from stocksite.core.clock import wall_now
from stocksite.core.money import ZERO, from_observation
from stocksite.portfolios import corporate
from stocksite.portfolios.book import Book
from stocksite.portfolios.entries import CostMethod, Entry, TransactionType, market_value
from stocksite.portfolios.ledger import replay, surviving
from stocksite.portfolios.models import AppliedAction, Portfolio, PortfolioSnapshot, Transaction
from stocksite.portfolios.service.dirty import day_of
from stocksite.portfolios.service.proof import entries_of

_FLOWS = (TransactionType.DEPOSIT, TransactionType.WITHDRAWAL)


@dataclass(frozen=True, slots=True)
class _Day:
    session: TradingSession
    book: Book
    held: Decimal
    receivable: Decimal
    inflow: Decimal
    outflow: Decimal

    @property
    def value(self) -> Decimal:
        return self.book.cash + self.held + self.receivable


@dataclass(frozen=True, slots=True)
class _Owed:
    """A dividend between its ex-date and its payment, as days."""

    earned: date
    paid: date
    amount: Decimal


def rebuild(session: Session, portfolio_id: int, until: date, since: date | None = None) -> int:
    """Write a portfolio's snapshots anew up to a session's date, from the day `since` on (None:
    from its first transaction); returns how many rows were written.

    Rows before `since` stay and are built upon.
    """
    index, peak, value = _state_before(session, portfolio_id, since)
    rows = []
    for day in _days(session, portfolio_id, until, since or date.min):
        start = value + day.inflow
        index *= float(day.value + day.outflow) / float(start) if start > ZERO else 1.0
        peak, value = max(peak, index), day.value
        rows.append(_row(portfolio_id, day, index, peak))
    _forget_earlier(session, portfolio_id, until, since, rows)
    if rows:
        _store(session, rows)
        _written_until(session, portfolio_id, rows[-1]["closes_at"])
    return len(rows)


def add_days(session: Session, portfolio_id: int, first: date, last: date) -> int:
    """Write the missing days of one portfolio by replay; returns how many were missing."""
    there = session.scalar(
        select(func.count()).where(
            PortfolioSnapshot.portfolio_id == portfolio_id,
            PortfolioSnapshot.date.between(first, last),
        )
    )
    return rebuild(session, portfolio_id, last, since=first) - (there or 0)


def _state_before(
    session: Session, portfolio_id: int, since: date | None
) -> tuple[float, float, Decimal]:
    if since is None:
        return 1.0, 1.0, ZERO
    row = session.execute(
        select(
            PortfolioSnapshot.twr_index,
            PortfolioSnapshot.peak_index,
            PortfolioSnapshot.total_value,
        )
        .where(PortfolioSnapshot.portfolio_id == portfolio_id, PortfolioSnapshot.date < since)
        .order_by(PortfolioSnapshot.date.desc())
        .limit(1)
    ).one_or_none()
    return (row.twr_index, row.peak_index, row.total_value) if row else (1.0, 1.0, ZERO)


def _row(portfolio_id: int, day: _Day, index: float, peak: float) -> dict[str, object]:
    return {
        "portfolio_id": portfolio_id,
        "date": day.session.date,
        "closes_at": day.session.close,
        "cash": day.book.cash,
        "positions_value": day.held,
        "receivable": day.receivable,
        "total_value": day.value,
        "inflow": day.inflow,
        "outflow": day.outflow,
        "net_deposits": day.book.net_deposits,
        "realized_pnl": day.book.realized,
        "income": day.book.income + day.receivable,
        "fees": day.book.fees,
        "twr_index": index,
        "peak_index": peak,
        "recorded_at": wall_now(),
    }


def _store(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Insert, or correct: the first figures written down move aside once, then stay."""
    statement = insert(PortfolioSnapshot)
    new, old = statement.excluded, PortfolioSnapshot
    differs = or_(
        old.total_value != new.total_value, func.abs(old.twr_index - new.twr_index) > 1e-12
    )
    kept = ("portfolio_id", "date", "recorded_at")
    changes = {name: new[name] for name in rows[0] if name not in kept} | {
        "reported_value": case(
            (differs, func.coalesce(old.reported_value, old.total_value)), else_=old.reported_value
        ),
        "reported_index": case(
            (differs, func.coalesce(old.reported_index, old.twr_index)), else_=old.reported_index
        ),
        "corrected_at": case((differs, new["recorded_at"]), else_=old.corrected_at),
    }
    keys = ["portfolio_id", "date"]
    upsert = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    # Only what returns something is sent as one statement for all rows, not one for each.
    session.execute(upsert.returning(old.date), list(rows))


def _forget_earlier(
    session: Session,
    portfolio_id: int,
    until: date,
    since: date | None,
    rows: Sequence[dict[str, object]],
) -> None:
    """Days that the ledger knows nothing of any more; normally there are none."""
    days = [row["date"] for row in rows]
    found = session.scalars(
        select(PortfolioSnapshot).where(
            PortfolioSnapshot.portfolio_id == portfolio_id,
            PortfolioSnapshot.date <= until,
            PortfolioSnapshot.date >= (since or date.min),
            PortfolioSnapshot.date.not_in(days),
        )
    )
    for each in found:
        session.delete(each)
    session.flush()


def _written_until(session: Session, portfolio_id: int, closes_at: object) -> None:
    portfolio = session.get_one(Portfolio, portfolio_id)
    assert isinstance(closes_at, datetime)
    portfolio.snapshot_revision += 1
    if portfolio.snapshot_at is None or portfolio.snapshot_at < closes_at:
        portfolio.snapshot_at = closes_at
    session.flush()


def _days(session: Session, portfolio_id: int, until: date, since: date) -> Iterator[_Day]:
    """The book at each close from `since` on, in one pass over the ledger."""
    posted = session.execute(
        select(Transaction.id, Transaction.executed_at).where(
            Transaction.portfolio_id == portfolio_id
        )
    )
    days = {row.id: day_of(row.executed_at) for row in posted}
    entries = sorted(surviving(entries_of(session, portfolio_id)), key=lambda e: (days[e.id], e.id))
    by_day = {d: list(each) for d, each in groupby(entries, key=lambda e: days[e.id])}
    portfolio = session.get_one(Portfolio, portfolio_id)
    method = CostMethod(portfolio.cost_method)
    first = min([day_of(portfolio.created_at), *by_day])
    prices = _Prices(session, {e.symbol for e in entries if e.symbol}, until)
    owed = _owed(session, portfolio_id)
    book = Book()
    for trading_session in xnys().between(first, until):
        batch = by_day.get(trading_session.date, [])
        book = replay(batch, method, book)
        prices.move(trading_session.date, batch)
        if trading_session.date < since:
            continue
        yield _Day(
            trading_session,
            book,
            prices.value(book),
            sum((o.amount for o in owed if o.earned <= trading_session.date < o.paid), ZERO),
            sum((e.cash_amount for e in _flows(batch) if e.cash_amount > ZERO), ZERO),
            -sum((e.cash_amount for e in _flows(batch) if e.cash_amount < ZERO), ZERO),
        )


def _flows(batch: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in batch if entry.type in _FLOWS]


def _owed(session: Session, portfolio_id: int) -> list[_Owed]:
    """Dividends that are, or were for some days, owed."""
    rows = session.execute(
        select(AppliedAction.ex_at, AppliedAction.pays_at, AppliedAction.amount).where(
            AppliedAction.portfolio_id == portfolio_id,
            AppliedAction.kind == "dividend",
            AppliedAction.pays_at > AppliedAction.ex_at,
        )
    )
    return [_Owed(day_of(r.ex_at), day_of(r.pays_at), r.amount) for r in rows]


_CLOSES = text("""
SELECT b.date, array_agg(s.symbol), array_agg(b.close)
FROM bar b JOIN stock s ON s.id = b.stock_id
WHERE s.symbol = ANY(:symbols) AND b.date <= :until GROUP BY b.date ORDER BY b.date
""")
"""A row per day instead of one per close: half a million rows are slow to read in Python."""


class _Prices:
    """The last official close of each symbol, carried over days without one and over splits."""

    def __init__(self, session: Session, symbols: set[str], until: date) -> None:
        self.last: dict[str, float | Decimal] = {}
        rows = session.execute(_CLOSES, {"symbols": sorted(symbols), "until": until})
        self.closes = {day: dict(zip(names, closes, strict=True)) for day, names, closes in rows}
        self.days = list(self.closes)
        self.at = 0

    def move(self, day: date, batch: Sequence[Entry]) -> None:
        """On to a day's close; `batch` holds its splits."""
        while self.at < len(self.days) and self.days[self.at] <= day:
            self.last |= self.closes[self.days[self.at]]
            self.at += 1
        today = self.closes.get(day, {})
        for entry in batch:
            stale = entry.symbol in self.last and entry.symbol not in today
            if entry.ratio is not None and stale:
                assert entry.symbol is not None  # a split has one
                self.last[entry.symbol] = corporate.new_price(self._of(entry.symbol), entry.ratio)

    def value(self, book: Book) -> Decimal:
        """What is held at the last closes; at its cost where there never was one."""
        return sum(
            (
                market_value(h.quantity, self._of(s)) if s in self.last else h.cost_basis
                for s, h in book.holdings.items()
            ),
            ZERO,
        )

    def _of(self, symbol: str) -> Decimal:
        """A close as money; most are never asked for, so they are converted here only."""
        found = self.last[symbol]
        return found if isinstance(found, Decimal) else from_observation(found)
