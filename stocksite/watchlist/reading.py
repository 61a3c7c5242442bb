"""What the watchlist shows: frozen read models."""

from __future__ import annotations

from dataclasses import dataclass
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
