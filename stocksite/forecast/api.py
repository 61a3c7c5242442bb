"""JSON routes of forecasts. They belong to the site: whoever is logged in reads the same ones."""

from __future__ import annotations

from typing import Literal

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.forecast.schemas import (
    BoardOut,
    ForecastLineOut,
    ForecastOut,
    ModelCardOut,
    ModelOut,
    card_out,
    forecast_out,
    line_out,
    model_out,
    standing_out,
)
from stocksite.forecast.service import board, making, reads, registry
from stocksite.market.service import clock, stocks
from stocksite.market.symbols import normalize
from stocksite.web.api import (
    ApiBlueprint,
    Body,
    Page,
    PageQuery,
    Reply,
    SymbolIn,
    ordering,
    page_size,
)

blueprint = ApiBlueprint("forecast_api", __name__, url_prefix="/api")


class ForecastIn(Body):
    """Which stock to forecast."""

    symbol: SymbolIn


class ForecastQuery(PageQuery):
    """Which forecasts, in which order."""

    symbol: SymbolIn | None = None
    status: Literal["done", "refused"] | None = None
    ordering: str = ordering("origin", default="-origin")


@blueprint.operation(
    "GET",
    "/forecasts/",
    summary="List forecasts",
    tag="Forecasts",
    query=ForecastQuery,
    returns=Page[ForecastLineOut],
    errors=(422,),
)
def list_forecasts(session: Session, query: ForecastQuery) -> Page[ForecastLineOut]:
    """Forecasts of the whole site, by origin; refusals with their reason."""
    symbol = normalize(query.symbol) if query.symbol else None
    page = reads.page(
        session,
        query.request(page_size()),
        symbol=symbol,
        status=query.status,
        newest_first=query.ordering.startswith("-"),
    )
    return page.map(line_out)


@blueprint.operation(
    "POST",
    "/forecasts/",
    summary="Forecast a stock",
    tag="Forecasts",
    body=ForecastIn,
    returns=ForecastOut,
    status=201,
    also={200: ForecastOut},
    errors=(404, 503),
    creates=True,
    example={"symbol": "AAPL"},
)
def make_forecast(session: Session, body: ForecastIn) -> Reply[ForecastOut]:
    """From the last complete session. One that was made already answers again with 200; a refusal
    has `status` `refused` and its reason, and no points.
    """
    stock = stocks.get(session, body.symbol)
    made, new = making.make(session, stock, clock.state(session))
    location = url_for(".get_forecast", forecast_id=made)
    return Reply(forecast_out(reads.view(session, made)), 201 if new else 200, location)


@blueprint.operation(
    "GET",
    "/forecasts/<int:forecast_id>/",
    summary="One forecast with its score",
    tag="Forecasts",
    returns=ForecastOut,
)
def get_forecast(session: Session, forecast_id: int) -> ForecastOut:
    """`actual` and `score` fill as the days come; nothing else ever changes."""
    return forecast_out(reads.view(session, forecast_id))


@blueprint.operation(
    "GET",
    "/forecasts/scoreboard/",
    summary="Scoreboard of models and baselines",
    tag="Forecasts",
    returns=BoardOut,
)
def scoreboard(session: Session) -> BoardOut:
    """Everything that has matured, losing included. Intervals are 95 %, by months of origins."""
    found = board.read(session)
    return BoardOut(
        days=found.n,
        months=found.months,
        first=found.first,
        last=found.last,
        alarm=registry.alarmed(session),
        results=[standing_out(line) for line in found.standings],
    )


@blueprint.operation(
    "GET",
    "/forecasts/models/",
    summary="Model registry",
    tag="Forecasts",
    returns=list[ModelOut],
)
def list_models(session: Session) -> list[ModelOut]:
    """Those in office first: `live` makes the forecasts, `challenger` is scored beside it."""
    return [model_out(line) for line in reads.models(session)]


@blueprint.operation(
    "GET",
    "/forecasts/models/<int:version_id>/",
    summary="A model's card",
    tag="Forecasts",
    returns=ModelCardOut,
)
def get_model(session: Session, version_id: int) -> ModelCardOut:
    """Data, seed, versions of the tools, hash of the artifact, held-out figures, audit trail."""
    return card_out(reads.card(session, version_id))
