"""What is stored of every stock, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from stocksite.admin.reading import StockQuality
from stocksite.core.paging import Page, PageRequest

# Counts are taken for the stocks of the page only: a live market has millions of bars.
_STOCKS = """
WITH chosen AS (
    SELECT s.id, s.symbol, s.name, s.status, s.first_bar, s.last_bar, count(*) OVER () AS total
    FROM stock s
    WHERE (NOT :only_faulty OR s.status <> 'active'
           OR EXISTS (SELECT FROM bar_gap g WHERE g.stock_id = s.id)
           OR EXISTS (SELECT FROM quarantined_bar q
                      WHERE q.stock_id = s.id AND q.status = 'pending'))
    ORDER BY s.symbol LIMIT :size OFFSET :offset
)
SELECT c.symbol, c.name, c.status, c.first_bar, c.last_bar,
       (SELECT count(*) FROM bar b WHERE b.stock_id = c.id) AS bars,
       (SELECT count(*) FROM bar_gap g WHERE g.stock_id = c.id) AS gaps,
       held.pending, held.rejected,
       (SELECT coalesce(sum(f.refused), 0) FROM provider_fetch f
        WHERE f.stock_id = c.id AND f.at > now() - interval '30 days') AS refused,
       (SELECT b.source FROM bar b WHERE b.stock_id = c.id ORDER BY b.date DESC LIMIT 1) AS source,
       last.at, last.outcome, c.total
FROM chosen c
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE q.status = 'pending') AS pending,
           count(*) FILTER (WHERE q.status = 'rejected') AS rejected
    FROM quarantined_bar q WHERE q.stock_id = c.id) held ON true
LEFT JOIN LATERAL (
    SELECT f.at, f.outcome FROM provider_fetch f WHERE f.stock_id = c.id
    ORDER BY f.at DESC LIMIT 1) last ON true
ORDER BY c.symbol
"""


def page(
    session: Session, request: PageRequest, *, only_faulty: bool = False
) -> Page[StockQuality]:
    """Stocks by symbol in one statement; on demand those with gaps, held days or no data."""
    values = {"size": request.size, "offset": request.offset, "only_faulty": only_faulty}
    rows = session.execute(text(_STOCKS), values).all()
    total = rows[0].total if rows else 0
    return Page(tuple(map(_line, rows)), total, request)


def _line(row: Row[Any]) -> StockQuality:
    return StockQuality(*tuple(row)[:-1])
