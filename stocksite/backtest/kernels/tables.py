"""Next-event tables: for every bar, the first later bar where something happens.

With them a backtest hops from trade to trade instead of walking bar by bar, and thousands of
parameter combinations hop at once. Bar n (one past the last) stands for "never"; tables have n + 1
entries so that never leads to never.
"""

from __future__ import annotations

import numpy as np

from stocksite.backtest.bars import Bools, Floats, Ints, Prices
from stocksite.backtest.terms import Costs, Exits


def next_event(flags: Bools) -> Ints:
    """Shape (n + 1,): the first bar s ≥ t with flags[s], or n."""
    n = len(flags)
    out = np.full(n + 1, n, dtype=np.int64)
    at = np.where(flags, np.arange(n), n)
    out[:n] = np.minimum.accumulate(at[::-1])[::-1]
    return out


def fill_after(decided: Ints) -> Ints:
    """The bar whose open fills what was decided: one later, never when that is past the end."""
    return np.minimum(decided + 1, len(decided) - 1)


class RangeIndex:
    """A sparse table over one series: where it first falls to a threshold, and range minima.

    Building is O(n log n), a query for all bars at once O(n log n), all in array operations.
    """

    __slots__ = ("_levels", "_n")

    def __init__(self, values: Floats) -> None:
        self._n = len(values)
        self._levels = [values]
        span = 1
        while 2 * span <= self._n:
            below = self._levels[-1]
            self._levels.append(np.minimum(below[:-span], below[span:]))
            span *= 2

    def first_at_or_below(self, thresholds: Floats, starts: Ints) -> Ints:
        """The first bar t ≥ starts[i] with value ≤ thresholds[i], or n. Shapes (m,)."""
        at = starts.copy()
        for level in range(len(self._levels) - 1, -1, -1):
            minima = self._levels[level]
            inside = at < len(minima)
            lowest = minima[np.where(inside, at, 0)]
            at = np.where(inside & (lowest > thresholds), at + (1 << level), at)
        return at

    def minimum(self, starts: Ints, stops: Ints) -> Floats:
        """The minimum over starts[i]..stops[i]-1; +inf for an empty range. Shapes (m,)."""
        spans = stops - starts
        out = np.full(len(starts), np.inf)
        levels = np.frexp(np.maximum(spans, 1).astype(np.float64))[1] - 1
        for level, minima in enumerate(self._levels):
            mine = np.flatnonzero((levels == level) & (spans > 0))
            left, right = starts[mine], stops[mine] - (1 << level)
            out[mine] = np.minimum(minima[left], minima[right])
        return out


def intrabar_exits(prices: Prices, exits: Exits, costs: Costs) -> tuple[Ints, Floats]:
    """For an entry at the open of each bar: (bar of the stop or target or n, price there).

    Prices are before slippage and commission. The same rules as `guards.intrabar`: a stop before a
    target in one bar, except where the bar opened beyond the target.
    """
    n = len(prices)
    bars = np.arange(n)
    paid = prices.open * (1 + costs.slip)
    stop_bar, stop_price = _stops(prices, exits, paid, bars)
    if exits.take_profit_pct is None:
        return stop_bar, stop_price
    targets = paid * (1 + exits.take_profit_pct / 100)
    above = np.nextafter(-targets, -np.inf)  # high > target, strictly
    goal_bar = RangeIndex(-prices.high).first_at_or_below(above, bars)
    inside = np.minimum(goal_bar, n - 1)
    opened_beyond = prices.open[inside] > targets
    goal_price = np.where(opened_beyond, prices.open[inside], targets)
    same_bar = (goal_bar == stop_bar) & (goal_bar < n)
    first = (goal_bar < stop_bar) | (same_bar & opened_beyond)
    return np.where(first, goal_bar, stop_bar), np.where(first, goal_price, stop_price)


def _stops(prices: Prices, exits: Exits, paid: Floats, bars: Ints) -> tuple[Ints, Floats]:
    n = len(prices)
    never = np.full(n, n), np.zeros(n)
    if exits.stop_loss_pct is None and exits.trailing_stop_pct is None:
        return never
    lows = RangeIndex(prices.low)
    floor = np.full(n, -np.inf)
    if exits.stop_loss_pct is not None:
        floor = paid * (1 - exits.stop_loss_pct / 100)
    if exits.trailing_stop_pct is None:
        stop_bar = lows.first_at_or_below(floor, bars)
        level = floor
    else:
        keep = 1 - exits.trailing_stop_pct / 100
        floor = np.maximum(floor, paid * keep)
        # The bar that first trails below an earlier high: the earliest over all highs since entry.
        after_peak = lows.first_at_or_below(prices.high * keep, bars + 1)
        trailed = np.minimum.accumulate(np.minimum(after_peak, n)[::-1])[::-1]
        stop_bar = np.minimum(lows.first_at_or_below(floor, bars), trailed)
        peak = -RangeIndex(-prices.high).minimum(bars, np.maximum(stop_bar, bars))
        level = np.maximum(floor, np.maximum(peak, paid) * keep)
    stop_bar = np.minimum(stop_bar, n)
    opens = prices.open[np.minimum(stop_bar, n - 1)]
    return stop_bar, np.where(opens < level, opens, level)


def falls_from_peak(closes: Floats, factor: float) -> Ints:
    """Shape (n + 1,): the first bar t ≥ x with close ≤ factor · highest close of x..t, or n."""
    n = len(closes)
    fallen = RangeIndex(closes).first_at_or_below(closes * factor, np.arange(n))
    out = np.full(n + 1, n, dtype=np.int64)
    out[:n] = np.minimum.accumulate(np.minimum(fallen, n)[::-1])[::-1]
    return out


def rises_above_entry(prices: Prices, factor: float, costs: Costs) -> Ints:
    """Shape (n + 1,): the first bar t ≥ e with close ≥ factor · price paid at e's open, or n."""
    n = len(prices)
    targets = prices.open * (1 + costs.slip) * factor
    out = np.full(n + 1, n, dtype=np.int64)
    out[:n] = RangeIndex(-prices.close).first_at_or_below(-targets, np.arange(n))
    return np.minimum(out, n)
