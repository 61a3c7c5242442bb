"""JSON routes that need several rooms: one stock as its caller sees it, and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from sqlalchemy.orm import Session

from stocksite.core import jobs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.desk.reading import Holding
from stocksite.desk.service import mine
from stocksite.market import kept_stocks
from stocksite.market.reading import StockQuote
from stocksite.market.resources import Competitor, PerformanceData, StockResource, StockValues
from stocksite.market.service import requesting, stocks
from stocksite.web.api import ApiBlueprint, Reply

blueprint = ApiBlueprint("desk_api", __name__)


@dataclass(frozen=True, slots=True)
class StockOut:
    """A stock with its quote, its performance, and what the caller owns of it."""

    symbol: str
    name: str
    sector: str
    exchange: str
    currency: str
    listed: bool
    first_bar: date | None
    status: str
    purchased_amount: int
    """Whole shares in the caller's default portfolio."""
    purchased_status: str
    """`none`, `pending` (a buy waits) or `purchased`."""
    request_data: date | None
    company_code: str
    company_name: str
    stock_values: StockValues
    performance_data: PerformanceData
    competitors: tuple[Competitor, ...]
    quote: StockQuote
    holdings: tuple[Holding, ...]
    watched: bool


@dataclass(frozen=True, slots=True)
class LoadingOut:
    """A stock that is being loaded: look after the job, then ask again."""

    symbol: str
    name: str
    status: str
    """`loading`."""
    job: str
    url: str


@dataclass(frozen=True, slots=True)
class JobOut:
    """How a job stands; times are wall time."""

    id: str
    title: str
    status: str
    progress: float
    message: str
    result_url: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@blueprint.operation(
    "GET",
    "/stocks/<symbol>/",
    summary="One stock",
    tag="Stocks",
    returns=StockOut,
    also={202: LoadingOut},
    errors=(404, 422),
)
def get_stock(session: Session, actor: Actor, symbol: str) -> Reply[StockOut | LoadingOut]:
    """Quote, company, performance over five horizons, and what the caller holds.

    A symbol nobody knows is 404; in the sample market one without sample prices is 422. In a live
    market one that is not loaded yet is 202, with the job that loads it. `X-Cache` says whether
    the market's part was kept (`hit`) or made (`miss`); the caller's own part is never kept.
    """
    try:
        found, said = kept_stocks.of(session, symbol)
    except stocks.NotTracked as absent:
        return loading(session, absent)
    own = mine.of(session, actor, found.quote)
    whole = int(own.default_quantity.quantize(Decimal(1), rounding=ROUND_DOWN))
    status = "purchased" if own.default_quantity else "pending" if own.pending else "none"
    shared = {name: getattr(found, name) for name in StockResource.__dataclass_fields__}
    made = StockOut(
        **shared,
        purchased_amount=whole,
        purchased_status=status,
        holdings=own.holdings,
        watched=own.watched,
    )
    return Reply(made, headers={"X-Cache": said})


def loading(session: Session, absent: stocks.NotTracked) -> Reply[StockOut | LoadingOut]:
    """Have a stock loaded that nobody has asked for yet, and say where its job is found."""
    job = requesting.load(session, absent.symbol, wall_now())
    url = f"/api/jobs/{job.id}/"
    told = LoadingOut(absent.symbol, absent.name, "loading", job.id, url)
    return Reply(told, status=202, location=url, headers={"Retry-After": "2"})


@blueprint.operation(
    "GET", "/jobs/<job_id>/", summary="How a job stands", tag="Jobs", returns=JobOut, errors=(404,)
)
def get_job(session: Session, actor: Actor, job_id: str) -> JobOut:
    """Status, progress from 0 to 1, a message, and where the result is once it is done."""
    found = jobs.view(session, actor, job_id)
    return JobOut(**{name: getattr(found, name) for name in JobOut.__dataclass_fields__})
