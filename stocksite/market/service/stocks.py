"""Tracked stocks: finding one, and starting to track one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, literal, select
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.errors import NotFound, RuleViolation
from stocksite.core.models import MarketClock
from stocksite.market.live_models import UnknownListing
from stocksite.market.models import DirectoryEntry, Stock
from stocksite.market.reading import StockInfo, Tracked, is_listed
from stocksite.market.service import requesting
from stocksite.market.symbols import normalize


def get(session: Session, symbol: str, *, listed: bool = True) -> StockInfo:
    """A tracked stock by symbol, in any spelling.

    Raises InvalidInput for what is no symbol, NotFound for one nobody knows, RuleViolation
    `not-in-sample-market` for a real one without sample prices, and – unless `listed` is False –
    RuleViolation `not-listed-yet` for one whose first session lies ahead of market time.
    In a live market also NotTracked for one that can be loaded, and RuleViolation
    `not-a-us-listing`.
    """
    name = normalize(symbol)
    row = session.execute(_lookup(name)).one()
    if row.id is None:
        raise _unknown(name, row)
    info = _info(row)
    if listed and not info.listed:
        first = f" (first session {info.first_bar})" if info.first_bar else ""
        raise RuleViolation(
            f"{name} is not listed yet at the market's date{first}. "
            "Wait until the market gets there, or choose another stock.",
            code="not-listed-yet",
            members={"first_session": str(info.first_bar) if info.first_bar else None},
        )
    return info


def track(session: Session, symbol: str, now: datetime) -> Tracked:
    """Start tracking a symbol; one that is tracked already answers the same. `now` is wall time.

    In the sample market every stock that has prices is tracked, so this only checks the symbol.
    In a live market a job loads one that is not. Raises what `get` raises, except NotTracked.
    """
    try:
        stock = get(session, symbol, listed=False)
    except NotTracked as absent:
        job = requesting.load(session, absent.symbol, now)
        return Tracked(absent.symbol, absent.name, history="queued", job_id=job.id)
    return Tracked(stock.symbol, stock.name, history="loaded")


class NotTracked(NotFound):
    """A symbol that nobody has asked for yet, in a market that can load it."""

    default_code = "not-tracked"

    def __init__(self, symbol: str, name: str) -> None:
        super().__init__(
            f"{symbol} is not loaded here yet. Open its page, or send it to /api/stocks/, and it "
            "will be within a minute."
        )
        self.symbol = symbol
        self.name = name


def _lookup(symbol: str) -> Select[*tuple[Any, ...]]:
    """One row, always: the stock or NULLs, the directory's name or NULL, the clock or NULLs."""
    anchor = select(literal(1).label("one")).subquery("anchor")
    return (
        select(
            Stock.id,
            Stock.symbol,
            Stock.name,
            Stock.exchange,
            Stock.currency,
            Stock.sector,
            Stock.status,
            Stock.first_bar,
            DirectoryEntry.name.label("directory_name"),
            MarketClock.mode,
            MarketClock.session_date.label("market_session"),
            UnknownListing.seen_at.label("absent"),
        )
        .select_from(anchor)
        .outerjoin(Stock, Stock.symbol == symbol)
        .outerjoin(DirectoryEntry, DirectoryEntry.symbol == symbol)
        .outerjoin(MarketClock, MarketClock.id == 1)
        .outerjoin(UnknownListing, requesting.known_absent(symbol, wall_now()))
    )


def _info(row: Row[*tuple[Any, ...]]) -> StockInfo:
    return StockInfo(
        id=row.id,
        symbol=row.symbol,
        name=row.name,
        exchange=row.exchange,
        currency=row.currency,
        sector=row.sector,
        status=row.status,
        first_bar=row.first_bar,
        listed=is_listed(row.mode, row.first_bar, row.market_session),
    )


def _unknown(symbol: str, row: Row[*tuple[Any, ...]]) -> Exception:
    if row.mode == "live":
        requesting.refuse(symbol, absent=row.absent is not None)
        return NotTracked(symbol, row.directory_name or symbol)
    if row.directory_name is None:
        return NotFound(
            f"No stock has the symbol {symbol}. Search for it by the company's name.",
            code="unknown-symbol",
        )
    return RuleViolation(
        f"{symbol} ({row.directory_name}) is not available in the sample market, which has the "
        "prices of AAPL, FB, GOOG, IBM and MSFT.",
        code="not-in-sample-market",
    )
