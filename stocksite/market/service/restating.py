"""Quotes around a split: the last price before an ex-date, in the shares of that day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core import money
from stocksite.core.models import MarketClock
from stocksite.market.models import Bar, Quote


def restate_quote(session: Session, stock_id: int, ex_date: date, ratio: tuple[int, int]) -> bool:
    """Put a quote from before the ex-date into new shares; `ratio` is to:from.

    Until the ex-date's first price arrives, new shares would otherwise meet an old price. A quote
    of the ex-date or later is in new shares already and stays.
    """
    quote = session.get(Quote, stock_id, with_for_update=True, populate_existing=True)
    if quote is None or quote.session_date >= ex_date:
        return False
    to, of = ratio
    for name in ("price", "open", "high", "low", "previous_close"):
        value = getattr(quote, name)
        if value is not None:
            setattr(quote, name, money.price(value * of / to))
    quote.volume = quote.volume * to / of
    quote.tick = session.scalar(select(func.max(MarketClock.tick))) or quote.tick
    session.flush()
    return True


def close_before(session: Session, stock_id: int, day: date) -> Decimal | None:
    """The last official close before a day, in the shares of its own day; None without one."""
    close = session.scalar(
        select(Bar.close)
        .where(Bar.stock_id == stock_id, Bar.date < day)
        .order_by(Bar.date.desc())
        .limit(1)
    )
    return None if close is None else money.from_observation(close)
