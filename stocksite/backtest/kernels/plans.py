"""From a strategy to next-event tables: the two questions a hopping backtest asks.

"Flat at the close of bar x: when does it next decide to buy?" and "bought at the open of bar e:
when does it next decide to sell?"
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stocksite.backtest.bars import Floats, Ints, Prices
from stocksite.backtest.kernels.tables import (
    falls_from_peak,
    intrabar_exits,
    next_event,
    rises_above_entry,
)
from stocksite.backtest.strategies import PercentMove, SignalStrategy, Strategy
from stocksite.backtest.terms import Costs, Exits, FillAt, Rounding, SizeBy, SizingKind, Terms


def hoppable(strategy: type[Strategy] | Strategy, terms: Terms, prices: Prices) -> bool:
    """Whether the kernels can play this; everything else goes through the bar loop."""
    cls = strategy if isinstance(strategy, type) else type(strategy)
    return (
        issubclass(cls, (SignalStrategy, PercentMove))
        and terms.fill is FillAt.NEXT_OPEN
        and terms.size_by is SizeBy.FILL
        and terms.sizing.kind is SizingKind.ALL_IN
        and terms.rounding is Rounding.NONE
        and not np.isnan(prices.close).any()
    )


def entry_reads(cls: type[Strategy]) -> tuple[str, ...]:
    """The parameters that decide when to buy."""
    if issubclass(cls, SignalStrategy):
        return cls.enter_reads
    return ("buy_pct",)


def exit_reads(cls: type[Strategy]) -> tuple[str, ...]:
    """The parameters that decide when to sell."""
    if issubclass(cls, SignalStrategy):
        return cls.leave_reads
    return ("sell_pct",)


def entry_table(strategy: Strategy, prices: Prices) -> Ints:
    """Shape (n + 1,): the next bar ≥ x at whose close a flat account decides to buy, or n."""
    if isinstance(strategy, SignalStrategy):
        return next_event(strategy.enter(prices))
    assert isinstance(strategy, PercentMove)
    return falls_from_peak(prices.close, 1 - strategy.buy_pct / 100)


def exit_table(strategy: Strategy, prices: Prices, costs: Costs) -> Ints:
    """Shape (n + 1,): the next bar ≥ e at whose close a position of bar e is sold, or n."""
    if isinstance(strategy, SignalStrategy):
        return next_event(strategy.leave(prices))
    assert isinstance(strategy, PercentMove)
    return rises_above_entry(prices, 1 + strategy.sell_pct / 100, costs)


def both_tables(strategy: Strategy, prices: Prices, costs: Costs) -> tuple[Ints, Ints]:
    """Entry and exit tables from one look at the signals."""
    if isinstance(strategy, SignalStrategy):
        signals = strategy.signals(prices)
        return next_event(signals.enter), next_event(signals.leave)
    return entry_table(strategy, prices), exit_table(strategy, prices, costs)


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Where and at what price a position ends, by entry bar, for one set of exits.

    A code is an entry of `bar` and `price`: codes 0..n are "sold at the open of that bar" (n: still
    open, valued at the last close), codes n + 1 + e "stopped inside a bar after entry at e".
    `price` is what one share brings after slippage and commission (shape (2n + 1,)).
    """

    n: int
    bar: Ints
    price: Floats
    stopped: Ints
    max_holding: int | None

    @classmethod
    def of(cls, prices: Prices, exits: Exits, costs: Costs) -> Ways:
        """The ways out under `exits`."""
        n = len(prices)
        opens = np.append(prices.open * (1 - costs.slip) * (1 - costs.rate), prices.close[-1])
        bars = np.arange(n + 1)
        if not exits.intrabar:
            return cls(n, bars, opens, np.full(n + 1, n), exits.max_holding)
        at, price = intrabar_exits(prices, exits, costs)
        # A target is a limit, which never slips; it is what lies above the price paid.
        paid = prices.open * (1 + costs.slip)
        slip = np.where(_is_target(price, paid, exits), 1.0, 1 - costs.slip)
        net = price * slip * (1 - costs.rate)
        return cls(
            n,
            np.concatenate((bars, at)),
            np.concatenate((opens, net)),
            np.append(at, n),
            exits.max_holding,
        )

    def codes(self, leaves: Ints) -> Ints:
        """Codes by entry bar, shape (…, n + 1), from decisions to sell of the same shape."""
        n = self.n
        entered = np.arange(n + 1)
        sold = np.minimum(leaves + 1, n)
        if self.max_holding is not None:
            sold = np.minimum(sold, np.minimum(entered + self.max_holding, n))
        codes: Ints = np.where(self.stopped < sold, n + 1 + entered, sold)
        codes[..., n] = n
        return codes


def _is_target(price: Floats, paid: Floats, exits: Exits) -> Floats:
    if exits.take_profit_pct is None:
        return np.zeros(len(price))
    return (price >= paid * (1 + exits.take_profit_pct / 100)).astype(np.float64)
