"""One row per portfolio and trading day, written set-based after each close.

A day runs from one close to the next: a flow after the close belongs to the next session. The
index is time-weighted, inflows at the start of the day and outflows at its end:
`index_t = index_{t-1} · (value_t + out_t) / (value_{t-1} + in_t)` (Portfolio Performance's rule).

    close ─> catch_up: back-dated days anew (rebuilding) ─> take for every day that is missing

`take` starts from what portfolios are now and takes away what was posted after the close. Where a
split or a reversal was posted since, shares do not subtract: those few are replayed instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import TradingSession, xnys
from stocksite.core.clock import wall_now
from stocksite.portfolios.models import Portfolio, PortfolioSnapshot, Transaction
from stocksite.portfolios.service import dirty, official, rebuilding
from stocksite.portfolios.service.rebuilding import rebuild

__all__ = ["catch_up", "last_taken", "mend", "rebuild", "take"]

_MARK = text("""
UPDATE portfolio p SET snapshot_at = :closes_at
FROM (SELECT id FROM portfolio WHERE archived_at IS NULL AND created_at <= :closes_at
      ORDER BY id FOR UPDATE) l
WHERE p.id = l.id AND (p.snapshot_at IS NULL OR p.snapshot_at < :closes_at)
""")

_TAKE = text("""
WITH later AS (
    SELECT portfolio_id, stock_id, sum(cash_amount) AS cash, sum(realized_pnl) AS realized,
           sum(CASE type WHEN 'buy' THEN quantity WHEN 'sell' THEN -quantity ELSE 0 END) AS shares,
           coalesce(sum(cash_amount) FILTER (WHERE type IN ('deposit', 'withdrawal')), 0) AS flow,
           coalesce(sum(cash_amount + fees) FILTER (WHERE type = 'dividend'), 0) AS income,
           coalesce(sum(CASE type WHEN 'fee' THEN -cash_amount ELSE fees END)
                    FILTER (WHERE type NOT IN ('buy', 'sell')), 0) AS fees
    FROM transaction WHERE executed_at > :closes_at GROUP BY portfolio_id, stock_id
), undone AS (
    SELECT portfolio_id, sum(cash) AS cash, sum(flow) AS flow, sum(realized) AS realized,
           sum(income) AS income, sum(fees) AS fees
    FROM later GROUP BY portfolio_id
), shares AS (
    SELECT portfolio_id, stock_id, coalesce(h.quantity, 0) - coalesce(l.shares, 0) AS quantity,
           h.cost_basis / h.quantity AS cost
    FROM position h
    FULL JOIN (SELECT * FROM later WHERE stock_id IS NOT NULL) l USING (portfolio_id, stock_id)
), prices AS (
    -- The day's official close; before it is known the quote, unless it is older than a close.
    SELECT s.id AS stock_id,
           CASE WHEN b.date = :day OR q.session_date < b.date THEN b.close::numeric(18, 6)
                ELSE coalesce(q.price, b.close::numeric(18, 6)) END AS price
    FROM stock s
    LEFT JOIN quote q ON q.stock_id = s.id AND q.as_of <= :closes_at
    LEFT JOIN LATERAL (SELECT date, close FROM bar WHERE bar.stock_id = s.id AND bar.date <= :day
                       ORDER BY bar.date DESC LIMIT 1) b ON true
), worth AS (
    SELECT portfolio_id, sum(cents(quantity * coalesce(price, cost))) AS held
    FROM shares LEFT JOIN prices USING (stock_id) WHERE quantity > 0 GROUP BY portfolio_id
), owed AS (
    SELECT portfolio_id, sum(amount) AS amount FROM (
        SELECT portfolio_id, -amount AS amount FROM applied_action
        WHERE ex_at > :closes_at AND kind = 'dividend' AND transaction_id IS NULL
        UNION ALL
        SELECT portfolio_id, amount FROM applied_action
        WHERE pays_at > :closes_at AND ex_at <= :closes_at AND transaction_id IS NOT NULL
    ) moved GROUP BY portfolio_id
), books AS (
    SELECT p.id, p.cash - coalesce(u.cash, 0) AS cash, coalesce(w.held, 0) AS held,
           p.receivable + coalesce(o.amount, 0) AS receivable,
           p.net_deposits - coalesce(u.flow, 0) AS net_deposits,
           p.realized_pnl - coalesce(u.realized, 0) AS realized,
           p.income - coalesce(u.income, 0) AS income,
           p.fees_charged - coalesce(u.fees, 0) AS fees,
           b.closes_at AS since, coalesce(b.total_value, 0) AS before,
           coalesce(b.twr_index, 1) AS index, coalesce(b.peak_index, 1) AS peak
    FROM portfolio p
    LEFT JOIN undone u ON u.portfolio_id = p.id
    LEFT JOIN worth w ON w.portfolio_id = p.id
    LEFT JOIN owed o ON o.portfolio_id = p.id
    LEFT JOIN LATERAL (SELECT * FROM portfolio_snapshot WHERE portfolio_id = p.id AND date < :day
                       ORDER BY date DESC LIMIT 1) b ON true
    WHERE p.archived_at IS NULL AND p.created_at <= :closes_at AND p.id <> ALL(:replayed)
), flows AS (
    SELECT t.portfolio_id, coalesce(sum(cash_amount) FILTER (WHERE cash_amount > 0), 0) AS inflow,
           -coalesce(sum(cash_amount) FILTER (WHERE cash_amount < 0), 0) AS outflow
    FROM transaction t JOIN books b ON b.id = t.portfolio_id
    WHERE t.type IN ('deposit', 'withdrawal') AND t.executed_at <= :closes_at
      AND t.executed_at > coalesce(b.since, '-infinity'::timestamptz)
      AND NOT EXISTS (SELECT FROM transaction r WHERE r.reverses_id = t.id)
    GROUP BY t.portfolio_id
), day AS (
    SELECT b.*, b.cash + b.held + b.receivable AS value,
           coalesce(f.inflow, 0) AS inflow, coalesce(f.outflow, 0) AS outflow
    FROM books b LEFT JOIN flows f ON f.portfolio_id = b.id
), grown AS (
    SELECT d.*, index * CASE WHEN before + inflow > 0
                             THEN (value + outflow)::float8 / (before + inflow)::float8
                             ELSE 1 END AS now_at
    FROM day d
)
INSERT INTO portfolio_snapshot (portfolio_id, date, closes_at, cash, positions_value, receivable,
                                total_value, inflow, outflow, net_deposits, realized_pnl, income,
                                fees, twr_index, peak_index, recorded_at)
