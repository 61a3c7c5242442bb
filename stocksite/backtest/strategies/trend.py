"""Strategies that follow a trend: average crossings, MACD, Donchian breakout, momentum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stocksite.backtest import indicators
from stocksite.backtest.bars import Bools, Floats, Market, Prices
from stocksite.backtest.orders import Decider, Order, View
from stocksite.backtest.strategies.base import (
    Signals,
    SignalStrategy,
    Strategy,
    ordered,
    parameter,
)
from stocksite.backtest.terms import Sizing, SizingKind
from stocksite.portfolios.fills import Side


class _Crossing(SignalStrategy):
    """In when one line passes another upwards, out when it passes back."""

    def lines(self, prices: Prices) -> Sequence[Floats]:
        """The line that crosses, and the line it crosses."""
        raise NotImplementedError

    def signals(self, prices: Prices) -> Signals:
        """Both crossings from one look at the lines."""
        first, second = self.lines(prices)
        return Signals(*indicators.crossings(first, second))

    def enter(self, prices: Prices) -> Bools:
        """Upward crossings."""
        return self.signals(prices).enter

    def leave(self, prices: Prices) -> Bools:
        """Downward crossings."""
        return self.signals(prices).leave


@dataclass(frozen=True, slots=True)
class SmaCross(_Crossing):
    """Simple averages."""

    name = "sma_cross"
    title = "Moving-average crossing"
    meaning = "Buy when the fast average rises above the slow one, sell when it falls below."
    enter_reads = leave_reads = ("fast", "slow")

    fast: int = parameter(20, 1, 500, "Days in the fast average.")
    slow: int = parameter(50, 2, 1000, "Days in the slow average.")

    def check(self) -> None:
        """fast < slow."""
        ordered("fast", self.fast, "slow", self.slow)

    @property
    def warm_up(self) -> int:
        """The slow window."""
        return self.slow

    def lines(self, prices: Prices) -> Sequence[Floats]:
        """SMA(fast), SMA(slow) of the closes."""
        fast, slow = indicators.sma_many(prices.close, [self.fast, self.slow])
        return fast, slow


@dataclass(frozen=True, slots=True)
class EmaCross(_Crossing):
    """Exponential averages."""

    name = "ema_cross"
    title = "Exponential-average crossing"
    meaning = "Like the moving-average crossing, with averages that weigh recent days more."
    enter_reads = leave_reads = ("fast", "slow")

    fast: int = parameter(12, 1, 500, "Days in the fast average.")
    slow: int = parameter(26, 2, 1000, "Days in the slow average.")

    def check(self) -> None:
        """fast < slow."""
        ordered("fast", self.fast, "slow", self.slow)

    @property
    def warm_up(self) -> int:
        """The slow window."""
        return self.slow

    def lines(self, prices: Prices) -> Sequence[Floats]:
        """EMA(fast), EMA(slow) of the closes."""
        return (
            indicators.ema(prices.close, self.fast),
            indicators.ema(prices.close, self.slow),
        )


@dataclass(frozen=True, slots=True)
class Macd(_Crossing):
    """Appel's MACD against its signal line."""

    name = "macd"
    title = "MACD"
    meaning = "Buy when the MACD line rises above its signal line, sell when it falls below."
    enter_reads = leave_reads = ("fast", "slow", "signal")

    fast: int = parameter(12, 1, 500, "Days in the fast average.")
    slow: int = parameter(26, 2, 1000, "Days in the slow average.")
    signal: int = parameter(9, 1, 500, "Days in the average of the difference.")

    def check(self) -> None:
        """fast < slow."""
        ordered("fast", self.fast, "slow", self.slow)

    @property
    def warm_up(self) -> int:
        """Slow and signal windows, one after the other."""
        return self.slow + self.signal - 1

    def lines(self, prices: Prices) -> Sequence[Floats]:
        """MACD line, signal line."""
        return indicators.macd(prices.close, self.fast, self.slow, self.signal)


@dataclass(frozen=True, slots=True)
class Donchian(SignalStrategy):
    """Channel breakout."""

    name = "donchian"
    title = "Donchian breakout"
    meaning = "Buy on a close above the highest high of recent days, sell below the lowest low."
    enter_reads = ("entry",)
    leave_reads = ("exit",)

    entry: int = parameter(20, 1, 1000, "Days whose highest high must be exceeded to buy.")
    exit: int = parameter(10, 1, 1000, "Days whose lowest low must be undercut to sell.")

    @property
    def warm_up(self) -> int:
        """The longer channel and the bar that leaves it."""
        return max(self.entry, self.exit) + 1

    def enter(self, prices: Prices) -> Bools:
        """Close above the highest high of the `entry` bars before."""
        return prices.close > indicators.highest(prices.high, self.entry)

    def leave(self, prices: Prices) -> Bools:
        """Close below the lowest low of the `exit` bars before."""
        return prices.close < indicators.lowest(prices.low, self.exit)


@dataclass(frozen=True, slots=True)
class Momentum(Strategy):
    """Rotation into what rose most."""

    name = "momentum"
    title = "Momentum rotation"
    meaning = "Every so many days, hold the symbols that rose most, in equal parts."
    several = True
    own_sizing = True

    lookback: int = parameter(126, 1, 1000, "Days over which the rise is measured.")
    top: int = parameter(1, 1, 50, "How many symbols to hold.")
    every_days: int = parameter(21, 1, 500, "Days between two looks.")

    @property
    def warm_up(self) -> int:
        """The lookback and one bar."""
        return self.lookback + 1

    def decider(self, market: Market) -> Decider:
        """Ranks at the close; sells what fell out, buys what came in."""
        return _Rotate(self, market)


class _Rotate:
    def __init__(self, strategy: Momentum, market: Market) -> None:
        self._rises = [indicators.change(p.close, strategy.lookback) for p in market.prices]
        self._top = strategy.top
        self._every = strategy.every_days
        self._next = 0

    def decide(self, now: View) -> Sequence[Order]:
        """See Decider."""
        if now.t < self._next:
            return ()
        rises = [float(rise[now.t]) for rise in self._rises]
        known = [symbol for symbol, rise in enumerate(rises) if rise == rise]
        if not known:
            return ()
        self._next = now.t + self._every
        best = sorted(known, key=lambda symbol: (-rises[symbol], symbol))[: self._top]
        held = [symbol for symbol, shares in enumerate(now.shares) if shares]
        share = Sizing(SizingKind.FIXED_FRACTION, 1 / self._top)
        sells = [Order(Side.SELL, symbol) for symbol in held if symbol not in best]
        buys = [Order(Side.BUY, symbol, sizing=share) for symbol in best if symbol not in held]
        return sells + buys
