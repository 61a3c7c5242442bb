"""What the desk shows: several rooms' read models side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from stocksite.market.reading import StockQuote
from stocksite.portfolios.reading import Activity, PortfolioView
from stocksite.watchlist.reading import WatchedStock


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything one owns and watches, at a glance. Amounts are sums over the portfolios."""

    portfolios: tuple[PortfolioView, ...]
    net_worth: Decimal
    day_change: Decimal
    day_change_pct: float | None
    cash: Decimal
    invested: Decimal
    total_pnl: Decimal
    movers: tuple[WatchedStock, ...]
    """The watchlist, the largest day's moves first."""
    activity: Activity

    @property
    def has_traded(self) -> bool:
        """Whether there is anything to show besides the starting cash."""
        return any(p.positions or p.open_orders for p in self.portfolios) or any(
            t.type not in ("deposit", "withdrawal") for t in self.activity.transactions
        )


@dataclass(frozen=True, slots=True)
class Worth:
    """All portfolios together at one session's close."""

    date: date
    value: Decimal
    net_deposits: Decimal


@dataclass(frozen=True, slots=True)
class Holding:
    """The caller's shares of one stock in one portfolio."""

    portfolio_id: int
    portfolio_name: str
    is_default: bool
    quantity: Decimal
    cost_basis: Decimal
    market_value: Decimal | None
    unrealized_pnl: Decimal | None
    unrealized_pnl_pct: float | None


@dataclass(frozen=True, slots=True)
class Mine:
    """What a stock is to the caller."""

    holdings: tuple[Holding, ...]
    watched: bool
    pending: bool
    """Whether a buy of it waits in the default portfolio."""

    @property
    def default_quantity(self) -> Decimal:
        """Shares in the default portfolio."""
        return sum((h.quantity for h in self.holdings if h.is_default), Decimal(0))


@dataclass(frozen=True, slots=True)
class StartingStock:
    """A stock a newcomer can begin with."""

    quote: StockQuote
    closes: tuple[float, ...]
