"""The whole stored history, for the backtest lab: the labelled place that sees past market time.

Research has history as its subject, so `stored` reads every bar and every corporate action there
is. Nothing that trades, shows a price or draws a chart may call it: `known` ends at market time.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from stocksite.core import money
from stocksite.core.errors import DomainError, InvalidInput, NotFound
from stocksite.market.models import CorporateAction, Stock
from stocksite.market.reading import ActionView, MarketState
from stocksite.market.service import stocks
from stocksite.market.stored import StoredSeries

_COLUMNS = ("open", "high", "low", "close", "volume")
_HEADER_BYTES = 19
_TRAILER_BYTES = 2
_ROW = np.dtype(
    [("fields", ">i2"), ("stock_len", ">i4"), ("stock", ">i8"), ("date_len", ">i4")]
    + [("date", ">i4")]
    + [item for name in _COLUMNS for item in ((f"{name}_len", ">i4"), (name, ">f8"))]
)
_EPOCH = np.datetime64("2000-01-01", "D")


def stored(session: Session, symbols: Sequence[str]) -> list[StoredSeries]:
    """The whole stored series of each symbol, in the order asked; two statements for all.

    Raises InvalidInput about the field `symbol` for one nobody knows or that has no prices, and
    what `stocks.get` raises for one that has none here.
    """
    return _load(session, symbols, date.max, date.max)


def known(session: Session, symbols: Sequence[str], state: MarketState) -> list[StoredSeries]:
    """The same up to market time and not a moment further: what may decide about orders.

    Complete sessions only, with the actions whose ex-date has come.
    """
    complete = state.last_complete or date.min
    return _load(session, symbols, complete, state.session_date or date.min)


def _load(
    session: Session, symbols: Sequence[str], last_bar: date, last_action: date
) -> list[StoredSeries]:
    action = CorporateAction
    told = (action.ex_date, action.kind, action.ratio_to, action.ratio_from, action.amount)
    actions = (
        select(func.json_agg(aggregate_order_by(func.json_build_array(*told), *told[:2])))
        .where(action.stock_id == Stock.id, action.ex_date <= last_action)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Stock.id, Stock.symbol, actions.label("actions")).where(
            Stock.symbol.in_(symbols), Stock.first_bar.is_not(None)
        )
    )
    found = {row.symbol: row for row in rows}
    for symbol in symbols:
        if symbol not in found:
            raise _missing(session, symbol)
    bars = _bars(session, [row.id for row in found.values()], last_bar)
    return [
        _series(
            found[symbol].id, symbol, bars, [_action(*raw) for raw in found[symbol].actions or ()]
        )
        for symbol in symbols
    ]


def _action(
    day: str, kind: str, to: int | None, of: int | None, amount: float | str | None
) -> ActionView:
    exact = None if amount is None else money.price(Decimal(str(amount)))
    return ActionView(date.fromisoformat(day), kind, to, of, exact)


def spans(session: Session) -> list[tuple[str, date, date]]:
    """(symbol, first bar, last bar) of every stock with prices, by symbol."""
    rows = session.execute(
        select(Stock.symbol, Stock.first_bar, Stock.last_bar)
        .where(Stock.first_bar.is_not(None), Stock.last_bar.is_not(None))
        .order_by(Stock.symbol)
    )
    return [(row.symbol, row.first_bar, row.last_bar) for row in rows if row.first_bar]


def _missing(session: Session, symbol: str) -> DomainError:
    try:
        stocks.get(session, symbol, listed=False)
    except NotFound as error:
        return InvalidInput.of_field("symbol", error.detail, code=error.code)
    except DomainError as error:
        return error
    return InvalidInput.of_field("symbol", f"{symbol} has no stored prices yet. Try again later.")


def _bars(session: Session, ids: Sequence[int], last: date) -> Any:
    """The bars of some stocks up to a day, straight from the wire into one structured array."""
    wanted = ",".join(str(int(number)) for number in ids)
    query = (
        f"COPY (SELECT stock_id, date, {', '.join(_COLUMNS)} FROM bar "
        f"WHERE stock_id IN ({wanted}) AND date <= '{last.isoformat()}' "
        "ORDER BY stock_id, date) TO STDOUT (FORMAT binary)"
    )
    out = io.BytesIO()
    session.flush()
    connection: Any = session.connection().connection
    with connection.cursor() as cursor:
        cursor.copy_expert(query, out)
    return np.frombuffer(out.getvalue()[_HEADER_BYTES:-_TRAILER_BYTES], dtype=_ROW)


def _series(stock_id: int, symbol: str, bars: Any, actions: Sequence[ActionView]) -> StoredSeries:
    mine = bars[slice(*np.searchsorted(bars["stock"], [stock_id, stock_id + 1]))]
    columns = {name: mine[name].astype(np.float64) for name in _COLUMNS}
    days = _EPOCH + mine["date"].astype("timedelta64[D]")
    return StoredSeries(stock_id, symbol, days, **columns, actions=tuple(actions))
