"""JSON routes of the market. The desk has `/api/stocks/{symbol}/`: it shows positions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.queue import enqueue
from stocksite.market import symbols
from stocksite.market.event_schemas import EventOut, EventsQuery, event_out
from stocksite.market.reading import BarView, SearchHit, StockQuote
from stocksite.market.service import bars, clock, events, quotes, search, stocks
from stocksite.web.api import (
    ApiBlueprint,
    Body,
    DayIn,
    Page,
    PageQuery,
    Query,
    Reply,
    SymbolIn,
    Text,
    ordering,
    page_size,
)

blueprint = ApiBlueprint("market_api", __name__, url_prefix="/api")


@dataclass(frozen=True, slots=True)
class QuoteOut:
    """The latest price of a stock. `as_of` is market time, `received_at` wall time."""

    symbol: str
    name: str
    status: str
    listed: bool
    first_bar: date | None
    price: Decimal | None
    previous_close: Decimal | None
    change: Decimal | None
    change_pct: float | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: float | None
    session_date: date | None
    as_of: datetime | None
    received_at: datetime | None
    source: str | None
    delay: str
    stale: bool


@dataclass(frozen=True, slots=True)
class TrackedOut:
    """A symbol that is tracked now, and how its history stands."""

    symbol: str
    name: str
    history: str
    job: str | None


@dataclass(frozen=True, slots=True)
class BarsOut:
    """Daily bars in ascending order, adjusted as known at `as_of` (market time)."""

    symbol: str
    adjustment: str
    as_of: datetime
    results: list[BarView]


@dataclass(frozen=True, slots=True)
class SearchOut:
    """What a search found, stocks with prices first."""

    count: int
    results: list[SearchHit]
    job: str | None = None
    """The job that asks a provider, while the local directory has nothing."""


@dataclass(frozen=True, slots=True)
class JobOut:
    """A job that was started, and where to look after it."""

    job: str | None
    status: str
    url: str


class TrackIn(Body):
    """A symbol to start tracking."""

    symbol: SymbolIn


class StockQuery(PageQuery):
    """How the list of stocks is ordered."""

    ordering: str = ordering(*quotes.ORDERINGS, default="symbol")


class SearchQuery(Query):
    """What to search for: letters of a symbol or words of a name."""

    q: Annotated[str, Text(search.MAX_TEXT)] = ""


class BarsQuery(Query):
    """Which days, and how prices are adjusted."""

    start: DayIn | None = None
    end: DayIn | None = None
    adjustment: Literal["raw", "split", "total"] = "split"


def quote_out(quote: StockQuote) -> QuoteOut:
    """A quote as scripts see it."""
    return QuoteOut(**{name: getattr(quote, name) for name in QuoteOut.__slots__})


@blueprint.operation(
    "GET",
    "/stocks/",
    summary="List tracked stocks",
    tag="Stocks",
    query=StockQuery,
    returns=Page[QuoteOut],
)
def list_stocks(session: Session, query: StockQuery) -> Page[QuoteOut]:
    """Every stock there are prices for, with its quote."""
    page = quotes.tracked(session, query.request(page_size()), query.ordering)
    return page.map(quote_out)


@blueprint.operation(
    "POST",
    "/stocks/",
    summary="Start tracking a stock",
    tag="Stocks",
    body=TrackIn,
    returns=TrackedOut,
    status=201,
    errors=(404, 503),
    creates=True,
    example={"symbol": "AAPL"},
)
def track_stock(session: Session, body: TrackIn) -> Reply[TrackedOut]:
    """In the sample market its five stocks are tracked already; other symbols are refused. In a
    live market `job` loads the history of a stock that was not tracked.
    """
    tracked = stocks.track(session, body.symbol, wall_now())
    made = TrackedOut(tracked.symbol, tracked.name, tracked.history, tracked.job_id)
    return Reply(made, location=url_for(".get_quote", symbol=tracked.symbol))


@blueprint.operation(
    "GET",
    "/stocks/search/",
    summary="Search symbols and names",
    tag="Stocks",
    query=SearchQuery,
    returns=SearchOut,
)
def search_stocks(session: Session, query: SearchQuery) -> SearchOut:
    """At most 50 symbols of the local directory; `note` says why one is not available.

    In a live market a text without any hit is asked of a provider by `job`; ask again after it.
    """
    hits = search.find(session, query.q, limit=50)
    job = search.further(session, query.q, wall_now()) if not hits else None
    return SearchOut(len(hits), hits, job)


@blueprint.operation(
    "POST",
    "/stocks/refresh/",
    summary="Refresh stored prices",
    tag="Stocks",
    returns=JobOut,
    status=202,
    limit="6 per minute",
)
def refresh_stocks(session: Session, actor: Actor) -> JobOut:
    """Starts a job. The sample market's prices never change, so there it only mends gaps."""
    job = enqueue(session, "stocksite.market.jobs.refresh", queue="market", user_id=actor.user_id)
    return JobOut(job, "queued", f"/api/jobs/{job}/")


@blueprint.operation(
    "GET",
    "/stocks/significant-events/",
    summary="List significant events",
    tag="Stocks",
    query=EventsQuery,
    returns=Page[EventOut],
)
def list_events(session: Session, query: EventsQuery) -> Page[EventOut]:
    """Moves against the previous close beyond the site's threshold: the first price of a session
    that crosses it in each direction, up to market time. Splits make no events.
    """
    page = events.listed(session, query.request(page_size()), query.wanted(), query.ordering)
    return page.map(event_out)


@blueprint.operation(
    "GET",
    "/stocks/<symbol>/quote/",
    summary="Latest price",
    tag="Stocks",
    returns=QuoteOut,
    errors=(422, 503),
)
def get_quote(session: Session, symbol: str) -> QuoteOut:
    """A stock that is not listed yet at market time has no price and says so in `listed`."""
    return quote_out(quotes.of(session, symbol))


@blueprint.operation(
    "GET",
    "/stocks/<symbol>/bars/",
    summary="Daily bars",
    tag="Stocks",
    query=BarsQuery,
    returns=BarsOut,
    errors=(422, 503),
)
def list_bars(session: Session, symbol: str, query: BarsQuery) -> BarsOut:
    """Never later than market time; the running session's bar is marked `partial`."""
    state = clock.state(session)
    found = bars.history(session, symbol, query.start, query.end, query.adjustment, state)
    return BarsOut(symbols.normalize(symbol), query.adjustment, state.at, found)
