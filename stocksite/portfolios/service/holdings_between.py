"""What each stock of a portfolio was worth at two closes and what was traded between: one
statement of sums, whatever the number of transactions.

Shares at a close are those after the last split before it, plus what was bought and sold since. A
close older than a split is read in new shares.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.portfolios.measuring import Stretch
from stocksite.portfolios.parts import Holding

_SUMS = text("""
WITH trades AS (
    SELECT t.id, t.stock_id, t.executed_at, t.cash_amount, t.type,
           CASE t.type WHEN 'buy' THEN t.quantity WHEN 'sell' THEN -t.quantity ELSE 0 END AS shares
    FROM transaction t
    LEFT JOIN transaction r ON r.reverses_id = t.id
    WHERE t.portfolio_id = :id AND t.stock_id IS NOT NULL AND t.executed_at <= :upto
      AND t.type <> 'reversal' AND r.id IS NULL
), actions AS (
    SELECT * FROM applied_action WHERE portfolio_id = :id AND ex_at <= :upto
), split_before AS (
    SELECT DISTINCT ON (stock_id) * FROM actions
    WHERE kind = 'split' AND ex_at <= :after ORDER BY stock_id, ex_at DESC
), split_last AS (
    SELECT DISTINCT ON (stock_id) * FROM actions
    WHERE kind = 'split' ORDER BY stock_id, ex_at DESC
), sums AS (
    SELECT t.stock_id,
           sum(t.shares) FILTER (WHERE t.executed_at <= :after AND (b.stock_id IS NULL
               OR (t.executed_at, t.id) > (b.ex_at, b.transaction_id))) AS before,
           sum(t.shares) FILTER (WHERE l.stock_id IS NULL
               OR (t.executed_at, t.id) > (l.ex_at, l.transaction_id)) AS now,
           sum(t.cash_amount) FILTER (WHERE t.executed_at > :after
                                      AND t.type IN ('buy', 'sell')) AS traded,
           sum(t.cash_amount) FILTER (WHERE t.executed_at > :after AND t.type = 'dividend'
               AND NOT EXISTS (SELECT FROM actions a WHERE a.transaction_id = t.id)) AS other
    FROM trades t
    LEFT JOIN split_before b ON b.stock_id = t.stock_id
    LEFT JOIN split_last l ON l.stock_id = t.stock_id
    GROUP BY t.stock_id
), earned AS (
    SELECT stock_id, sum(amount) AS amount FROM actions
    WHERE kind = 'dividend' AND ex_at > :after GROUP BY stock_id
), held AS (
    SELECT u.stock_id, coalesce(b.quantity_after, 0) + coalesce(u.before, 0) AS shares_before,
           coalesce(l.quantity_after, 0) + coalesce(u.now, 0) AS shares_now,
           coalesce(u.traded, 0) AS traded,
           coalesce(u.other, 0) + coalesce(e.amount, 0) AS dividends
    FROM sums u
    LEFT JOIN split_before b ON b.stock_id = u.stock_id
    LEFT JOIN split_last l ON l.stock_id = u.stock_id
    LEFT JOIN earned e ON e.stock_id = u.stock_id
)
SELECT s.symbol, s.name, s.sector,
       coalesce(cents(h.shares_before * p.close), 0)::numeric(18, 2) AS opening,
       coalesce(cents(h.shares_now * q.close), 0)::numeric(18, 2) AS closing,
       h.traded::numeric(18, 2), h.dividends::numeric(18, 2),
       h.shares_now::numeric(21, 9) AS shares, q.close::numeric(18, 6) AS close
FROM held h
JOIN stock s ON s.id = h.stock_id
LEFT JOIN LATERAL (
    SELECT round(b.close::numeric(18, 6) * coalesce((
        SELECT a.ratio_from::numeric / a.ratio_to FROM corporate_action a
        WHERE a.stock_id = b.stock_id AND a.kind = 'split' AND a.ex_date > b.date
          AND a.ex_date <= :first ORDER BY a.ex_date DESC LIMIT 1), 1), 6) AS close
    FROM bar b WHERE b.stock_id = h.stock_id AND b.date <= :first AND h.shares_before <> 0
    ORDER BY b.date DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (
    SELECT round(b.close::numeric(18, 6) * coalesce((
        SELECT a.ratio_from::numeric / a.ratio_to FROM corporate_action a
        WHERE a.stock_id = b.stock_id AND a.kind = 'split' AND a.ex_date > b.date
          AND a.ex_date <= :last ORDER BY a.ex_date DESC LIMIT 1), 1), 6) AS close
    FROM bar b WHERE b.stock_id = h.stock_id AND b.date <= :last AND h.shares_now <> 0
    ORDER BY b.date DESC LIMIT 1) q ON true
WHERE h.shares_before <> 0 OR h.shares_now <> 0 OR h.traded <> 0 OR h.dividends <> 0
ORDER BY s.symbol
""")
_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


def read(session: Session, portfolio_id: int, stretch: Stretch) -> list[Holding]:
    """Every stock that was held, traded or paid for in a stretch. The caller checked ownership."""
    opening = xnys().on(stretch.opening.date) if stretch.opening else None
    closing = xnys().on(stretch.end)
    assert closing is not None  # snapshots lie on sessions
    rows = session.execute(
        _SUMS,
        {
            "id": portfolio_id,
            "after": opening.close if opening else _BEGINNING,
            "upto": closing.close,
            "first": opening.date if opening else _BEGINNING.date(),
            "last": closing.date,
        },
    )
    return [Holding(*row) for row in rows]
