"""The site in figures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.admin.reading import Overview

_FIGURES = text("""
SELECT people.alive, people.inactive,
       (SELECT count(*) FROM user_session WHERE expires_at > :now) AS browsers,
       (SELECT count(*) FROM stock) AS stocks,
       (SELECT count(*) FROM quarantined_bar WHERE status = 'pending') AS held,
       (SELECT count(*) FROM bar_gap) AS gaps,
       work.queued, work.running, work.failed, work.oldest,
       (SELECT ticked_at FROM market_clock) AS ticked_at,
       (SELECT count(*) FROM portfolio WHERE archived_at IS NULL) AS portfolios,
       (SELECT CASE WHEN reltuples < 10000 THEN (SELECT count(*) FROM transaction)
                    ELSE reltuples::bigint END
        FROM pg_class WHERE oid = '"transaction"'::regclass) AS transactions,
       pg_database_size(current_database()) AS database_bytes
FROM (SELECT count(*) FILTER (WHERE is_active AND deleted_at IS NULL) AS alive,
             count(*) FILTER (WHERE NOT is_active AND deleted_at IS NULL) AS inactive
      FROM "user") people,
     (SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
             count(*) FILTER (WHERE status = 'running') AS running,
             count(*) FILTER (WHERE status = 'failed') AS failed,
             min(created_at) FILTER (WHERE status = 'queued') AS oldest
      FROM job) work
""")


def of(session: Session, now: datetime) -> Overview:
    """Everything the panel's front page counts; past 10,000 rows the ledger's are an estimate."""
    return Overview(*tuple(session.execute(_FIGURES, {"now": now}).one()))
