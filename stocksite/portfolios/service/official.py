"""The last close written down, put right once its official prices are known.

A live market's close is written down at the last quotes; the official closes arrive later. In the
sample market the two are equal and nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now

_CORRECT = text("""
WITH later AS (
    SELECT portfolio_id, stock_id,
           sum(CASE type WHEN 'buy' THEN quantity WHEN 'sell' THEN -quantity ELSE 0 END) AS shares
    FROM transaction WHERE executed_at > :closes_at AND stock_id IS NOT NULL
    GROUP BY portfolio_id, stock_id
), shares AS (
    SELECT portfolio_id, stock_id, coalesce(h.quantity, 0) - coalesce(l.shares, 0) AS quantity
    FROM position h FULL JOIN later l USING (portfolio_id, stock_id)
), worth AS (
    SELECT portfolio_id, sum(cents(quantity * b.close::numeric(18, 6))) AS held,
           bool_and(b.close IS NOT NULL) AS known
    FROM shares LEFT JOIN bar b ON b.stock_id = shares.stock_id AND b.date = :day
    WHERE quantity > 0 GROUP BY portfolio_id
), changed AS (
    SELECT s.portfolio_id, w.held, s.cash + w.held + s.receivable AS value,
           s.twr_index * (s.cash + w.held + s.receivable + s.outflow)::float8
               / (s.total_value + s.outflow)::float8 AS index
    FROM portfolio_snapshot s
    JOIN portfolio p ON p.id = s.portfolio_id
    JOIN worth w ON w.portfolio_id = s.portfolio_id
    WHERE s.date = :day AND p.snapshot_at = :closes_at AND p.archived_at IS NULL
      AND p.dirty_from IS NULL AND s.portfolio_id <> ALL(:replayed)
      AND w.known AND w.held <> s.positions_value AND s.total_value + s.outflow > 0
    ORDER BY p.id FOR UPDATE OF p
), corrected AS (
    UPDATE portfolio_snapshot s
    SET positions_value = c.held, total_value = c.value, twr_index = c.index,
        peak_index = greatest(c.index, coalesce((
            SELECT peak_index FROM portfolio_snapshot b
            WHERE b.portfolio_id = s.portfolio_id AND b.date < :day
            ORDER BY b.date DESC LIMIT 1), 1)),
        reported_value = coalesce(s.reported_value, s.total_value),
        reported_index = coalesce(s.reported_index, s.twr_index), corrected_at = :now
    FROM changed c WHERE s.portfolio_id = c.portfolio_id AND s.date = :day
)
UPDATE portfolio p SET snapshot_revision = snapshot_revision + 1
FROM changed c WHERE p.id = c.portfolio_id
""")


def correct(session: Session, day: date, closes_at: datetime, replayed: Sequence[int]) -> int:
    """Value the last close written down at the official closes of its day; returns how many
    portfolios changed. One statement.

    Only portfolios with an official close for everything they held then; `replayed` are left out,
    whose shares cannot be taken back by subtraction. What was written first stays beside.
    """
    found = session.execute(
        _CORRECT,
        {"day": day, "closes_at": closes_at, "replayed": list(replayed), "now": wall_now()},
    )
    return int(found.rowcount)  # type: ignore[attr-defined]