SELECT id, :day, :closes_at, cash, held, receivable, value, inflow, outflow, net_deposits,
       realized, income + receivable, fees, now_at, greatest(now_at, peak), :now
FROM grown
ON CONFLICT (portfolio_id, date) DO NOTHING
""")


def catch_up(session: Session, upto: date) -> int:
    """Write down every close that is missing up to a session's; returns how many rows.

    After an outage over several closes each is valued at its own prices. Days made wrong by
    back-dated postings, and a close whose official prices have come since, are put right first,
    since the next day builds on them.
    """
    mend(session)
    _settle_last(session)
    return _write(session, _missing(session, upto))


def _settle_last(session: Session) -> None:
    """Value the last close written down at its official prices, which may have come since."""
    last = session.scalar(select(func.max(Portfolio.snapshot_at)))
    if last is not None:
        official.correct(session, dirty.day_of(last), last, _replayed(session, last))


def _missing(session: Session, upto: date) -> tuple[TradingSession, ...]:
    """Sessions since the last one written down, or since the first portfolio was opened."""
    last = session.scalar(select(func.max(Portfolio.snapshot_at)))
    if last is None:
        first = session.scalar(
            select(func.min(Portfolio.created_at)).where(Portfolio.archived_at.is_(None))
        )
        opened = first or _session(upto).close
        return tuple(s for s in xnys().between(opened.date(), upto) if s.close >= opened)
    missing = tuple(s for s in xnys().between(last.date(), upto) if s.close > last)
    return missing or (_session(upto),)


def _session(day: date) -> TradingSession:
    found = xnys().on(day)
    if found is None:
        raise ValueError(f"{day} is not a trading day")
    return found


def take(session: Session, day: date) -> int:
    """Snapshot every portfolio at a session's close; returns how many. Never two for a day.

    The projections are taken back to the close: what was posted after it is subtracted, so a
    trade or a deposit in the night before this runs, or a day that is caught up late, is right.
    The row locks make whoever posts into this day meanwhile see that it is written down.
    """
    return _write(session, (_session(day),))


def _write(session: Session, days: Sequence[TradingSession]) -> int:
    """Write days in a row, oldest first; what has to be replayed is replayed once for them all."""
    if not days:  # every portfolio was opened after the close
        return 0
    replayed = _replayed(session, days[0].close)
    taken = 0
    for each in days:
        session.execute(_MARK, {"closes_at": each.close})
        values = {"day": each.date, "closes_at": each.close, "now": wall_now()}
        result = session.execute(_TAKE, values | {"replayed": replayed})
        taken += int(result.rowcount)  # type: ignore[attr-defined]
    first, last = days[0].date, days[-1].date
    return taken + sum(rebuilding.add_days(session, each, first, last) for each in replayed)


def _replayed(session: Session, closes_at: datetime) -> list[int]:
    """Portfolios whose shares cannot be taken back by subtraction."""
    return list(
        session.scalars(
            select(Transaction.portfolio_id)
            .join(Portfolio, Portfolio.id == Transaction.portfolio_id)
            .where(
                Transaction.executed_at > closes_at,
                Transaction.type.in_(("split", "reversal")),
                Portfolio.archived_at.is_(None),
            )
            .distinct()
        )
    )


def mend(session: Session) -> int:
    """Write snapshots anew from the first wrong day on, where back-dated postings left one;
    returns how many portfolios.
    """
    wrong = session.scalars(
        select(Portfolio)
        .where(Portfolio.dirty_from.is_not(None), Portfolio.archived_at.is_(None))
        .order_by(Portfolio.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for portfolio in wrong:
        assert portfolio.snapshot_at is not None  # nothing else can be dirty
        until = dirty.day_of(portfolio.snapshot_at)
        rebuild(session, portfolio.id, until, since=portfolio.dirty_from)
        portfolio.dirty_from = None
    session.flush()
    return len(wrong)


def last_taken(session: Session) -> datetime | None:
    """The close of the latest day that has any snapshot; None before the first."""
    return session.scalar(select(func.max(PortfolioSnapshot.closes_at)))
