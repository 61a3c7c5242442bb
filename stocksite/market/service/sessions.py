"""Writing the quotes of a moment: the day's bars walked to a minute, stored in one statement."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, func, lateral, or_, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session, aliased

from stocksite.core.calendar import xnys
from stocksite.market import adjust
from stocksite.market.models import Bar, CorporateAction, Quote, Stock
from stocksite.market.providers import sample
from stocksite.market.providers.base import ProviderBar

_SHOWN = ("price", "open", "high", "low", "previous_close", "volume", "session_date")
"""What a page shows of a quote: only a change of these raises the row's tick."""


def quote_close(session: Session, day: date, now: datetime, tick: int) -> int:
    """Store the official close of a session as every stock's quote; returns how many."""
    closing = xnys().on(day)
    if closing is None:
        raise ValueError(f"{day} is not a trading day")
    return quote_moment(session, closing.close, day, now, tick)


def quote_moment(session: Session, at: datetime, day: date, now: datetime, tick: int) -> int:
    """Store the quotes of market time `at` within the session of `day`; returns how many.

    A stock without a bar that day keeps its older quote, or none.
    """
    running = xnys().on(day)
    if running is None:
        raise ValueError(f"{day} is not a trading day")
    rows = _day(session, day)
    bars = [row[1] for row in rows]
    walked = sample.quotes(bars, running, at)
    values = [
        {
            "stock_id": stock_id,
            "session_date": day,
            "price": quote.price,
            "open": quote.open,
            "high": quote.high,
            "low": quote.low,
            "previous_close": previous,
            "volume": quote.volume,
            "opened_at": running.open,
            "as_of": quote.as_of,
            "received_at": now,
            "source": sample.NAME,
            "tick": tick,
        }
        for (stock_id, _, previous), quote in zip(rows, walked, strict=True)
    ]
    if values:
        session.execute(_upsert(values))
    return len(values)


def _day(session: Session, day: date) -> list[tuple[int, ProviderBar, Decimal | None]]:
    """The day's bars with each stock's previous close in today's shares: one statement."""
    earlier = aliased(Bar)
    before = lateral(
        select(earlier.date, earlier.close)
        .where(earlier.stock_id == Bar.stock_id, earlier.date < day)
        .order_by(earlier.date.desc())
        .limit(1)
    ).alias("before")
    action = CorporateAction
    splits = (
        select(func.json_agg(func.json_build_array(action.ratio_to, action.ratio_from)))
        .where(
            action.stock_id == Bar.stock_id,
            action.kind == "split",
            action.ex_date > before.c.date,
            action.ex_date <= day,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Stock.id,
            Stock.symbol,
            Bar.open,
            Bar.high,
            Bar.low,
            Bar.close,
            Bar.volume,
            before.c.date,
            before.c.close,
            splits,
        )
        .join(Bar, Bar.stock_id == Stock.id)
        .outerjoin(before, before.c.date.is_not(None))
        .where(Bar.date == day)
    )
    return [
        (row[0], ProviderBar(row[1], day, *row[2:7]), _previous(row[8], row[9], day))
        for row in rows
    ]


def _previous(close: float | None, ratios: list[list[int]] | None, day: date) -> Decimal | None:
    if close is None:
        return None
    splits = [adjust.Split(day, to, of) for to, of in ratios or ()]
    return adjust.previous_close(close, date.min, splits, day)


def _upsert(values: list[dict[str, Any]]) -> Insert:
    statement = insert(Quote).values(values)
    new = statement.excluded
    columns: dict[str, Any] = {name: new[name] for name in values[0] if name != "stock_id"}
    changed: list[ColumnElement[bool]] = [
        getattr(Quote, name).is_distinct_from(new[name]) for name in _SHOWN
    ]
    columns["tick"] = case((or_(*changed), new["tick"]), else_=Quote.tick)
    return statement.on_conflict_do_update(index_elements=["stock_id"], set_=columns)
