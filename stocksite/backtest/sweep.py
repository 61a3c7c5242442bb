"""Sweeps: one strategy over a grid of parameters, by the fastest kernel that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from stocksite.backtest import indicators
from stocksite.backtest.bars import Bools, Floats, Ints, Market, Prices
from stocksite.backtest.engine import run
from stocksite.backtest.grid import EXIT_AXES, Grid, merged_exits
from stocksite.backtest.kernels import curves
from stocksite.backtest.kernels.crossings import Lines, pair_events, play
from stocksite.backtest.kernels.hop import unit_costs
from stocksite.backtest.kernels.log import Money, TradeLog
from stocksite.backtest.kernels.plans import (
    Ways,
    both_tables,
    entry_reads,
    entry_table,
    exit_reads,
    exit_table,
    hoppable,
)
from stocksite.backtest.kernels.separable import log_pairs, play_pairs
from stocksite.backtest.strategies import strategy_class
from stocksite.backtest.terms import Exits, Terms

Progress = Callable[[float], None]
MAX_ROWS: Final = 2_000
"""Rows of next-event tables held at once (26 KB each for 3,270 bars)."""
_LINES: Final[dict[str, Lines]] = {
    "sma_cross": indicators.sma_many,
    "ema_cross": indicators.ema_many,
}


class Sweep(Protocol):
    """A grid, played. Combinations are numbered as in `grid.index`."""

    grid: Grid
    so_far: Money | None  # what `money` has filled in while it runs; NaN where it has not been

    def money(self, progress: Progress | None = None) -> Money:
        """The first tier, for all combinations."""

    def equity(self, which: Ints | None = None) -> Iterator[tuple[int, int, Floats]]:
        """(first, last, equity rows) over the combinations `which` (default all), in that order.

        Row r belongs to combination which[first + r]; columns are the closes of the window.
        """

    def held(self, which: Ints, bars: Ints) -> Bools:
        """Whether combinations `which` hold shares at the closes of `bars`, both in the market's
        own numbering; shape (len(which), len(bars)).
        """


def sweep(
    grid: Grid, market: Market, cash: float, terms: Terms, start: int = 0, stop: int | None = None
) -> Sweep:
    """Play `grid` over bars start..stop-1 with `cash` on the same terms as `engine.run`.

    The exits of `terms` hold where the grid does not vary them.
    """
    stop = len(market) if stop is None else stop
    if needs_loop(grid.strategy, market, terms):
        return LoopSweep(grid, market, cash, terms, start, stop)
    prices = market.prices[0].part(0, stop)
    plain = terms.exits == Exits() and not any(axis.name in EXIT_AXES for axis in grid.axes)
    if plain and grid.strategy in _LINES and not set(grid.fixed) & set(EXIT_AXES):
        return CrossingSweep(grid, prices, cash, terms, start)
    return HopSweep(grid, prices, cash, terms, start)


def needs_loop(strategy: str, market: Market, terms: Terms) -> bool:
    """Whether no kernel plays this, so that every combination goes through the bar loop."""
    prices = market.prices
    return len(prices) > 1 or not hoppable(strategy_class(strategy), terms, prices[0])


class CrossingSweep:
    """Pairs of windows whose lines cross."""

    def __init__(self, grid: Grid, prices: Prices, cash: float, terms: Terms, start: int) -> None:
        self.grid, self._closes, self._start = grid, prices.close, start
        pairs = np.stack([_values(grid, "fast"), _values(grid, "slow")], axis=1)
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        events = pair_events(prices.close, pairs[order], _LINES[grid.strategy])
        self.log = _take(play(events, prices, cash, terms, start), np.argsort(order))
        self.so_far: Money | None = None

    def money(self, progress: Progress | None = None) -> Money:
        """See Sweep."""
        return self.log.money(float(self._closes[self.log.n - 1]))

    def equity(self, which: Ints | None = None) -> Iterator[tuple[int, int, Floats]]:
        """See Sweep."""
        log = self.log if which is None else _take(self.log, which)
        yield from curves.chunks(log, self._closes, self._start)

    def held(self, which: Ints, bars: Ints) -> Bools:
        """See Sweep."""
        return curves.held_at(_take(self.log, which), bars)


class HopSweep:
    """Strategies with one table of entries and one of exits per combination of what they read."""

    def __init__(self, grid: Grid, prices: Prices, cash: float, terms: Terms, start: int) -> None:
        self.grid, self._prices, self._cash = grid, prices, cash
        self._terms, self._start = terms, start
        cls = strategy_class(grid.strategy)
        self._unit = unit_costs(prices, terms.costs)
        names = [axis.name for axis in grid.axes]
        self._entry_key = _keys(grid, [n for n in names if n in entry_reads(cls)])
        self._exit_key = _keys(grid, [n for n in names if n in exit_reads(cls)])
        self._exits_key = _keys(grid, [n for n in names if n in EXIT_AXES])
        self.so_far: Money | None = None

    def money(self, progress: Progress | None = None) -> Money:
        """See Sweep."""
        m = len(self.grid)
        out = self.so_far = Money(np.full(m, np.nan), *np.zeros((3, m), dtype=np.int64))
        done = 0
        for which in self._blocks(np.arange(m)):
            for part, a, b, enter, leave, exits in self._tables(which):
                ways = Ways.of(self._prices, exits, self._terms.costs)
                order = np.lexsort((a, b))
                got = play_pairs(
                    enter,
                    leave,
                    a[order],
                    b[order],
                    ways,
                    self._unit,
                    self._cash,
                    self._terms,
                    self._start,
                )
                for name in ("final", "entries", "wins", "closed"):
                    getattr(out, name)[part[order]] = getattr(got, name)
                done += len(part)
                if progress:
                    progress(done / m)
        return out

    def equity(self, which: Ints | None = None) -> Iterator[tuple[int, int, Floats]]:
        """See Sweep."""
        which = np.arange(len(self.grid)) if which is None else which
        for first in range(0, len(which), 1024):
            part = which[first : first + 1024]
            for low, high, rows in curves.chunks(self._log(part), self._prices.close, self._start):
                yield first + low, first + high, rows

    def held(self, which: Ints, bars: Ints) -> Bools:
        """See Sweep."""
        return curves.held_at(self._log(which), bars)

    def _log(self, which: Ints) -> TradeLog:
        logs, order = [], []
        for part, a, b, enter, leave, exits in self._tables(which):
            ways = Ways.of(self._prices, exits, self._terms.costs)
            logs.append(
                log_pairs(
                    enter, leave, a, b, ways, self._unit, self._cash, self._terms, self._start
                )
            )
            order.append(part)
        position = {int(c): i for i, c in enumerate(np.concatenate(order))}
        return _take(_join(logs), np.array([position[int(c)] for c in which], dtype=np.int64))

    def _blocks(self, which: Ints) -> Iterator[Ints]:
        rows = len(np.unique(self._entry_key)) + len(np.unique(self._exit_key))
        size = len(which) if rows <= MAX_ROWS else MAX_ROWS // 2
        for first in range(0, len(which), size):
            yield which[first : first + size]

    def _tables(self, which: Ints) -> Iterator[tuple[Ints, Ints, Ints, Ints, Ints, Exits]]:
        """(combinations, their entry rows, exit rows, entry table, exit table, exits) per exits."""
        prices, costs = self._prices, self._terms.costs
        _, at, a = np.unique(self._entry_key[which], return_index=True, return_inverse=True)
        enter_of = which[at].tolist()
        _, at, b = np.unique(self._exit_key[which], return_index=True, return_inverse=True)
        leave_of = which[at].tolist()
        if enter_of == leave_of:
            both = [both_tables(self.grid.of(i)[0], prices, costs) for i in enter_of]
            enter = np.array([pair[0] for pair in both])
            leave = np.array([pair[1] for pair in both])
        else:
            enter = np.array([entry_table(self.grid.of(i)[0], prices) for i in enter_of])
            leave = np.array([exit_table(self.grid.of(i)[0], prices, costs) for i in leave_of])
        kinds = self._exits_key[which]
        for kind in np.unique(kinds):
            mine = np.flatnonzero(kinds == kind)
            exits = merged_exits(self._terms.exits, self.grid.of(int(which[mine[0]]))[1])
            yield which[mine], a[mine], b[mine], enter, leave, exits


class LoopSweep:
    """Whatever needs the bar loop: several symbols, partial positions, other fill rules."""

    def __init__(
        self, grid: Grid, market: Market, cash: float, terms: Terms, start: int, stop: int
    ) -> None:
        self.grid, self._market, self._cash = grid, market, cash
        self._terms, self._start, self._stop = terms, start, stop
        self._rows: dict[int, Floats] = {}
        self._held: dict[int, Bools] = {}
        self.so_far: Money | None = None

    def money(self, progress: Progress | None = None) -> Money:
        """See Sweep."""
        m = len(self.grid)
        out = self.so_far = Money(np.full(m, np.nan), *np.zeros((3, m), dtype=np.int64))
        for i in range(m):
            strategy, exits = self.grid.of(i)
            done = run(
                strategy.decider(self._market),
                self._market,
                self._cash,
                replace(self._terms, exits=merged_exits(self._terms.exits, exits)),
                start=self._start,
                stop=self._stop,
            )
            self._rows[i], self._held[i] = done.equity, done.held
            out.final[i], out.entries[i] = done.final, len(done.trades)
            out.wins[i] = sum(trade.profit > 0 for trade in done.closed)
            out.closed[i] = len(done.closed)
            if progress:
                progress((i + 1) / m)
        return out

    def equity(self, which: Ints | None = None) -> Iterator[tuple[int, int, Floats]]:
        """See Sweep."""
        if not self._rows:
            self.money()
        which = np.arange(len(self.grid)) if which is None else which
        for first in range(0, len(which), curves.CHUNK):
            part = which[first : first + curves.CHUNK]
            yield first, first + len(part), np.array([self._rows[int(i)] for i in part])

    def held(self, which: Ints, bars: Ints) -> Bools:
        """See Sweep."""
        if not self._held:
            self.money()
        return np.array([self._held[int(i)][bars - self._start] for i in which])


def _values(grid: Grid, name: str) -> Ints:
    """A whole-number parameter of every combination."""
    default = {p.name: p.default for p in strategy_class(grid.strategy).parameters()}
    for i, axis in enumerate(grid.axes):
        if axis.name == name:
            return np.asarray(axis.values, dtype=np.int64)[grid.index[:, i]]
    return np.full(len(grid), int(grid.fixed.get(name, default[name])))


def _keys(grid: Grid, names: Sequence[str]) -> Ints:
    """One number per combination, equal where the named axes are at equal positions."""
    key = np.zeros(len(grid), dtype=np.int64)
    for i, axis in enumerate(grid.axes):
        if axis.name in names:
            key = key * len(axis.values) + grid.index[:, i]
    return key


def _take(log: TradeLog, which: Ints) -> TradeLog:
    """The trades of combinations `which`, renumbered in that order."""
    counts = np.diff(log.offsets)[which]
    offsets = np.concatenate(([0], np.cumsum(counts)))
    rows = np.repeat(log.offsets[which] - offsets[:-1], counts) + np.arange(offsets[-1])
    return TradeLog(
        log.n,
        log.start_cash,
        offsets,
        log.entry[rows],
        log.exit[rows],
        log.shares[rows],
        log.cash_held[rows],
        log.cash_after[rows],
    )


def _join(logs: Sequence[TradeLog]) -> TradeLog:
    counts = np.concatenate([np.diff(log.offsets) for log in logs])
    return TradeLog(
        logs[0].n,
        logs[0].start_cash,
        np.concatenate(([0], np.cumsum(counts))),
        np.concatenate([log.entry for log in logs]),
        np.concatenate([log.exit for log in logs]),
        np.concatenate([log.shares for log in logs]),
        np.concatenate([log.cash_held for log in logs]),
        np.concatenate([log.cash_after for log in logs]),
    )
