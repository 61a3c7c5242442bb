"""The drift alarm: checked each night, rung and ended by audited rows; GARCH serves meanwhile."""

from __future__ import annotations

import math

from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from stocksite.forecast import drift, keeping
from stocksite.forecast.drift import Drift
from stocksite.forecast.models import Forecast, ForecastScore
from stocksite.forecast.service import registry
from stocksite.market.reading import MarketState


def check(session: Session, state: MarketState) -> Drift:
    """Judge the live model tonight; a change of the alarm is written down."""
    rang = registry.alarmed(session) is not None
    live = registry.current(session).live_id
    coverage, origins = _coverage(session, live)
    outside, stocks = _outside(session)
    found = drift.check(coverage, origins, outside, stocks, rang=rang)
    if found.alarm != rang:
        reason = found.reason or "The model keeps its promises again."
        kind = "alarm" if found.alarm else "all_clear"
        registry.note(session, live, kind, reason, state.last_complete)
    return found


def _coverage(session: Session, live: int) -> tuple[float | None, int]:
    """(share of first days inside the live model's 80 % band, origins) over its last sixty."""
    mine = (
        ForecastScore.horizon == 1,
        Forecast.model_version_id == live,
        Forecast.backfilled.is_(False),
    )
    days = (
        select(Forecast.origin)
        .join(ForecastScore, ForecastScore.forecast_id == Forecast.id)
        .where(*mine)
        .distinct()
        .order_by(Forecast.origin.desc())
        .limit(drift.LAST_ORIGINS)
        .subquery()
    )
    rows = session.execute(
        select(
            Forecast.origin,
            Forecast.spreads,
            Forecast.last_close,
            ForecastScore.actual,
            cast(ForecastScore.inside80[1], Float).label("inside"),
            Forecast.fallback,
        )
        .join(ForecastScore, ForecastScore.forecast_id == Forecast.id)
        .where(*mine, Forecast.origin.in_(select(days.c.origin)))
    ).all()
    if not rows:
        return None, 0
    inside = 0.0
    for row in rows:
        if row.fallback:
            low, high = keeping.own_band80(row.spreads)
            inside += low <= math.log(row.actual / row.last_close) <= high
        else:
            inside += row.inside
    return inside / len(rows), len({row.origin for row in rows})


def _outside(session: Session) -> tuple[int, int]:
    """(stocks outside the training range, stocks) of the latest origin."""
    latest = select(func.max(Forecast.origin)).where(Forecast.backfilled.is_(False))
    row = session.execute(
        select(func.count().filter(Forecast.outside), func.count()).where(
            Forecast.origin == latest.scalar_subquery(),
            Forecast.backfilled.is_(False),
            Forecast.status == "done",
        )
    ).one()
    return int(row[0]), int(row[1])
