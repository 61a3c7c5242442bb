"""Significant events: found as quotes arrive, filled from closes for history, listed.

quotes of a tick ─> detect: one INSERT … SELECT; only a crossing writes
stored closes ────> fill_history: what each stock's watermark has not covered, up to market time
Both end in the same INSERT, which keeps the first event of a stock, session and direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.database import lock_name
from stocksite.core.paging import Page, PageRequest, order_columns, paginate
from stocksite.market import events
from stocksite.market.adjust import Split
from stocksite.market.events import EVENT_TYPES, TYPE_OF, Close
from stocksite.market.models import SignificantEvent, Stock
from stocksite.market.reading import EventView, MarketState
from stocksite.market.service import clock

ORDERINGS: dict[str, ColumnElement[Any]] = {
    "timestamp": SignificantEvent.at.expression,
    "symbol__ticker": Stock.symbol.expression,
    "event_type": SignificantEvent.direction.expression,
}
"""What lists of events can be ordered by; `down` < `up` as PRICE_DECREASE < PRICE_INCREASE."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; None means all. Bounds are inclusive, days are trading days."""

    symbol: str | None = None
    event_type: str | None = None
    """`PRICE_INCREASE` or `PRICE_DECREASE`."""
    at_from: datetime | None = None
    at_to: datetime | None = None
    day_from: date | None = None
    day_to: date | None = None


_INSERT = """
    INSERT INTO significant_event
        (stock_id, session_date, direction, price, previous_price, change_pct, at, source)
    SELECT m.stock_id, m.day, CASE WHEN m.price > m.previous THEN 'up' ELSE 'down' END,
           m.price, m.previous, round((m.price - m.previous) * 100 / m.previous, 4), m.at, :source
    FROM ({moves}) m
    WHERE m.previous > 0 AND abs(m.price - m.previous) * 100 >= :threshold * m.previous
    ORDER BY m.at, m.stock_id
    ON CONFLICT (stock_id, session_date, direction) DO NOTHING
"""
"""The same rule as `events.move`; a test holds the two together."""

_DETECT = sql(
    _INSERT.format(
        moves="SELECT stock_id, session_date AS day, price, previous_close AS previous, as_of AS at"
        " FROM quote WHERE tick > :after"
    )
)
_FILL = sql(
    _INSERT.format(
        moves="SELECT * FROM unnest(CAST(:stock_ids AS bigint[]), CAST(:days AS date[]),"
        " CAST(:prices AS numeric[]), CAST(:previous AS numeric[]), CAST(:ats AS timestamptz[]))"
        " AS t(stock_id, day, price, previous, at)"
    )
)

_DUE = sql("""
    SELECT s.id, s.first_bar AS since, least(s.last_bar, :complete) AS upto,
           coalesce(CASE WHEN h.since <= s.first_bar THEN h.through END, DATE '0001-01-01') AS after
    FROM stock s LEFT JOIN event_history h ON h.stock_id = s.id
    WHERE s.first_bar <= :complete
      AND (h.stock_id IS NULL OR h.since > s.first_bar OR h.through < least(s.last_bar, :complete))
    ORDER BY s.id
""")
"""Stocks with closes nobody has searched yet; an older start of history means all of it again."""

_CANDIDATES = sql("""
    SELECT b.stock_id, b.date AS day, b.close, p.date AS previous_day, p.close AS previous_close,
           a.splits
    FROM unnest(CAST(:ids AS bigint[]), CAST(:after AS date[]), CAST(:upto AS date[]))
         AS due(id, after, upto)
    JOIN bar b ON b.stock_id = due.id AND b.date > due.after AND b.date <= due.upto
    JOIN LATERAL (
        SELECT date, close FROM bar WHERE stock_id = b.stock_id AND date < b.date
        ORDER BY date DESC LIMIT 1
    ) p ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_array(ex_date, ratio_to, ratio_from)) AS splits
        FROM corporate_action
        WHERE stock_id = b.stock_id AND kind = 'split' AND ex_date > p.date AND ex_date <= b.date
    ) a ON true
    WHERE a.splits IS NOT NULL OR abs(b.close / p.close - 1) * 100 >= :rough
    ORDER BY b.date, b.stock_id
""")
_COVERED = sql("""
    INSERT INTO event_history (stock_id, since, through)
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:since AS date[]), CAST(:upto AS date[]))
    ON CONFLICT (stock_id) DO UPDATE SET since = excluded.since, through = excluded.through
""")


