"""Strategies that buy weakness and sell strength: dip, percent moves, RSI, Bollinger bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stocksite.backtest import indicators
from stocksite.backtest.bars import Bools, Market, Prices
from stocksite.backtest.orders import Decider, Order, View
from stocksite.backtest.strategies.base import SignalStrategy, Strategy, ordered, parameter
from stocksite.portfolios.fills import Side


@dataclass(frozen=True, slots=True)
class Dip(SignalStrategy):
    """Below one average in, above another out."""

    name = "dip"
    title = "Buy the dip"
    meaning = "Buy on a close below one average, sell on a close above another."
    enter_reads = ("winbuy",)
    leave_reads = ("winsell",)

    winbuy: int = parameter(20, 1, 1000, "Days in the average below which it buys.")
    winsell: int = parameter(10, 1, 1000, "Days in the average above which it sells.")

    @property
    def warm_up(self) -> int:
        """The longer window."""
        return max(self.winbuy, self.winsell)

    def enter(self, prices: Prices) -> Bools:
        """Close below SMA(winbuy)."""
        return indicators.exact(prices.close) < indicators.sma(prices.close, self.winbuy)

    def leave(self, prices: Prices) -> Bools:
        """Close above SMA(winsell)."""
        return indicators.exact(prices.close) > indicators.sma(prices.close, self.winsell)


@dataclass(frozen=True, slots=True)
class Rsi(SignalStrategy):
    """Wilder's index against two levels."""

    name = "rsi"
    title = "RSI"
    meaning = "Buy when the relative strength index is low, sell when it is high."
    enter_reads = ("window", "buy_below")
    leave_reads = ("window", "sell_above")

    window: int = parameter(14, 2, 500, "Days in the index.")
    buy_below: float = parameter(30.0, 0, 100, "Buy when the index is below this.")
    sell_above: float = parameter(70.0, 0, 100, "Sell when the index is above this.")

    def check(self) -> None:
        """buy_below < sell_above."""
        ordered("buy_below", self.buy_below, "sell_above", self.sell_above)

    @property
    def warm_up(self) -> int:
        """The window's changes and one bar."""
        return self.window + 1

    def enter(self, prices: Prices) -> Bools:
        """RSI below the lower level."""
        return indicators.rsi(prices.close, self.window) < self.buy_below

    def leave(self, prices: Prices) -> Bools:
        """RSI above the upper level."""
        return indicators.rsi(prices.close, self.window) > self.sell_above


@dataclass(frozen=True, slots=True)
class Bollinger(SignalStrategy):
    """Out of the band and back to the other side."""

    name = "bollinger"
    title = "Bollinger bands"
    meaning = "Buy on a close below the lower band, sell on a close above the upper one."
    enter_reads = leave_reads = ("window", "width")

    window: int = parameter(20, 2, 500, "Days in the band's average.")
    width: float = parameter(2.0, 0.1, 10, "Standard deviations from the average to a band.")

    @property
    def warm_up(self) -> int:
        """The window."""
        return self.window

    def enter(self, prices: Prices) -> Bools:
        """Close below the lower band."""
        return prices.close < indicators.bollinger(prices.close, self.window, self.width)[0]

    def leave(self, prices: Prices) -> Bools:
        """Close above the upper band."""
        return prices.close > indicators.bollinger(prices.close, self.window, self.width)[1]


@dataclass(frozen=True, slots=True)
class PercentMove(Strategy):
    """Thresholds in percent."""

    name = "percent_move"
    title = "Percent moves"
    meaning = "Buy after a fall from the last peak, sell after a rise over the purchase price."

    buy_pct: float = parameter(
        5.0, 0.01, 99, "Percent the close must fall below its highest since the last sale."
    )
    sell_pct: float = parameter(
        10.0, 0.01, 10_000, "Percent the close must rise above the purchase price."
    )

    def decider(self, market: Market) -> Decider:
        """Remembers the peak since it has been flat, per symbol."""
        return _Thresholds(self, market)


class _Thresholds:
    def __init__(self, strategy: PercentMove, market: Market) -> None:
        self._closes: list[list[float]] = [p.close.tolist() for p in market.prices]
        self._fall = 1 - strategy.buy_pct / 100
        self._rise = 1 + strategy.sell_pct / 100
        self._peaks: list[float] = [0.0] * len(market.prices)

    def decide(self, now: View) -> Sequence[Order]:
        """See Decider."""
        orders = []
        for symbol, held in enumerate(now.shares):
            close = self._closes[symbol][now.t]
            if held or now.exit_bars[symbol] == now.t:
                self._peaks[symbol] = 0.0
            if held:
                wanted = now.prices[symbol] >= now.entry_prices[symbol] * self._rise
            else:
                self._peaks[symbol] = max(self._peaks[symbol], close)
                wanted = close <= self._peaks[symbol] * self._fall
            if wanted and not now.waiting[symbol]:
                orders.append(Order(Side.SELL if held else Side.BUY, symbol))
        return orders
