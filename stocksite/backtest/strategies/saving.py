"""Strategies that only buy: buy and hold, and buying for the same sum at regular intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stocksite.backtest.bars import Bools, Market, Prices
from stocksite.backtest.orders import Decider, Order, View
from stocksite.backtest.strategies.base import SignalStrategy, Strategy, parameter
from stocksite.backtest.terms import Sizing, SizingKind
from stocksite.portfolios.fills import Side


@dataclass(frozen=True, slots=True)
class BuyAndHold(SignalStrategy):
    """The benchmark."""

    name = "buy_and_hold"
    title = "Buy and hold"
    meaning = "Buy at the first opportunity and never sell."

    def enter(self, prices: Prices) -> Bools:
        """Always."""
        return ~np.isnan(prices.close)

    def leave(self, prices: Prices) -> Bools:
        """Never."""
        return np.zeros(len(prices), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Dca(Strategy):
    """Dollar-cost averaging."""

    name = "dca"
    title = "Regular saving"
    meaning = "Buy for the same sum every so many days, until the cash is spent."
    own_sizing = True

    amount: float = parameter(1000.0, 0.01, 1e9, "Cash spent at each purchase.")
    every_days: int = parameter(21, 1, 500, "Days between two purchases.")

    def decider(self, market: Market) -> Decider:
        """Counts days from the first decision."""
        return _Save(self, len(market.prices))


class _Save:
    def __init__(self, strategy: Dca, symbols: int) -> None:
        sizing = Sizing(SizingKind.FIXED_CASH, strategy.amount / symbols)
        self._orders = [Order(Side.BUY, symbol, sizing=sizing) for symbol in range(symbols)]
        self._every = strategy.every_days
        self._next = 0

    def decide(self, now: View) -> Sequence[Order]:
        """See Decider."""
        if now.t < self._next:
            return ()
        self._next = now.t + self._every
        return self._orders
