"""Making forecasts: of the last complete session, from closes up to it, stored once and for all.

closes ─> refused? ─> fans ─> rows (one statement for all) ─> pending: to be scored as days come
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.core.errors import RuleViolation
from stocksite.forecast import keeping
from stocksite.forecast.fan import Fans, fans
from stocksite.forecast.models import Forecast, PendingForecast
from stocksite.forecast.panel import data_hash
from stocksite.forecast.refusals import Refusal, refuse
from stocksite.forecast.service import histories, registry
from stocksite.forecast.service.histories import Prices
from stocksite.forecast.service.registry import Loaded
from stocksite.forecast.terms import HORIZON
from stocksite.market.reading import MarketState, StockInfo

_LOOK_BACK = timedelta(days=400)
RECENT = 60
"""Closes before the origin that are kept for the chart."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """One forecast to be made: a stock's first `count` sessions."""

    prices: Prices
    count: int

    @property
    def day(self) -> date:
        """The last session that is seen."""
        day: date = self.prices.days[self.count - 1].astype(object)
        return day


def make(session: Session, stock: StockInfo, state: MarketState) -> tuple[int, bool]:
    """(id, whether it is new) of the stock's forecast from the last complete session.

    Raises RuleViolation before the first session has closed. A refusal is stored too.
    """
    session_day = state.last_complete
    if session_day is None:
        raise RuleViolation(
            "No session has closed yet, so there is nothing to forecast from. Try again after "
            "the first close.",
            code="no-session-yet",
        )
    there = existing(session, [stock.id], session_day)
    if stock.id in there:
        return there[stock.id], False
    prices = histories.prices(session, stock.id, stock.symbol, state)
    made = store(session, [prices], session_day, state, registry.current(session))
    if stock.id in made:
        return made[stock.id], True
    return existing(session, [stock.id], session_day)[stock.id], False


def make_all(session: Session, state: MarketState) -> int:
    """Forecast every tracked stock that has no forecast of the last complete session yet."""
    day = state.last_complete
    if day is None:
        return 0
    stocks = histories.tracked(session)
    there = existing(session, [stock_id for stock_id, _ in stocks], day)
    due = [(i, symbol) for i, symbol in stocks if i not in there]
    found = [histories.prices(session, i, symbol, state) for i, symbol in due]
    listed = [prices for prices in found if len(prices.days)]
    return len(store(session, listed, day, state, registry.current(session)))


def existing(session: Session, stock_ids: Iterable[int], day: date) -> dict[int, int]:
    """Forecast ids by stock for a session that were made at the time, done before refused."""
    rows = session.execute(
        select(Forecast.stock_id, Forecast.id)
        .where(
            Forecast.stock_id.in_(list(stock_ids)),
            Forecast.origin == day,
            Forecast.backfilled.is_(False),
        )
        .order_by(Forecast.status.desc(), Forecast.id)
    )
    return {row.stock_id: row.id for row in rows}


def store(
    session: Session, found: Sequence[Prices], day: date, state: MarketState, loaded: Loaded
) -> dict[int, int]:
    """Make and store the forecasts of one session; returns their ids by stock."""
    sessions = [s.date for s in xnys().between(day - _LOOK_BACK, day)]
    rows: list[dict[str, Any]] = []
    origins: list[Origin] = []
    base = _base(state, loaded)
    for prices in found:
        days = prices.days.tolist()
        refusal = refuse(days, prices.total, sessions, day)
        if refusal is not None:
            rows.append(_refused(base, prices, day, refusal))
        else:
            origins.append(Origin(prices, len(days)))
    fallback = registry.alarmed(session) is not None
    rows += forecast_rows(base, origins, day, loaded, fallback=fallback)
    return insert_rows(session, rows)


def _base(state: MarketState, loaded: Loaded) -> dict[str, Any]:
    return {
        "model_version_id": loaded.live_id,
        "challenger_id": loaded.challenger_id,
        "made_at": state.at,
        "recorded_at": wall_now(),
        "backfilled": False,
    }


def forecast_rows(
    base: dict[str, Any],
    origins: Sequence[Origin],
    day: date | None,
    loaded: Loaded,
    *,
    fallback: bool,
) -> list[dict[str, Any]]:
    """Rows of forecasts that were not refused before; `day` overrides each origin's own."""
    seen = [origin.prices.upto(origin.count) for origin in origins]
    made = fans(
        [history.closes for history in seen], loaded.live, loaded.challenger, fallback=fallback
    )
    return [
        _refused(base, origin.prices, day or origin.day, _unfamiliar(one.absurd))
        if one.absurd and not fallback
        else _row(base, origin, day or origin.day, one, fallback=fallback)
        for origin, one in zip(origins, made, strict=True)
    ]


def _unfamiliar(feature: str) -> Refusal:
    return Refusal(
        "absurd",
        f"Its volatility ({feature}) is more than three times outside everything the model was "
        "trained on; a forecast would be a guess.",
    )


def _refused(base: dict[str, Any], prices: Prices, day: date, refusal: Refusal) -> dict[str, Any]:
    return base | {
        "stock_id": prices.stock_id,
        "origin": day,
        "data_hash": data_hash([prices.upto(len(prices.days))]) if len(prices.days) else None,
        "status": "refused",
        "reason_code": refusal.code,
        "reason": refusal.sentence,
        "state": "",
        "short_history": False,
        "fallback": False,
        "outside": False,
        "last_close": None,
        "up_share": None,
        "up_windows": None,
        "days": None,
        "recent_days": None,
        "recent": None,
        "quantiles": None,
        "spreads": None,
    }


def _row(
    base: dict[str, Any], origin: Origin, day: date, made: Fans, *, fallback: bool
) -> dict[str, Any]:
    prices, count = origin.prices, origin.count
    last = float(prices.raw[count - 1])
    share, windows = histories.base_rate(prices.split[:count], HORIZON)
    return base | {
        "stock_id": prices.stock_id,
        "origin": day,
        "data_hash": data_hash([prices.upto(count)]),
        "status": "done",
        "reason_code": None,
        "reason": "",
        "state": made.state,
        "short_history": made.short_history,
        "fallback": fallback,
        "outside": made.outside,
        "last_close": last,
        "up_share": share,
        "up_windows": windows,
        "days": ahead(day),
        "recent_days": prices.days[:count][-RECENT:].tolist(),
        "recent": (prices.split[:count] * (last / prices.split[count - 1]))[-RECENT:].tolist(),
        "quantiles": made.spreads["model"].prices(last).round(6).tolist(),
        "spreads": keeping.pack(made.spreads),
    }


def ahead(day: date) -> list[date]:
    """The next thirty trading days."""
    after = xnys().between(day + timedelta(days=1), day + timedelta(days=80))
    return [s.date for s in after[:HORIZON]]


def insert_rows(session: Session, rows: list[dict[str, Any]]) -> dict[int, int]:
    """Store forecasts, and those to be scored among the pending; ids by stock of what was new."""
    if not rows:
        return {}
    statement = (
        insert(Forecast)
        .on_conflict_do_nothing()
        .returning(Forecast.id, Forecast.stock_id, Forecast.days[1].label("first"))
    )
    stored = session.execute(statement, rows).all()
    due = [
        {"forecast_id": row.id, "next_horizon": 1, "next_day": row.first}
        for row in stored
        if row.first
    ]
    if due:
        session.execute(insert(PendingForecast), due)
    return {row.stock_id: row.id for row in stored}
