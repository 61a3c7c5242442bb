"""What a strategy may say and see: orders, and a view of the market that ends at now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stocksite.backtest.bars import Floats, Market
from stocksite.backtest.terms import Sizing
from stocksite.portfolios.fills import OrderType, Side


@dataclass(frozen=True, slots=True)
class Order:
    """An instruction given at the close of a bar, for the next bar on.

    Buys: `quantity` shares, or `sizing` (None: the run's own). Sells: `quantity`, or None for the
    whole position. An order that is not a market order waits until it fills or is canceled by
    `good_for` bars running out (None: forever).
    """

    side: Side
    symbol: int = 0
    type: OrderType = OrderType.MARKET
    quantity: float | None = None
    sizing: Sizing | None = None
    limit: float | None = None
    stop: float | None = None
    good_for: int | None = None


class LookAhead(LookupError):
    """A strategy asked for a bar later than now."""


class View:
    """The market and the account as they stand at the close of bar `t`.

    `history` and `at` read the signal series, adjusted for splits where the run trades raw prices
    through them; `prices` and `entry_prices` are prices as traded, per share of today. Nothing
    later than `t` can be read; arrays end at now and refuse to be written.
    """

    __slots__ = (
        "_columns",
        "cash",
        "entry_bars",
        "entry_prices",
        "equity",
        "exit_bars",
        "prices",
        "shares",
        "t",
        "waiting",
    )

    def __init__(self, market: Market) -> None:
        self._columns = tuple(
            {name: _frozen(getattr(prices, name)) for name in _COLUMNS} for prices in market.prices
        )
        symbols = len(market.prices)
        self.t = -1
        self.cash = 0.0
        self.equity = 0.0
        self.shares: list[float] = [0.0] * symbols
        self.prices: list[float] = [0.0] * symbols
        self.entry_bars: list[int] = [-1] * symbols
        self.exit_bars: list[int] = [-1] * symbols
        self.entry_prices: list[float] = [0.0] * symbols
        self.waiting: list[int] = [0] * symbols

    def history(self, column: str = "close", symbol: int = 0) -> Floats:
        """open, high, low, close or volume of bars 0..now; nothing is copied."""
        return self._columns[symbol][column][: self.t + 1]

    def at(self, bar: int, column: str = "close", symbol: int = 0) -> float:
        """One value of bar `bar` ≤ now (negative: that many before now). LookAhead otherwise."""
        index = bar if bar >= 0 else self.t + 1 + bar
        if not 0 <= index <= self.t:
            raise LookAhead(f"bar {bar} asked for at the close of bar {self.t}")
        return float(self._columns[symbol][column][index])


class Decider(Protocol):
    """A strategy at work on one run; may keep state, sees only the view."""

    def decide(self, now: View) -> Sequence[Order]:
        """Orders at the close of bar `now.t`; called once per bar, in order."""


_COLUMNS = ("open", "high", "low", "close", "volume")


def _frozen(column: Floats) -> Floats:
    view = np.asarray(column).view()
    view.flags.writeable = False
    return view
