"""The site's leaderboard: portfolios whose owners show their returns, never their money."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.paging import Page, PageRequest
from stocksite.market.reading import MarketState
from stocksite.portfolios.periods import Span
from stocksite.portfolios.reading_performance import LeaderboardRow

_RANKED = text("""
WITH entrants AS (
    SELECT p.id, p.name, p.user_id, u.username, b.date AS base_date,
           coalesce(b.twr_index, 1) AS base_index
    FROM portfolio p
    JOIN "user" u ON u.id = p.user_id
    LEFT JOIN LATERAL (SELECT date, twr_index FROM portfolio_snapshot
                       WHERE portfolio_id = p.id AND date <= CAST(:base AS date)
                       ORDER BY date DESC LIMIT 1) b ON true
    WHERE p.public AND p.archived_at IS NULL AND u.is_active
      AND (CAST(:base AS date) IS NULL OR b.twr_index > 0)
), run AS (
    SELECT e.id, s.date, s.twr_index / e.base_index AS grown,
           greatest(1, max(s.twr_index / e.base_index) OVER
                       (PARTITION BY e.id ORDER BY s.date)) AS high
    FROM entrants e
    JOIN portfolio_snapshot s ON s.portfolio_id = e.id AND s.date <= :last
                             AND s.date > coalesce(e.base_date, '-infinity'::date)
), scores AS (
    SELECT id, count(*) AS sessions, min(date) AS first,
           least(min(grown / high) - 1, 0) AS drawdown,
           (array_agg(grown ORDER BY date DESC))[1] - 1 AS twr
    FROM run GROUP BY id
)
SELECT rank() OVER (ORDER BY s.twr DESC) AS rank, e.name, e.username, e.user_id,
       coalesce(e.base_date, s.first) AS since, s.sessions, s.twr, s.drawdown,
       count(*) OVER () AS total
FROM scores s JOIN entrants e USING (id)
ORDER BY s.twr DESC, s.drawdown DESC, e.id LIMIT :size OFFSET :offset
""")


def ranked(
    session: Session, actor: Actor, state: MarketState, span: Span, page: PageRequest
) -> Page[LeaderboardRow]:
    """Public portfolios by time-weighted return over a span, best first; one statement.

    Whoever was not there yet when the span began is not ranked in it. The span ends with the last
    complete session, or with an earlier day of one's own.
    """
    if state.last_complete is None:
        return Page((), 0, page)
    last = min(span.end or state.last_complete, state.last_complete)
    rows = session.execute(
        _RANKED,
        {"base": span.base(last), "last": last, "size": page.size, "offset": page.offset},
    ).all()
    results = tuple(
        LeaderboardRow(
            rank=row.rank,
            portfolio_name=row.name,
            username=row.username,
            mine=row.user_id == actor.user_id,
            since=row.since,
            sessions=row.sessions,
            twr_pct=row.twr * 100,
            max_drawdown_pct=row.drawdown * 100,
        )
        for row in rows
    )
    return Page(results, rows[0].total if rows else 0, page)
