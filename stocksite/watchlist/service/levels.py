"""Watching the levels of all watchlists as quotes arrive: a few set-based statements a batch.

a tick's quotes ─> levels follow splits ─> evaluate: notifications + their deliveries ─> rearm

All three only compare stored state with the latest quotes, so repeating them does nothing and
what one run misses (a row somebody is just editing is skipped, not waited for) the next one finds.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core import cursors
from stocksite.market.adjust import Split
from stocksite.market.reading import MarketState
from stocksite.watchlist import alerts
from stocksite.watchlist.service.notifications import revision_key

_EVALUATE = text("""
    WITH hit AS (
        SELECT i.user_id, i.stock_id, i.above, i.below, i.move_pct,
               q.price, q.previous_close, q.session_date, q.as_of,
               coalesce(i.above_armed AND q.price >= i.above, false) AS over,
               coalesce(i.below_armed AND q.price <= i.below, false) AS under,
               coalesce(i.moved_on IS DISTINCT FROM q.session_date AND q.previous_close > 0
                   AND abs(q.price - q.previous_close) * 100 >= i.move_pct * q.previous_close,
                   false) AS moved
        FROM quote q JOIN watchlist_item i ON i.stock_id = q.stock_id
        WHERE q.tick > :after
          AND (i.above_armed AND q.price >= i.above
            OR i.below_armed AND q.price <= i.below
            OR i.moved_on IS DISTINCT FROM q.session_date AND q.previous_close > 0
               AND abs(q.price - q.previous_close) * 100 >= i.move_pct * q.previous_close)
        FOR UPDATE OF i SKIP LOCKED
    ), fired AS (
        UPDATE watchlist_item i
        SET above_armed = i.above_armed AND NOT hit.over,
            below_armed = i.below_armed AND NOT hit.under,
            moved_on = CASE WHEN hit.moved THEN hit.session_date ELSE i.moved_on END
        FROM hit WHERE i.user_id = hit.user_id AND i.stock_id = hit.stock_id
    ), told AS (
        INSERT INTO notification (user_id, stock_id, kind, level, price, previous_close,
                                  session_date, at, created_at)
        SELECT h.user_id, h.stock_id, k.kind, k.level, h.price, h.previous_close,
               h.session_date, h.as_of, :now
        FROM hit h CROSS JOIN LATERAL (VALUES
            ('above', h.above, h.over), ('below', h.below, h.under), ('move', h.move_pct, h.moved)
        ) AS k(kind, level, fires)
        WHERE k.fires
        ON CONFLICT DO NOTHING
        RETURNING id, user_id
    ), sent AS (
        INSERT INTO notification_delivery (notification_id, channel, status, attempts, due_at,
                                           outcome)
        SELECT told.id, c.channel, 'waiting', 0, :now, ''
        FROM told JOIN notification_settings s ON s.user_id = told.user_id
        CROSS JOIN LATERAL (VALUES ('email', s.by_email AND :mail),
                                   ('webhook', s.webhook_url <> '')) AS c(channel, wanted)
        WHERE c.wanted
    )
    SELECT user_id, count(*) AS fired FROM told GROUP BY user_id
""")
"""The conditions are those of `alerts.passed`; a test holds the two together."""

_REARM = text("""
    UPDATE watchlist_item i
    SET above_armed = i.above_armed OR coalesce(q.price < i.above, false),
        below_armed = i.below_armed OR coalesce(q.price > i.below, false)
    FROM quote q
    WHERE q.stock_id = i.stock_id AND q.session_date = :day
      AND (NOT i.above_armed AND q.price < i.above OR NOT i.below_armed AND q.price > i.below)
      AND (i.user_id, i.stock_id) IN (
        SELECT user_id, stock_id FROM watchlist_item
        WHERE NOT above_armed OR NOT below_armed
        FOR UPDATE SKIP LOCKED)
""")

_SPLIT = text("""
    SELECT i.user_id, i.stock_id, i.above, i.below, i.levels_on,
           (SELECT json_agg(json_build_array(a.ex_date, a.ratio_to, a.ratio_from))
            FROM corporate_action a
            WHERE a.stock_id = i.stock_id AND a.kind = 'split'
              AND a.ex_date > i.levels_on AND a.ex_date <= :day) AS splits
    FROM watchlist_item i
    WHERE (i.above IS NOT NULL OR i.below IS NOT NULL)
      AND EXISTS (SELECT FROM corporate_action a
                  WHERE a.stock_id = i.stock_id AND a.kind = 'split'
                    AND a.ex_date > i.levels_on AND a.ex_date <= :day)
    ORDER BY i.user_id, i.stock_id
    FOR UPDATE OF i
""")
_RESTATE = text("""
    UPDATE watchlist_item i SET above = n.above, below = n.below, levels_on = :day
    FROM unnest(CAST(:users AS bigint[]), CAST(:stocks AS bigint[]), CAST(:above AS numeric[]),
                CAST(:below AS numeric[])) AS n(user_id, stock_id, above, below)
    WHERE i.user_id = n.user_id AND i.stock_id = n.stock_id
""")


def evaluate(session: Session, now: datetime, after: int, mail: bool = False) -> int:
    """Compare every armed level with the quotes newer than tick `after`; returns how many fired.

    One statement. `now` is wall time; `mail` says whether the site can send e-mail at all. A row
    is disarmed, its notification made and its deliveries queued together or not at all, so two
    workers at once tell it once.
    """
    rows = session.execute(_EVALUATE, {"after": after, "now": now, "mail": mail}).all()
    for row in rows:
        cursors.bump(session, revision_key(row.user_id))
    return sum(int(row.fired) for row in rows)


def rearm(session: Session, day: date) -> int:
    """Arm the levels whose stock has closed the session of `day` on the other side; how many rows.

    Call it at a session's close, after `evaluate`.
    """
    found = session.execute(_REARM, {"day": day})
    return int(found.rowcount)  # type: ignore[attr-defined]


def follow_splits(session: Session, state: MarketState) -> int:
    """Restate levels in the shares of the session that opened last; returns how many rows.

    Call it at a session's open, before `evaluate`. Two statements on a split's day, one otherwise.
    """
    if state.session_date is None:
        return 0
    day = state.session_date
    rows = session.execute(_SPLIT, {"day": day}).all()
    if rows:
        session.execute(_RESTATE, _restated(rows, day))
    for row in rows:
        cursors.bump(session, f"watchlist:{row.user_id}")
    return len(rows)


def _restated(rows: Any, day: date) -> dict[str, Any]:
    values: dict[str, Any] = {"day": day, "users": [], "stocks": [], "above": [], "below": []}
    for row in rows:
        splits = [Split(date.fromisoformat(ex), to, of) for ex, to, of in row.splits]
        values["users"].append(row.user_id)
        values["stocks"].append(row.stock_id)
        for name in ("above", "below"):
            level = alerts.after_splits(getattr(row, name), splits, row.levels_on, day)
            values[name].append(level)
    return values
