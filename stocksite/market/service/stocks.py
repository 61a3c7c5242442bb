"""Tracked stocks: finding one, and starting to track one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, literal, select
from sqlalchemy.orm import Session

from stocksite.core.errors import NotFound, ProviderUnavailable, RuleViolation
from stocksite.core.models import MarketClock
from stocksite.market.models import DirectoryEntry, Stock
from stocksite.market.reading import StockInfo, Tracked, is_listed
from stocksite.market.symbols import normalize


def get(session: Session, symbol: str, *, listed: bool = True) -> StockInfo:
    """A tracked stock by symbol, in any spelling.

    Raises InvalidInput for what is no symbol, NotFound for one nobody knows, RuleViolation
    `not-in-sample-market` for a real one without sample prices, and – unless `listed` is False –
    RuleViolation `not-listed-yet` for one whose first session lies ahead of market time.
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


def track(session: Session, symbol: str) -> Tracked:
    """Start tracking a symbol; one that is tracked already answers the same.

    In the sample market every stock that has prices is tracked, so this only checks the symbol.
    Raises what `get` raises.
    """
    return Tracked(get(session, symbol, listed=False), history="loaded")


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
        )
        .select_from(anchor)
        .outerjoin(Stock, Stock.symbol == symbol)
        .outerjoin(DirectoryEntry, DirectoryEntry.symbol == symbol)
        .outerjoin(MarketClock, MarketClock.id == 1)
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
    if row.directory_name is None:
        return NotFound(
            f"No stock has the symbol {symbol}. Search for it by the company's name.",
            code="unknown-symbol",
        )
    if row.mode == "live":
        return ProviderUnavailable(
            f"{symbol} ({row.directory_name}) has no prices here yet.", code="not-tracked"
        )
    return RuleViolation(
        f"{symbol} ({row.directory_name}) is not available in the sample market, which has the "
        "prices of AAPL, FB, GOOG, IBM and MSFT.",
        code="not-in-sample-market",
    )
