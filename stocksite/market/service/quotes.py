"""The latest prices. One statement each, whatever the number of stocks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.core.models import MarketClock
from stocksite.core.paging import Page, PageRequest, order_columns, paginate
from stocksite.market import freshness
from stocksite.market.models import Quote, Stock
from stocksite.market.reading import StockQuote, is_listed
from stocksite.market.service import stocks
from stocksite.market.symbols import normalize

ORDERINGS: dict[str, ColumnElement[Any]] = {
    "symbol": Stock.symbol.expression,
    "name": Stock.name.expression,
    "price": Quote.price.expression,
    "change_pct": (Quote.price / Quote.previous_close).expression,
    "volume": Quote.volume.expression,
}
"""What lists of stocks can be ordered by."""


def of(session: Session, symbol: str) -> StockQuote:
    """The quote of a tracked stock; one that is not listed yet has no price and says so.

    Raises what `stocks.get` raises for a symbol that is not tracked.
    """
    name = normalize(symbol)
    found = _read(session, Stock.symbol == name)
    if not found:
        stocks.get(session, name)
    return found[0]


def by_ids(session: Session, ids: Iterable[int]) -> dict[int, StockQuote]:
    """The quotes of stocks by id. Ids of no stock are left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {quote.stock_id: quote for quote in _read(session, Stock.id.in_(wanted))}


def changed_since(session: Session, ids: Iterable[int], tick: int) -> dict[int, StockQuote]:
    """Of these stocks, those whose quote changed after a tick a page has already seen."""
    wanted = list(ids)
    if not wanted:
        return {}
    changed = Stock.id.in_(wanted) & (Quote.tick > tick)
    return {quote.stock_id: quote for quote in _read(session, changed)}


def tracked(session: Session, page: PageRequest, ordering: str = "symbol") -> Page[StockQuote]:
    """A page of the tracked stocks; `ordering` is one of `ORDERINGS`, with `-` descending."""
    statement = _statement().order_by(*order_columns(ordering, ORDERINGS), Stock.symbol)
    return paginate(session, statement, page, _view)


def symbols(session: Session) -> list[str]:
    """The symbols of all tracked stocks, in alphabetical order."""
    return list(session.scalars(select(Stock.symbol).order_by(Stock.symbol)))


def _read(session: Session, wanted: ColumnElement[bool]) -> list[StockQuote]:
    return [_view(row) for row in session.execute(_statement().where(wanted))]


@cache
def _statement() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Stock.id,
            Stock.symbol,
            Stock.name,
            Stock.status,
            Stock.first_bar,
            Quote.price,
            Quote.previous_close,
            Quote.open,
            Quote.high,
            Quote.low,
            Quote.volume,
            Quote.session_date,
            Quote.opened_at,
            Quote.as_of,
            Quote.received_at,
            Quote.source,
            Quote.delay,
            Quote.tick,
            MarketClock.mode,
            MarketClock.session_date.label("market_session"),
        )
        .select_from(Stock)
        .outerjoin(Quote, Quote.stock_id == Stock.id)
        .outerjoin(MarketClock, MarketClock.id == 1)
    )


def _view(row: Row[*tuple[Any, ...]]) -> StockQuote:
    change = None
    if row.price is not None and row.previous_close is not None:
        change = row.price - row.previous_close
    return StockQuote(
        stock_id=row.id,
        symbol=row.symbol,
        name=row.name,
        status=row.status,
        listed=is_listed(row.mode, row.first_bar, row.market_session),
        first_bar=row.first_bar,
        price=row.price,
        previous_close=row.previous_close,
        change=change,
        change_pct=_percent(change, row.previous_close),
        open=row.open,
        high=row.high,
        low=row.low,
        volume=row.volume,
        session_date=row.session_date,
        opened_at=row.opened_at,
        as_of=row.as_of,
        received_at=row.received_at,
        source=row.source,
        delay=row.delay or "realtime",
        stale=_stale(row),
        tick=row.tick or 0,
    )


def _percent(change: Decimal | None, base: Decimal | None) -> float | None:
    return float(change / base * 100) if change is not None and base else None


def _stale(row: Row[*tuple[Any, ...]]) -> bool:
    if row.price is None or row.market_session is None:
        return False
    if row.mode == "live":
        return freshness.quote_is_stale(row.session_date, row.as_of, row.delay, wall_now(), xnys())
    return bool(row.session_date < row.market_session)


def joinable() -> Select[*tuple[Any, ...]]:
    """The select of every stock with its quote, for a room to join its own rows to: one
    statement instead of two. `view_of` makes the quote of a row.
    """
    return _statement()


def view_of(row: Row[*tuple[Any, ...]]) -> StockQuote:
    """The quote in a row of `joinable()`."""
    return _view(row)
