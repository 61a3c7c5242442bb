"""Significant events as scripts see and ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from stocksite.market.fields import TickerIn
from stocksite.market.reading import EventView
from stocksite.market.service import events
from stocksite.web.api import DayIn, MomentIn, PageQuery, ordering


@dataclass(frozen=True, slots=True)
class EventStock:
    """The stock of an event."""

    ticker: str
    name: str


@dataclass(frozen=True, slots=True)
class EventOut:
    """A significant event. `previous_price` is the close before the session, in its own shares;
    `timestamp` is market time.
    """

    id: int
    symbol: EventStock
    event_type: str
    change_pct: float
    price: Decimal
    previous_price: Decimal
    timestamp: datetime


class EventsQuery(PageQuery):
    """Which significant events, and in which order. All bounds are inclusive."""

    symbol__ticker: TickerIn | None = None
    event_type: Literal["PRICE_INCREASE", "PRICE_DECREASE"] | None = None
    timestamp__gte: MomentIn | None = None
    timestamp__lte: MomentIn | None = None
    timestamp__date__gte: DayIn | None = None
    """The first trading day."""
    timestamp__date__lte: DayIn | None = None
    """The last trading day."""
    ordering: str = ordering(*events.ORDERINGS, default="-timestamp")

    def wanted(self) -> events.EventFilter:
        """What the service takes."""
        return events.EventFilter(
            symbol=self.symbol__ticker,
            event_type=self.event_type,
            at_from=self.timestamp__gte,
            at_to=self.timestamp__lte,
            day_from=self.timestamp__date__gte,
            day_to=self.timestamp__date__lte,
        )


def event_out(event: EventView) -> EventOut:
    """An event as scripts see it."""
    return EventOut(
        id=event.id,
        symbol=EventStock(event.symbol, event.name),
        event_type=event.event_type,
        change_pct=event.change_pct,
        price=event.price,
        previous_price=event.previous_price,
        timestamp=event.at,
    )
