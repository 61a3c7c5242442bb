"""Round trips: what was bought, what it was sold for, and how far it went against or for us."""

from __future__ import annotations

from dataclasses import dataclass

from stocksite.backtest.bars import Bools, Floats
from stocksite.backtest.orders import Order
from stocksite.portfolios.fills import Side


@dataclass(frozen=True, slots=True)
class FillRecord:
    """One fill: bar index, shares, price per share after slippage, fees, cash after, its rule."""

    bar: int
    symbol: int
    side: Side
    quantity: float
    price: float
    fees: float
    cash: float
    rule: str


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, from flat to flat; `exit_bar` None while it is open.

    `cost` is what the buys took without fees, `proceeds` what the sales brought (or would bring at
    the last close). `profit` = proceeds - cost - fees + dividends. Prices are averages per share in
    today's shares at the exit. `mae` and `mfe` are the worst and best price seen while holding,
    relative to the entry price (fractions, mae ≤ 0 ≤ mfe), known from whole bars before the exit
    bar and the exit itself.
    """

    symbol: int
    entry_bar: int
    exit_bar: int | None
    quantity: float
    entry_price: float
    exit_price: float
    cost: float
    proceeds: float
    fees: float
    dividends: float
    rule: str
    mae: float
    mfe: float

    @property
    def profit(self) -> float:
        """Money earned after all fees, dividends included."""
        return self.proceeds - self.cost - self.fees + self.dividends

    @property
    def return_(self) -> float:
        """Profit as a fraction of what the buys took."""
        return self.profit / self.cost if self.cost else 0.0

    @property
    def closed(self) -> bool:
        """Whether it has been sold."""
        return self.exit_bar is not None


class Position:
    """A round trip in the making. Shares and prices are restated at every split.

    From bar `whole_from` on, whole bars are lived through; before it (the bar of a fill inside the
    bar or at its close) only the fill and the close are known to come after the entry.
    """

    __slots__ = (
        "bought",
        "cost",
        "dividends",
        "entry_bar",
        "fees",
        "high_water",
        "highest",
        "lowest",
        "price",
        "proceeds",
        "shares",
        "sold",
        "symbol",
        "whole_from",
    )

    def __init__(self, symbol: int, bar: int, whole_from: int) -> None:
        self.symbol = symbol
        self.entry_bar = bar
        self.whole_from = whole_from
        self.shares = 0.0
        self.bought = 0.0
        self.sold = 0.0
        self.price = 0.0
        self.cost = 0.0
        self.proceeds = 0.0
        self.fees = 0.0
        self.dividends = 0.0
        self.high_water = 0.0
        self.lowest = float("inf")
        self.highest = 0.0

    def buy(self, quantity: float, price: float, fees: float) -> None:
        """Add shares; the entry price is the average paid per share."""
        self.price = (self.price * self.shares + price * quantity) / (self.shares + quantity)
        self.shares += quantity
        self.bought += quantity
        self.cost += price * quantity
        self.fees += fees
        self.seen(price, price)

    def sell(self, quantity: float, price: float, fees: float) -> None:
        """Take shares away."""
        self.shares -= quantity
        self.sold += quantity
        self.proceeds += price * quantity
        self.fees += fees
        self.seen(price, price)

    def seen(self, low: float, high: float) -> None:
        """Widen the range of prices met while holding, and raise the high-water mark."""
        if low < self.lowest:
            self.lowest = low
        if high > self.highest:
            self.highest = high
        if high > self.high_water:
            self.high_water = high

    def split(self, ratio: tuple[int, int]) -> None:
        """Restate shares and prices."""
        to, of = ratio
        for name in ("shares", "bought", "sold"):
            setattr(self, name, getattr(self, name) * to / of)
        for name in ("price", "high_water", "lowest", "highest"):
            setattr(self, name, getattr(self, name) * of / to)

    def trade(self, exit_bar: int | None, rule: str, last: float = 0.0) -> Trade:
        """The round trip as a value; an open one is valued at `last` per share."""
        proceeds = self.proceeds + self.shares * last
        low, high = self.lowest, self.highest
        if exit_bar is None:
            low, high = min(low, last), max(high, last)
        entry = self.cost / self.bought
        return Trade(
            self.symbol,
            self.entry_bar,
            exit_bar,
            self.bought,
            entry,
            proceeds / self.bought,
            self.cost,
            proceeds,
            self.fees,
            self.dividends,
            rule,
            low / entry - 1,
            high / entry - 1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one backtest did, bar by bar, over the window first..last of its market.

    `equity[i]` and `held[i]` (whether any shares were held) are at the close of bar first + i;
    equity[0] is the starting cash unless the very first close traded. `decisions` lists
    (bar, order) in the order given; `dropped` counts orders that could not be afforded.
    """

    first: int
    equity: Floats
    held: Bools
    start_cash: float
    cash: float
    lowest_cash: float
    trades: tuple[Trade, ...]
    fills: tuple[FillRecord, ...]
    decisions: tuple[tuple[int, Order], ...]
    dropped: int

    @property
    def final(self) -> float:
        """Equity at the last close."""
        return float(self.equity[-1])

    @property
    def closed(self) -> tuple[Trade, ...]:
        """The round trips that ended."""
        return tuple(trade for trade in self.trades if trade.closed)

    @property
    def fees(self) -> float:
        """All commissions paid."""
        return sum(fill.fees for fill in self.fills)

    @property
    def traded(self) -> float:
        """Notional bought and sold."""
        return sum(fill.quantity * fill.price for fill in self.fills)
