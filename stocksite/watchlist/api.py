"""The watchlist as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.market.fields import TickerIn
from stocksite.market.reading import StockQuote
from stocksite.watchlist import service
from stocksite.watchlist.alerts import Levels
from stocksite.watchlist.reading import DeliveryView, NotificationView, WatchedStock
from stocksite.watchlist.service import notifications
from stocksite.watchlist.service.notifications import NotificationFilter
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
    ordering,
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

    def levels(self) -> Levels:
        """What the service takes."""
        return Levels(self.note, self.above, self.below, self.move_pct)


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


@dataclass(frozen=True, slots=True)
class NotifiedStock:
    """The stock of a notification."""

    ticker: str
    name: str


@dataclass(frozen=True, slots=True)
class NotificationOut:
    """A level that was reached. `timestamp` is market time, `read_at` wall time. `level` is a
    price, or percent points for `move`.
    """

    id: int
    symbol: NotifiedStock
    kind: str
    level: Decimal
    price: Decimal
    previous_close: Decimal | None
    text: str
    timestamp: datetime
    read: bool
    read_at: datetime | None
    deliveries: tuple[DeliveryView, ...]


def _notified(row: NotificationView) -> NotificationOut:
    return NotificationOut(
        id=row.id,
        symbol=NotifiedStock(row.symbol, row.name),
        kind=row.kind,
        level=row.level,
        price=row.price,
        previous_close=row.previous_close,
        text=row.text,
        timestamp=row.at,
        read=not row.unread,
        read_at=row.read_at,
        deliveries=row.deliveries,
    )


class NotificationsQuery(PageQuery):
    """Which notifications, and in which order."""

    symbol__ticker: TickerIn | None = None
    kind: Literal["above", "below", "move"] | None = None
    unread: Literal["true", "false"] | None = None
    ordering: str = ordering(*notifications.ORDERINGS, default="-timestamp")

    def wanted(self) -> NotificationFilter:
        """What the service takes."""
        return NotificationFilter(
            symbol=self.symbol__ticker,
            kind=self.kind,
            unread=None if self.unread is None else self.unread == "true",
        )


class ReadIn(Body):
    """Whether a notification has been read."""

    read: bool


@blueprint.operation(
    "GET",
    "/notifications/",
    summary="List notifications",
    tag="Watchlist",
    query=NotificationsQuery,
    returns=Page[NotificationOut],
)
def list_notifications(
    session: Session, actor: Actor, query: NotificationsQuery
) -> Page[NotificationOut]:
    """What the levels of the watchlist led to, and how it was sent. Kept for 90 days."""
    page = notifications.listed(
        session, actor, query.request(page_size()), query.wanted(), query.ordering
    )
    return page.map(_notified)


@blueprint.operation(
    "PATCH",
    "/notifications/<int:notification_id>/",
    summary="Mark a notification as read or unread",
    tag="Watchlist",
    body=ReadIn,
    returns=NotificationOut,
    example={"read": True},
)
def mark_notification(
    session: Session, actor: Actor, notification_id: int, body: ReadIn
) -> NotificationOut:
    """The first reading's time stays when it is marked as read again."""
    return _notified(notifications.mark(session, actor, notification_id, body.read, wall_now()))
