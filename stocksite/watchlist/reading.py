"""What the watchlist shows: frozen read models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from stocksite.market.reading import StockQuote


@dataclass(frozen=True, slots=True)
class WatchedStock:
    """One row: the stock's quote, its recent closes for the sparkline, and the owner's levels."""

    position: int
    note: str
    above: Decimal | None
    below: Decimal | None
    move_pct: Decimal | None
    quote: StockQuote
    closes: tuple[float, ...]
    """Split-adjusted closes, oldest first, the latest price last."""
    above_armed: bool = True
    """Whether `above` may fire; `alerts.py` says when."""
    below_armed: bool = True

    @property
    def stock_id(self) -> int:
        """The stock's id; names the row on the page."""
        return self.quote.stock_id

    @property
    def symbol(self) -> str:
        """The stock's symbol."""
        return self.quote.symbol

    @property
    def day_range_pct(self) -> float | None:
        """Where the price stands between the day's low (0) and high (100)."""
        quote = self.quote
        if quote.price is None or quote.high is None or quote.low is None:
            return None
        span = quote.high - quote.low
        return float((quote.price - quote.low) / span) * 100 if span else 50.0


@dataclass(frozen=True, slots=True)
class Watchlist:
    """All rows in the owner's order, and the cursor a polling page sends back."""

    rows: tuple[WatchedStock, ...]
    cursor: str

    @property
    def day(self) -> str:
        """The session of the latest price: with another one everything is drawn again."""
        return latest_day(row.quote for row in self.rows)


def latest_day(quotes: Iterable[StockQuote]) -> str:
    """The latest session among quotes, as YYYY-MM-DD; empty without a price."""
    return max((q.session_date.isoformat() for q in quotes if q.session_date), default="")


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """How a notification went through one channel. `outcome` is in words, empty before a try."""

    channel: str
    """`email` or `webhook`."""
    status: str
    """`waiting`, `sending`, `sent` or `failed`."""
    outcome: str


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A level that was reached. `at` is market time, `read_at` wall time."""

    id: int
    symbol: str
    name: str
    kind: str
    """`above`, `below` or `move`."""
    level: Decimal
    """A price; percent points for `move`."""
    price: Decimal
    previous_close: Decimal | None
    session_date: date
    at: datetime
    read_at: datetime | None
    text: str
    deliveries: tuple[DeliveryView, ...] = ()

    @property
    def unread(self) -> bool:
        """Whether its owner has not marked it as read."""
        return self.read_at is None


@dataclass(frozen=True, slots=True)
class Bell:
    """The number beside the bell, as of a revision of the list."""

    revision: str
    unread: int
    last_id: int
    """The newest notification's id; 0 without any."""

    @property
    def tag(self) -> str:
        """What a polling bell holds: equal means that nothing changed."""
        return f"{self.revision}.{self.unread}.{self.last_id}"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """Where else than on the site a person is told."""

    by_email: bool
    webhook_url: str
    email: str
    """The address of the account, where e-mail would go."""
