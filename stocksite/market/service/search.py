"""Finding a symbol by its letters or by words of the company's name, in the local directory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.orm import Session

from stocksite.core.models import MarketClock
from stocksite.market.models import DirectoryEntry, Stock
from stocksite.market.reading import SearchHit, is_listed
from stocksite.market.service import searching

MAX_TEXT = 80
MAX_WORDS = 6


def find(session: Session, text: str, limit: int = 10) -> list[SearchHit]:
    """Symbols that begin with `text`, and companies with a word that begins with each of its words.

    Those with prices come first, then exact symbols, then symbols, then names. One statement; text
    that cannot be part of any symbol or name finds nothing.
    """
    words = text.split()[:MAX_WORDS]
    if not words or len(text) > MAX_TEXT or not text.isprintable():
        return []
    typed = "".join(words).upper().replace("-", ".").replace("/", ".")
    symbol, name = DirectoryEntry.symbol, DirectoryEntry.name
    by_symbol = symbol.startswith(typed, autoescape=True)
    has_prices = Stock.id.is_not(None) & (Stock.status == "active")
    order = case(
        (has_prices & (symbol == typed), 0),
        (has_prices, 1),
        (symbol == typed, 2),
        (by_symbol, 3),
        else_=4,
    )
    rows = session.execute(
        select(
            symbol,
            func.coalesce(Stock.name, name).label("name"),
            DirectoryEntry.industry,
            Stock.id.label("stock_id"),
            Stock.first_bar,
            MarketClock.mode,
            MarketClock.session_date,
        )
        .select_from(DirectoryEntry)
        .outerjoin(Stock, Stock.symbol == symbol)
        .outerjoin(MarketClock, MarketClock.id == 1)
        .where(or_(by_symbol, _names(words)))
        .order_by(order, func.length(symbol), symbol)
        .limit(limit)
    )
    return [_hit(row) for row in rows]


def further(session: Session, text: str, now: datetime) -> str | None:
    """The id of the job that asks a provider for a text the directory has nothing for.

    None in the sample market, and once it has been asked. `now` is wall time.
    """
    if len(text) > MAX_TEXT or not text.isprintable():
        return None
    if session.scalar(select(MarketClock.mode)) != "live":
        return None
    return searching.request_search(session, text, now)


def _names(words: list[str]) -> ColumnElement[bool]:
    """Every word begins a word of the name. A space before the name makes its first word one."""
    padded = func.concat(" ", func.translate(DirectoryEntry.name, "(.,&-", "     "))
    return and_(*(padded.icontains(f" {word}", autoescape=True) for word in words))


def _hit(row: Row[*tuple[Any, ...]]) -> SearchHit:
    note = ""
    if row.stock_id is None:
        note = "" if row.mode == "live" else "Not available in the sample market"
    elif not is_listed(row.mode, row.first_bar, row.session_date):
        note = f"Not listed yet, first session {row.first_bar}"
    return SearchHit(row.symbol, row.name, row.industry, available=not note, note=note)
