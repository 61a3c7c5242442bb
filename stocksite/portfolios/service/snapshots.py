"""One row per portfolio and trading day, written set-based after each close.

A day runs from one close to the next: a flow after the close belongs to the next session. The
index is time-weighted, inflows at the start of the day and outflows at its end:
`index_t = index_{t-1} · (value_t + out_t) / (value_{t-1} + in_t)` (Portfolio Performance's rule).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import TradingSession, xnys
from stocksite.core.clock import wall_now
from stocksite.core.money import ZERO, from_observation
from stocksite.market.models import Bar, Stock
from stocksite.portfolios.entries import CostMethod, TransactionType, market_value
from stocksite.portfolios.ledger import replay
from stocksite.portfolios.models import PortfolioSnapshot, Transaction
from stocksite.portfolios.service.proof import entries_of

_TAKE = text("""
WITH later AS (
    SELECT portfolio_id, stock_id, sum(cash_amount) AS cash,
           sum(CASE type WHEN 'buy' THEN quantity WHEN 'sell' THEN -quantity ELSE 0 END) AS shares,
           coalesce(sum(cash_amount) FILTER (WHERE type IN ('deposit', 'withdrawal')), 0) AS flow
    FROM transaction WHERE executed_at > :closes_at GROUP BY portfolio_id, stock_id
), undone AS (
    SELECT portfolio_id, sum(cash) AS cash, sum(flow) AS flow FROM later GROUP BY portfolio_id
), shares AS (
    SELECT portfolio_id, stock_id, coalesce(h.quantity, 0) - coalesce(l.shares, 0) AS quantity,
           h.cost_basis / h.quantity AS cost
    FROM position h
    FULL JOIN (SELECT * FROM later WHERE stock_id IS NOT NULL) l USING (portfolio_id, stock_id)
), prices AS (
    SELECT s.id AS stock_id, coalesce(q.price, b.close::numeric(18, 6)) AS price
    FROM stock s
    LEFT JOIN quote q ON q.stock_id = s.id AND q.as_of <= :closes_at
    LEFT JOIN LATERAL (SELECT close FROM bar WHERE bar.stock_id = s.id AND bar.date <= :day
                       ORDER BY bar.date DESC LIMIT 1) b ON true
), worth AS (
    SELECT portfolio_id, sum(cents(quantity * coalesce(price, cost))) AS held
    FROM shares LEFT JOIN prices USING (stock_id) WHERE quantity > 0 GROUP BY portfolio_id
), books AS (
    SELECT p.id, p.cash - coalesce(u.cash, 0) AS cash, coalesce(w.held, 0) AS held,
           p.net_deposits - coalesce(u.flow, 0) AS net_deposits,
           b.closes_at AS since, coalesce(b.total_value, 0) AS before,
           coalesce(b.twr_index, 1) AS index, coalesce(b.peak_index, 1) AS peak
    FROM portfolio p
    LEFT JOIN undone u ON u.portfolio_id = p.id
    LEFT JOIN worth w ON w.portfolio_id = p.id
    LEFT JOIN LATERAL (SELECT * FROM portfolio_snapshot WHERE portfolio_id = p.id AND date < :day
                       ORDER BY date DESC LIMIT 1) b ON true
    WHERE p.archived_at IS NULL AND p.created_at <= :closes_at
), flows AS (
    SELECT t.portfolio_id, coalesce(sum(cash_amount) FILTER (WHERE cash_amount > 0), 0) AS inflow,
           -coalesce(sum(cash_amount) FILTER (WHERE cash_amount < 0), 0) AS outflow
    FROM transaction t JOIN books b ON b.id = t.portfolio_id
    WHERE t.type IN ('deposit', 'withdrawal') AND t.executed_at <= :closes_at
      AND t.executed_at > coalesce(b.since, '-infinity'::timestamptz)
    GROUP BY t.portfolio_id
), day AS (
    SELECT b.id, b.cash, b.held, b.net_deposits, b.peak,
           coalesce(f.inflow, 0) AS inflow, coalesce(f.outflow, 0) AS outflow,
           b.index * CASE WHEN b.before + coalesce(f.inflow, 0) > 0
                          THEN (b.cash + b.held + coalesce(f.outflow, 0))::float8
                               / (b.before + coalesce(f.inflow, 0))::float8
                          ELSE 1 END AS index
    FROM books b LEFT JOIN flows f ON f.portfolio_id = b.id
)
INSERT INTO portfolio_snapshot (portfolio_id, date, closes_at, cash, positions_value, total_value,
                                inflow, outflow, net_deposits, twr_index, peak_index, recorded_at)