def detect(session: Session, threshold_pct: Decimal, after: int) -> int:
    """Record what the quotes newer than tick `after` cross; returns how many events are new.

    One statement over the quotes that changed. Safe to repeat: the first event of a session and
    direction stays. It has to see every tick, because only the latest price is stored.
    """
    found = session.execute(
        _DETECT, {"threshold": threshold_pct, "after": after, "source": "quote"}
    )
    return int(found.rowcount)  # type: ignore[attr-defined]


def fill_history(session: Session, threshold_pct: Decimal) -> int:
    """Record the moves of all stored closes up to market time that were not searched before.

    Incremental by a watermark per stock, set-based (the same few statements whatever the number
    of bars), and never ahead of the last complete session. Returns how many events are new.
    """
    session.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_name("event history")})
    complete = clock.state(session).last_complete
    due = session.execute(_DUE, {"complete": complete}).all() if complete else []
    if not due:
        return 0
    span = {
        "ids": [row.id for row in due],
        "since": [row.since for row in due],
        "after": [row.after for row in due],
        "upto": [row.upto for row in due],
    }
    # Doubles only choose candidates, a hair generously; exact decimals decide.
    rough = float(threshold_pct) * 0.999
    rows = session.execute(_CANDIDATES, span | {"rough": rough}).all()
    new = _store_closes(session, rows, threshold_pct)
    session.execute(_COVERED, span)
    return new


def _store_closes(session: Session, rows: Iterable[Row[Any]], threshold_pct: Decimal) -> int:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("stock_ids", "days", "prices", "previous", "ats")
    }
    for row in rows:
        moved = events.closing_move(_close(row), threshold_pct)
        held = xnys().on(row.day)
        if moved is not None and held is not None:
            found = (row.stock_id, row.day, moved.price, moved.previous_price, held.close)
            for column, value in zip(columns.values(), found, strict=True):
                column.append(value)
    if not columns["days"]:
        return 0
    stored = session.execute(_FILL, columns | {"threshold": threshold_pct, "source": "close"})
    return int(stored.rowcount)  # type: ignore[attr-defined]


def _close(row: Row[Any]) -> Close:
    splits = tuple(Split(date.fromisoformat(day), to, of) for day, to, of in row.splits or ())
    return Close(row.day, row.close, row.previous_day, row.previous_close, splits)


def listed(
    session: Session,
    page: PageRequest,
    wanted: EventFilter | None = None,
    ordering: str = "-timestamp",
    state: MarketState | None = None,
) -> Page[EventView]:
    """A page of events up to market time; `ordering` names `ORDERINGS`, `-` descends.

    Two statements, three without `state`. Ties keep the newest first.
    """
    event, state = SignificantEvent, state or clock.state(session)
    statement: Select[*tuple[Any, ...]] = (
        select(
            event.id,
            Stock.symbol,
            Stock.name,
            event.direction,
            event.change_pct,
            event.price,
            event.previous_price,
            event.at,
            event.session_date,
            event.source,
        )
        .join(Stock, Stock.id == event.stock_id)
        .where(event.at <= state.at, *_conditions(wanted or EventFilter()))
        .order_by(*order_columns(ordering, ORDERINGS), event.at.desc(), event.id.desc())
    )
    return paginate(session, statement, page, _view)


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    event = SignificantEvent
    conditions: list[ColumnElement[bool]] = []
    if wanted.symbol is not None:
        conditions.append(Stock.symbol == wanted.symbol)
    if wanted.event_type is not None:
        conditions.append(event.direction == EVENT_TYPES[wanted.event_type].value)
    if wanted.at_from is not None:
        conditions.append(event.at >= wanted.at_from)
    if wanted.at_to is not None:
        conditions.append(event.at <= wanted.at_to)
    if wanted.day_from is not None:
        conditions.append(event.session_date >= wanted.day_from)
    if wanted.day_to is not None:
        conditions.append(event.session_date <= wanted.day_to)
    return conditions


def _view(row: Row[Any]) -> EventView:
    return EventView(
        id=row.id,
        symbol=row.symbol,
        name=row.name,
        event_type=TYPE_OF[row.direction],
        change_pct=row.change_pct,
        price=row.price,
        previous_price=row.previous_price,
        at=row.at,
        session_date=row.session_date,
        source=row.source,
    )
