"""Scoring what has come true: every close that arrives settles one day of each waiting forecast.

Outcomes are closes in the shares of the origin: splits since are undone, dividends are not added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Row, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.forecast import keeping
from stocksite.forecast.models import Forecast, ForecastScore, PendingForecast
from stocksite.forecast.scoring import Scores, score
from stocksite.forecast.service import board, histories
from stocksite.forecast.service.histories import Prices
from stocksite.forecast.terms import HORIZON, Floats
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState

_NAMES = Scores.__slots__
_LATE_DAYS = 5
"""A close that is missing this many sessions later will not come."""
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, eq=False)
class _Matured:
    """Horizons of one forecast that can be scored now, and where it goes on waiting."""

    forecast: Row[Any]
    horizons: list[int]
    actual: Floats
    """Closes in the shares of the origin."""
    next_horizon: int


def mature(session: Session, state: MarketState) -> int:
    """Score every horizon whose close is stored; returns how many. Run again, it adds nothing.

    Stock by stock, so that the prices of each are read once however many forecasts wait.
    """
    known = state.last_complete
    scored, after = 0, (0, 0)
    while known is not None:
        due = _due(session, known, after)
        if not due:
            break
        by_stock: dict[tuple[int, str], list[Row[Any]]] = defaultdict(list)
        for row in due:
            by_stock[row.stock_id, row.symbol].append(row)
        matured: list[_Matured] = []
        for (stock_id, symbol), rows in by_stock.items():
            prices = histories.prices(session, stock_id, symbol, state)
            matured += [_match(row, prices, known) for row in rows]
        scored += record(session, matured)
        after = (due[-1].stock_id, due[-1].id)
    return scored


def _due(session: Session, known: date, after: tuple[int, int]) -> Sequence[Row[Any]]:
    """Waiting forecasts with a day that has closed, the next ones by (stock, forecast)."""
    return session.execute(
        select(
            Forecast.id,
            Forecast.stock_id,
            Stock.symbol,
            Forecast.recent_days[func.cardinality(Forecast.recent_days)].label("seen"),
            Forecast.origin,
            Forecast.last_close,
            Forecast.days,
            Forecast.spreads,
            Forecast.state,
            Forecast.model_version_id,
            Forecast.backfilled,
            Forecast.fallback,
            PendingForecast.next_horizon,
        )
        .join(PendingForecast, PendingForecast.forecast_id == Forecast.id)
        .join(Stock, Stock.id == Forecast.stock_id)
        .where(PendingForecast.next_day <= known, tuple_(Forecast.stock_id, Forecast.id) > after)
        .order_by(Forecast.stock_id, Forecast.id)
        .limit(_AT_ONCE)
        .with_for_update(of=PendingForecast, skip_locked=True)
    ).all()


def _match(row: Row[Any], prices: Prices, known: date) -> _Matured:
    """Which waiting horizons have a close; a hole is passed over once it is old.

    `row.seen` is the day of the last close that the forecast saw. It may lie before the origin when
    prices came late, so closes are compared with that day's and not with the origin's.
    """
    days = np.array(row.days, dtype="datetime64[D]")
    at = np.searchsorted(prices.days, days)
    seen = int(np.searchsorted(prices.days, np.datetime64(row.seen, "D"), "right")) - 1
    horizons, actual = [], []
    horizon = int(row.next_horizon)
    while horizon <= HORIZON and row.days[horizon - 1] <= known:
        where = int(at[horizon - 1])
        there = where < len(prices.days) and prices.days[where] == days[horizon - 1]
        if there and seen >= 0:
            horizons.append(horizon)
            actual.append(prices.split[where] / prices.split[seen] * row.last_close)
        elif len(prices.days) - where < _LATE_DAYS:
            break
        horizon += 1
    return _Matured(row, horizons, np.array(actual), horizon)


def record(session: Session, matured: Sequence[_Matured]) -> int:
    """Store scores, add them to the tallies, and move the waiting forecasts on."""
    rows: list[dict[str, Any]] = []
    tallies: list[board.Addition] = []
    moved = [one for one in matured if one.next_horizon > one.forecast.next_horizon]
    _advance(session, moved)
    for one in moved:
        if not one.horizons:
            continue
        index = np.array(one.horizons) - 1
        outcomes = np.log(one.actual / one.forecast.last_close)
        quantiles = keeping.quantiles(one.forecast.spreads)[:, index]
        scores = score(quantiles, np.broadcast_to(outcomes, quantiles.shape[:2]))
        columns = {name: getattr(scores, name).T.tolist() for name in _NAMES}
        for i, horizon in enumerate(one.horizons):
            rows.append(
                {
                    "forecast_id": one.forecast.id,
                    "horizon": horizon,
                    "day": one.forecast.days[horizon - 1],
                    "actual": float(one.actual[i]),
                    **{name: values[i] for name, values in columns.items()},
                }
            )
        tallies.append(board.Addition.of(one.forecast, scores))
    if rows:
        session.execute(insert(ForecastScore), rows)
    board.add(session, tallies)
    return len(rows)


def _advance(session: Session, moved: Sequence[_Matured]) -> None:
    """Those with days to come wait on, the others have been scored: two statements for all."""
    over = [one.forecast.id for one in moved if one.next_horizon > HORIZON]
    on = [one for one in moved if one.next_horizon <= HORIZON]
    if over:
        session.execute(delete(PendingForecast).where(PendingForecast.forecast_id.in_(over)))
    if on:
        session.execute(
            _WAIT_ON,
            {
                "ids": [one.forecast.id for one in on],
                "horizons": [one.next_horizon for one in on],
                "days": [one.forecast.days[one.next_horizon - 1] for one in on],
            },
        )


_WAIT_ON = text("""
    UPDATE forecast_pending p SET next_horizon = n.horizon, next_day = n.day
    FROM unnest(cast(:ids AS integer[]), cast(:horizons AS smallint[]), cast(:days AS date[]))
         AS n (id, horizon, day)
    WHERE p.forecast_id = n.id
""")