SELECT id, :day, :closes_at, cash, held, cash + held, inflow, outflow, net_deposits, index,
       greatest(index, peak), :now
FROM day
ON CONFLICT (portfolio_id, date) DO NOTHING
""")


def take(session: Session, day: date) -> int:
    """Snapshot every portfolio at a session's close; returns how many. Never two for a day.

    The projections are taken back to the close: what was posted after it is subtracted, so a
    trade or a deposit in the night before this runs, or a day that is caught up late, is right.
    """
    trading_session = xnys().on(day)
    if trading_session is None:
        raise ValueError(f"{day} is not a trading day")
    result = session.execute(
        _TAKE, {"day": day, "closes_at": trading_session.close, "now": wall_now()}
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Day:
    session: TradingSession
    cash: Decimal
    held: Decimal
    inflow: Decimal
    outflow: Decimal
    net_deposits: Decimal


def rebuild(session: Session, portfolio_id: int, until: date) -> int:
    """Write a portfolio's snapshots anew from its ledger and the bars, up to a session's date.

    For history that was not lived through day by day (the demo), and for repair.
    """
    session.execute(
        delete(PortfolioSnapshot).where(
            PortfolioSnapshot.portfolio_id == portfolio_id, PortfolioSnapshot.date <= until
        )
    )
    rows = []
    index, peak, value = 1.0, 1.0, ZERO
    for day in _days(session, portfolio_id, until):
        total = day.cash + day.held
        start = value + day.inflow
        index *= float(total + day.outflow) / float(start) if start > ZERO else 1.0
        peak, value = max(peak, index), total
        rows.append(_row(portfolio_id, day, total, index, peak))
    if rows:
        session.execute(insert(PortfolioSnapshot), rows)
    return len(rows)


def _row(
    portfolio_id: int, day: _Day, total: Decimal, index: float, peak: float
) -> dict[str, object]:
    return {
        "portfolio_id": portfolio_id,
        "date": day.session.date,
        "closes_at": day.session.close,
        "cash": day.cash,
        "positions_value": day.held,
        "total_value": total,
        "inflow": day.inflow,
        "outflow": day.outflow,
        "net_deposits": day.net_deposits,
        "twr_index": index,
        "peak_index": peak,
        "recorded_at": wall_now(),
    }


def _days(session: Session, portfolio_id: int, until: date) -> Iterator[_Day]:
    """The book at each close since the first transaction, entry by entry in one pass."""
    posted = session.execute(
        select(Transaction.id, Transaction.executed_at).where(
            Transaction.portfolio_id == portfolio_id
        )
    )
    times = {row.id: row.executed_at for row in posted}
    entries = entries_of(session, portfolio_id)
    if not entries:
        return
    closes = _closes(session, {e.symbol for e in entries if e.symbol})
    first = xnys().last_opened(min(times.values())) or xnys().sessions[0]
    sessions = xnys().between(first.date, until)
    book, done = replay([]), 0
    last: dict[str, Decimal] = {}
    for trading_session in sessions:
        batch = []
        while done < len(entries) and times[entries[done].id] <= trading_session.close:
            batch.append(entries[done])
            done += 1
        book = replay(batch, CostMethod.AVERAGE, book)
        last |= closes.get(trading_session.date, {})
        if done == 0:
            continue
        flows = [
            e.cash_amount
            for e in batch
            if e.type in (TransactionType.DEPOSIT, TransactionType.WITHDRAWAL)
        ]
        yield _Day(
            trading_session,
            book.cash,
            sum((market_value(h.quantity, last[s]) for s, h in book.holdings.items()), ZERO),
            sum((f for f in flows if f > ZERO), ZERO),
            -sum((f for f in flows if f < ZERO), ZERO),
            book.net_deposits,
        )


def _closes(session: Session, symbols: set[str]) -> dict[date, dict[str, Decimal]]:
    rows = session.execute(
        select(Bar.date, Stock.symbol, Bar.close)
        .join(Stock, Stock.id == Bar.stock_id)
        .where(Stock.symbol.in_(symbols))
    )
    closes: dict[date, dict[str, Decimal]] = {}
    for day, symbol, close in rows:
        closes.setdefault(day, {})[symbol] = from_observation(close)
    return closes


def last_taken(session: Session) -> datetime | None:
    """The close of the latest day that has any snapshot; None before the first."""
    return session.scalar(select(func.max(PortfolioSnapshot.closes_at)))
