"""What pages and scripts see of forecasts and models. Forecasts are the site's: any actor may."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import (
    Float,
    Integer,
    Row,
    ScalarSelect,
    Select,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from stocksite.core.errors import NotFound
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.forecast.models import Forecast, ForecastScore, ModelEvent, ModelVersion
from stocksite.forecast.reading import (
    EventLine,
    ForecastLine,
    ForecastView,
    ModelCard,
    ModelLine,
    PointView,
    ScoreView,
)
from stocksite.forecast.terms import HORIZON, LEVELS, METHODS
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState

_BASIS_POINTS = 10_000
_LAST_PRICE, _EWMA = METHODS.index("last_price"), METHODS.index("ewma")
_LOW80, _HIGH80 = LEVELS.index(0.1) + 1, LEVELS.index(0.9) + 1  # PostgreSQL counts from 1

_MODEL = case(
    (Forecast.fallback, "GARCH (fallback)"),
    else_=func.concat(ModelVersion.kind, " ", ModelVersion.version),
)


def view(session: Session, forecast_id: int) -> ForecastView:
    """One forecast with its score so far; one statement. Raises NotFound."""
    row = session.execute(_one().where(Forecast.id == forecast_id)).first()
    if row is None:
        raise NotFound(f"There is no forecast {forecast_id}.")
    return _view(row)


def latest(session: Session, stock_id: int, origin: date | None = None) -> ForecastView | None:
    """The stock's latest forecast (or that of an origin), preferring one made at the time."""
    statement = _one().where(Forecast.stock_id == stock_id)
    if origin is not None:
        statement = statement.where(Forecast.origin == origin)
    row = session.execute(
        statement.order_by(
            Forecast.origin.desc(), Forecast.backfilled, Forecast.status, Forecast.id
        ).limit(1)
    ).first()
    return None if row is None else _view(row)


def _one() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Forecast.id,
            Stock.symbol,
            Stock.name,
            Forecast.origin,
            Forecast.made_at,
            _MODEL.label("model"),
            Forecast.model_version_id,
            Forecast.status,
            Forecast.reason_code,
            Forecast.reason,
            Forecast.state,
            Forecast.short_history,
            Forecast.fallback,
            Forecast.backfilled,
            Forecast.data_hash,
            Forecast.last_close,
            Forecast.up_share,
            Forecast.up_windows,
            Forecast.days,
            Forecast.recent_days,
            Forecast.recent,
            Forecast.quantiles,
            _scores().label("scores"),
        )
        .join(Stock, Stock.id == Forecast.stock_id)
        .join(ModelVersion, ModelVersion.id == Forecast.model_version_id)
    )


def _scores() -> ScalarSelect[Any]:
    """The matured days as a JSON list: horizon, actual, pinball, every CRPS, inside 80 and 95."""
    score = ForecastScore
    row = func.json_build_array(
        score.horizon,
        score.actual,
        score.pinball[1],
        score.crps,
        score.inside80[1],
        score.inside95[1],
    )
    return (
        select(func.json_agg(aggregate_order_by(row, score.horizon)))
        .where(score.forecast_id == Forecast.id)
        .scalar_subquery()
    )


def _view(row: Row[Any]) -> ForecastView:
    scores = row.scores or []
    actual = {score[0]: score[1] for score in scores}
    days, quantiles = row.days or [], row.quantiles or []
    points = tuple(
        PointView(day, i, row.last_close, tuple(prices), actual.get(i))
        for i, (day, prices) in enumerate(zip(days, quantiles, strict=True), start=1)
    )
    made = ("up_share_pct", "recent", "points", "score")
    kept = {name: getattr(row, name) for name in ForecastView.__slots__ if name not in made}
    return ForecastView(
        **kept,
        up_share_pct=None if row.up_share is None else 100 * row.up_share,
        recent=tuple(zip(row.recent_days or (), row.recent or (), strict=True)),
        points=points,
        score=_score(scores),
    )


def _score(scores: list[list[Any]]) -> ScoreView | None:
    if not scores:
        return None
    _, _, pinball, losses, inside80, inside95 = zip(*scores, strict=True)
    crps = np.mean(losses, axis=0) * _BASIS_POINTS
    return ScoreView(
        days=len(scores),
        inside80_pct=100 * float(np.mean(inside80)),
        inside95_pct=100 * float(np.mean(inside95)),
        pinball=_BASIS_POINTS * float(np.mean(pinball)),
        crps=float(crps[0]),
        baselines={method: float(crps[i]) for i, method in enumerate(METHODS) if i},
        vs_last_price=float(crps[0] / crps[_LAST_PRICE]),
        vs_ewma=float(crps[0] / crps[_EWMA]),
    )


