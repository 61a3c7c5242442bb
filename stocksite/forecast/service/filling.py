"""Filling the board: forecasts of the past, each by a model that was trained before it.

Origins before the shipped models' cut are inside their training data, so for those years models
are trained on what lay before each year. From the cut on the shipped models serve.

    2004 … 2008: trained each January on everything before ┐
    2009 …     : the shipped models                        ┴─> up to market time, a year per job
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.core.errors import InvalidInput
from stocksite.forecast import shipped
from stocksite.forecast.model import Model
from stocksite.forecast.models import Forecast, ModelVersion
from stocksite.forecast.refusals import refuse
from stocksite.forecast.service import histories, making, registry
from stocksite.forecast.service.histories import Prices
from stocksite.forecast.service.making import Origin
from stocksite.forecast.service.registry import Loaded
from stocksite.forecast.terms import HORIZON, SHORT_BARS
from stocksite.forecast.train import train
from stocksite.market.reading import MarketState

EVERY: Final = 21
"""Sessions between two origins."""
LEAST: Final = 260
"""Sessions of history an origin of the past needs."""


def first_year(session: Session, state: MarketState) -> int | None:
    """The first year to fill, or None when there is nothing (more) to do.

    A filling that was cut off goes on after its last year, up to the first forecast that was made
    at the time: from there on the board fills by itself.
    """
    until = _until(session, state)
    if until is None:
        return None
    filled = session.scalar(select(func.max(Forecast.origin)).where(Forecast.backfilled.is_(True)))
    if filled is None:
        return _first_trainable(session, state)
    return filled.year + 1 if filled.year < until.year else None


def _until(session: Session, state: MarketState) -> date | None:
    """The last complete session, or the first origin of a forecast made at the time before it."""
    made = select(func.min(Forecast.origin)).where(Forecast.backfilled.is_(False))
    return session.scalar(made) or state.last_complete


def _first_trainable(session: Session, state: MarketState) -> int | None:
    found = _all(session, state)
    starts = sorted(p.days[0].astype(object) for p in found if len(p.days) > LEAST)
    return starts[0].year + 4 if starts else None


def _all(session: Session, state: MarketState) -> list[Prices]:
    return [
        histories.prices(session, stock_id, symbol, state)
        for stock_id, symbol in histories.tracked(session)
    ]


def fill_year(session: Session, year: int, state: MarketState) -> int | None:
    """Forecast one year's origins; returns the next year with days to fill, or None at the end.

    Origins of the last thirty sessions before the first forecast made at the time are left out:
    they have not matured, and no day is forecast twice.
    """
    known = _until(session, state)
    if known is None or year > known.year:
        return None
    found = [p for p in _all(session, state) if len(p.days) > SHORT_BARS]
    loaded = _models_for(session, year, found)
    if loaded is not None:
        rows = _rows(found, year, known, state, loaded)
        making.insert_rows(session, rows)
    return year + 1 if year < known.year else None


def _models_for(session: Session, year: int, found: list[Prices]) -> Loaded | None:
    """Models that have not seen the year: the shipped ones, or ones trained for it."""
    if year >= shipped.CUT.year:
        return _shipped(session)
    cut = date(year, 1, 1)
    seen = [p.upto(len(p.days)) for p in found]
    ids: dict[str, int] = {}
    models = {}
    for kind in ("boosted", "linear"):
        try:
            models[kind] = train(kind, seen, cut)
        except InvalidInput:
            return None
        ids[kind] = _registered(session, models[kind], kind, year, cut)
    return Loaded(ids["boosted"], models["boosted"], ids["linear"], models["linear"])


def _shipped(session: Session) -> Loaded:
    registry.current(session)
    rows = session.execute(
        select(ModelVersion.kind, ModelVersion.id).where(ModelVersion.version == shipped.VERSION)
    )
    ids = {row.kind: row.id for row in rows}
    boosted, linear = shipped.shipped("boosted"), shipped.shipped("linear")
    return Loaded(ids["boosted"], boosted, ids["linear"], linear)


def _registered(session: Session, model: Model, kind: str, year: int, cut: date) -> int:
    version = f"history-{year}"
    there = session.scalar(
        select(ModelVersion.id).where(ModelVersion.kind == kind, ModelVersion.version == version)
    )
    if there is not None:
        return there
    row = registry.add(session, model, version, status="retired", cut=cut)
    row.verdict = f"Trained only to forecast {year} as if it were then; never live."
    registry.note(session, row.id, "trained", row.verdict)
    return row.id


def _rows(
    found: list[Prices], year: int, known: date, state: MarketState, loaded: Loaded
) -> list[dict[str, object]]:
    base = {
        "model_version_id": loaded.live_id,
        "challenger_id": loaded.challenger_id,
        "made_at": state.at,
        "recorded_at": wall_now(),
        "backfilled": True,
    }
    origins = [Origin(prices, at + 1) for prices in found for at in _origins(prices, year, known)]
    return making.forecast_rows(base, origins, None, loaded, fallback=False)


def _origins(prices: Prices, year: int, known: date) -> list[int]:
    """Places of a stock's origins: the same days for all stocks, none that would be refused."""
    sessions = [s.date for s in xnys().between(date(2000, 1, 1), known)]
    grid = [day for day in sessions[::EVERY] if day.year == year and day <= sessions[-HORIZON]]
    days = prices.days.tolist()
    where = np.searchsorted(prices.days, np.array(grid, dtype="datetime64[D]"))
    out = []
    for day, at in zip(grid, where.tolist(), strict=True):
        if at >= len(days) or days[at] != day or at < LEAST:
            continue
        recent = [s for s in sessions if s <= day][-2 * SHORT_BARS :]
        if refuse(days[: at + 1], prices.total[: at + 1], recent, day) is None:
            out.append(at)
    return out
