"""The watchlist as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.market.reading import StockQuote
from stocksite.watchlist import service
from stocksite.watchlist.reading import WatchedStock
from stocksite.web.api import (
    ApiBlueprint,
    Body,
    MovePctIn,
    Page,
    PageQuery,
    PageRequest,
    PriceIn,
    Reply,
    SymbolIn,
    Text,
    WholeIn,
    page_size,
)

blueprint = ApiBlueprint("watchlist_api", __name__)


class LevelsIn(Body):
    """Where the row stands, a note, and the levels to be told about; what is left out is none."""

    position: WholeIn | None = None
    note: Annotated[str, Text(200)] = ""
    above: PriceIn | None = None
    below: PriceIn | None = None
    move_pct: MovePctIn | None = None

    def levels(self) -> service.Levels:
        """What the service takes."""
        return service.Levels(self.note, self.above, self.below, self.move_pct)


class WatchIn(LevelsIn):
    """A stock to watch."""

    symbol: SymbolIn


@dataclass(frozen=True, slots=True)
class WatchedOut:
    """One row of the watchlist with its live quote."""

    symbol: str
    name: str
    position: int
    note: str
    above: Decimal | None
    below: Decimal | None
    move_pct: Decimal | None
    quote: StockQuote


def _out(row: WatchedStock) -> WatchedOut:
    return WatchedOut(
        row.symbol,
        row.quote.name,
        row.position,
        row.note,
        row.above,
        row.below,
        row.move_pct,
        row.quote,
    )


@blueprint.operation(
    "GET",
    "/watchlist/",
    summary="The watchlist with live quotes",
    tag="Watchlist",
    query=PageQuery,
    returns=Page[WatchedOut],
)
def list_watched(session: Session, actor: Actor, query: PageQuery) -> Page[WatchedOut]:
    """All rows in the owner's order."""
    rows = service.show(session, actor, sparklines=False).rows
    wanted: PageRequest = query.request(page_size())
    part = rows[wanted.offset : wanted.offset + wanted.size]
    return Page(tuple(map(_out, part)), len(rows), wanted)


@blueprint.operation(
    "POST",
    "/watchlist/",
    summary="Watch a stock",
    tag="Watchlist",
    body=WatchIn,
    returns=WatchedOut,
    status=201,
    errors=(404,),
    creates=True,
    example={"symbol": "AAPL", "note": "earnings soon", "above": "100.00"},
)
def watch(session: Session, actor: Actor, body: WatchIn) -> Reply[WatchedOut]:
    """Put a stock at the end of the list; one that is on it stays where it is, as it is."""
    row = service.add(session, actor, body.symbol, body.levels())
    return Reply(_out(row), location=url_for(".get_watched", symbol=row.symbol))


@blueprint.operation(
    "GET",
    "/watchlist/<symbol>/",
    summary="One watched stock",
    tag="Watchlist",
    returns=WatchedOut,
    errors=(404, 422),
)
def get_watched(session: Session, actor: Actor, symbol: str) -> WatchedOut:
    """The row of one stock; 404 when it is not on the list."""
    return _out(service.one(session, actor, symbol))


@blueprint.operation(
    "PUT",
    "/watchlist/<symbol>/",
    summary="Set note, levels and place of a row",
    tag="Watchlist",
    body=LevelsIn,
    returns=WatchedOut,
    errors=(404,),
    example={"position": 0, "note": "", "above": "100.00", "below": "80.00", "move_pct": "5"},
)
def change_watched(session: Session, actor: Actor, symbol: str, body: LevelsIn) -> WatchedOut:
    """Replace the row's settings. `position` counts from 0; without one the row stays."""
    return _out(service.change(session, actor, symbol, body.levels(), body.position))


@blueprint.operation(
    "DELETE",
    "/watchlist/<symbol>/",
    summary="Stop watching a stock",
    tag="Watchlist",
    errors=(404, 422),
)
def unwatch(session: Session, actor: Actor, symbol: str) -> None:
    """Take a stock off the list."""
    service.remove(session, actor, symbol)