def _line_statement() -> Select[*tuple[Any, ...]]:
    """Lists: each forecast with its band of the last day and its scores' means, one statement."""
    score = ForecastScore
    # One column, not a join: counting the rows of a list then computes none of it.
    told = (
        select(
            func.json_build_array(
                func.count(),
                func.avg(cast(score.inside80[1], Float)),
                func.sum(cast(score.crps[1], Float)),
                func.sum(cast(score.crps[_LAST_PRICE + 1], Float)),
            )
        )
        .where(score.forecast_id == Forecast.id)
        .scalar_subquery()
    )
    band: Any = Forecast.quantiles
    return (
        select(
            Forecast.id,
            Stock.symbol,
            Stock.name,
            Forecast.origin,
            _MODEL.label("model"),
            Forecast.status,
            Forecast.reason,
            Forecast.state,
            Forecast.backfilled,
            Forecast.fallback,
            Forecast.last_close,
            band[HORIZON][_LOW80].label("low80"),
            band[HORIZON][_HIGH80].label("high80"),
            told.label("told"),
        )
        .join(Stock, Stock.id == Forecast.stock_id)
        .join(ModelVersion, ModelVersion.id == Forecast.model_version_id)
    )


def _line(row: Row[Any]) -> ForecastLine:
    matured, inside80, crps, plain = row.told
    made = ("matured", "inside80_pct", "crps_vs_last_price")
    kept = {name: getattr(row, name) for name in ForecastLine.__slots__ if name not in made}
    return ForecastLine(
        **kept,
        matured=matured,
        inside80_pct=None if inside80 is None else 100 * inside80,
        crps_vs_last_price=crps / plain if plain else None,
    )


def page(
    session: Session,
    request: PageRequest,
    *,
    symbol: str | None = None,
    status: str | None = None,
    newest_first: bool = True,
) -> Page[ForecastLine]:
    """Forecasts by origin, optionally of one stock or one status; at most two statements."""
    order = Forecast.origin.desc() if newest_first else Forecast.origin
    statement = _line_statement().order_by(order, Stock.symbol, Forecast.id)
    if symbol is not None:
        statement = statement.where(Stock.symbol == symbol)
    if status is not None:
        statement = statement.where(Forecast.status == status)
    return paginate(session, statement, request, _line)


def past(session: Session, stock_id: int, request: PageRequest) -> Page[ForecastLine]:
    """A stock's forecasts, newest first; one statement. Beyond the last page it is empty."""
    count = select(func.count()).where(Forecast.stock_id == stock_id).scalar_subquery()
    rows = session.execute(
        _line_statement()
        .add_columns(count.label("count"))
        .where(Forecast.stock_id == stock_id)
        .order_by(Forecast.origin.desc(), Forecast.backfilled, Forecast.id)
        .limit(request.size)
        .offset(request.offset)
    ).all()
    return Page(tuple(_line(row) for row in rows), rows[0][-1] if rows else 0, request)


def tonight(session: Session, state: MarketState) -> list[ForecastLine]:
    """The latest forecast of every stock that was made at the time; one statement."""
    other = aliased(Forecast)
    newest = (
        select(func.max(other.origin))
        .where(other.stock_id == Forecast.stock_id, other.backfilled.is_(False))
        .scalar_subquery()
    )
    rows = session.execute(
        _line_statement()
        .where(Forecast.backfilled.is_(False), Forecast.origin == newest)
        .order_by(Stock.symbol, Forecast.status, Forecast.id)
    )
    lines: dict[str, ForecastLine] = {}
    for row in rows:
        lines.setdefault(row.symbol, _line(row))
    return list(lines.values())


def models(session: Session) -> list[ModelLine]:
    """Every version, those in office first; one statement."""
    order = case({"live": 0, "challenger": 1, "candidate": 2}, value=ModelVersion.status, else_=3)
    columns = [getattr(ModelVersion, name) for name in ModelLine.__slots__]
    rows = session.execute(select(*columns).order_by(order, ModelVersion.id.desc()))
    return [ModelLine(*row) for row in rows]


def card(session: Session, version_id: int) -> ModelCard:
    """A model's card; two statements. Raises NotFound."""
    names = ("sha256", "seconds", "training", "ranges", "metrics", "predecessor_id")
    row = session.execute(
        select(
            *(getattr(ModelVersion, name) for name in (*ModelLine.__slots__, *names)),
            cast(func.length(ModelVersion.artifact), Integer).label("artifact_bytes"),
        ).where(ModelVersion.id == version_id)
    ).first()
    if row is None:
        raise NotFound(f"There is no model version {version_id}.")
    events = session.execute(
        select(ModelEvent.kind, ModelEvent.reason, ModelEvent.at, ModelEvent.market_day)
        .where(ModelEvent.model_version_id == version_id)
        .order_by(ModelEvent.id.desc())
        .limit(50)
    )
    return ModelCard(
        line=ModelLine(**{name: getattr(row, name) for name in ModelLine.__slots__}),
        artifact_bytes=row.artifact_bytes,
        events=tuple(EventLine(*event) for event in events),
        **{name: getattr(row, name) for name in names},
    )
