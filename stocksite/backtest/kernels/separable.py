"""Sweeps of strategies whose entry and exit parameters separate: every combination at once.

The k-th trades of thousands of combinations are computed together: look up the next entry, look up
how it ends, buy and sell. Combinations that never trade again drop out now and then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stocksite.backtest.bars import Floats, Ints
from stocksite.backtest.kernels.hop import hop
from stocksite.backtest.kernels.log import Money, TradeLog
from stocksite.backtest.kernels.plans import Ways
from stocksite.backtest.terms import Terms

CHUNK: Final = 20_000
"""Combinations played together: their state stays in a core's cache."""
_COMPACT_EVERY: Final = 16
_COMPACT_BELOW: Final = 0.8


@dataclass(slots=True, eq=False)
class _State:
    """The combinations still trading; all arrays of one length."""

    ids: Ints
    enter_base: Ints
    code_base: Ints
    bar: Ints
    cash: Floats
    entries: Ints
    wins: Ints
    closed: Ints

    def keep(self, alive: Ints) -> _State:
        return _State(
            self.ids[alive],
            self.enter_base[alive],
            self.code_base[alive],
            self.bar[alive],
            self.cash[alive],
            self.entries[alive],
            self.wins[alive],
            self.closed[alive],
        )


class _Scratch:
    """Buffers of a few rounds; counters in bytes, which a few rounds cannot overflow."""

    def __init__(self, m: int) -> None:
        self.at, self.entry, self.code = (np.empty(m, dtype=np.int64) for _ in range(3))
        self.unit, self.gain, self.shares = (np.empty(m) for _ in range(3))
        self.enters, self.ends, self.flag = (np.empty(m, dtype=np.bool_) for _ in range(3))
        self.entries, self.wins, self.closed = (np.zeros(m, dtype=np.int8) for _ in range(3))
        self.poor = np.zeros(m, dtype=np.bool_)


class _Player:
    """One set of exits, many pairs of entry and exit rows."""

    def __init__(
        self, enter: Ints, codes: Ints, ways: Ways, unit: Floats, cash: float, terms: Terms
    ) -> None:
        self.n, self.cash, self.terms, self.ways = ways.n, cash, terms, ways
        self.enter_rows, self.code_rows, self.unit = enter, codes, unit
        self.fills = np.minimum(enter + 1, self.n).ravel()
        # Who never enters again buys for 1 and gets 1 back: nothing changes, without a branch.
        never = len(ways.price)
        codes[:, self.n] = never
        self.codes = codes.ravel()
        self.unit_or_never = np.append(unit, 1.0)
        self.price_or_never = np.append(ways.price, 1.0)
        self.bar_or_never = np.append(ways.bar, self.n)

    def money(self, a: Ints, b: Ints, start: int, out: Money) -> None:
        """Play pairs (entry row a[i], exit row b[i]) and write into `out`, in place."""
        m, width = len(a), self.n + 1
        zeros = np.zeros((3, m), dtype=np.int64)
        state = _State(
            np.arange(m),
            a * width,
            b * width,
            np.full(m, start),
            np.full(m, self.cash),
            *zeros,
        )
        stuck: list[Ints] = []
        while len(state.ids):
            self.rounds(state, stuck)
            self.write(state, out)
            alive = np.flatnonzero(state.bar < self.n)
            if len(alive) < _COMPACT_BELOW * len(state.ids):
                state = state.keep(alive)
        for i in np.unique(np.concatenate(stuck)) if stuck else ():
            self.one(int(i), int(a[i]), int(b[i]), start, out)

    def rounds(self, state: _State, stuck: list[Ints]) -> None:
        """The next few trades of every combination."""
        work = _Scratch(len(state.ids))
        for _ in range(_COMPACT_EVERY):
            self.look_up(state, work)
            self.trade(state, work)
        state.entries += work.entries
        state.wins += work.wins
        state.closed += work.closed
        if work.poor.any():
            stuck.append(state.ids[work.poor])

    def look_up(self, state: _State, work: _Scratch) -> None:
        """The next entry of each combination, how it ends, and both prices."""
        np.add(state.enter_base, state.bar, out=work.at)
        self.fills.take(work.at, out=work.entry, mode="clip")
        np.add(state.code_base, work.entry, out=work.at)
        self.codes.take(work.at, out=work.code, mode="clip")
        self.unit_or_never.take(work.entry, out=work.unit, mode="clip")
        self.price_or_never.take(work.code, out=work.gain, mode="clip")
        self.bar_or_never.take(work.code, out=state.bar, mode="clip")
        np.less(work.entry, self.n, out=work.enters)
        np.less(state.bar, self.n, out=work.ends)

    def trade(self, state: _State, work: _Scratch) -> None:
        """Buy and sell, and count."""
        shares, gain, fee = work.shares, work.gain, self.terms.costs.commission_per_trade
        if fee:
            np.subtract(state.cash, fee, out=shares)
            np.maximum(shares, 0.0, out=shares)
            np.divide(shares, work.unit, out=shares)
        else:
            np.divide(state.cash, work.unit, out=shares)
        if not self.terms.fractional:
            np.floor(shares, out=shares)
        np.greater(shares, 0.0, out=work.flag)
        work.poor |= work.enters & ~work.flag
        np.subtract(gain, work.unit, out=gain)
        np.multiply(shares, gain, out=gain)
        if fee:
            gain -= fee * (work.flag & work.enters)
            gain -= fee * (work.flag & work.ends)
        np.add(state.cash, gain, out=state.cash)
        np.greater(gain, 0.0, out=work.flag)
        np.logical_and(work.flag, work.ends, out=work.flag)
        np.add(work.entries, work.enters.view(np.int8), out=work.entries)
        np.add(work.closed, work.ends.view(np.int8), out=work.closed)
        np.add(work.wins, work.flag.view(np.int8), out=work.wins)

    @staticmethod
    def write(state: _State, out: Money) -> None:
        """Copy where the combinations stand."""
        out.final[state.ids] = state.cash
        out.entries[state.ids] = state.entries
        out.wins[state.ids] = state.wins
        out.closed[state.ids] = state.closed

    def one(self, i: int, a: int, b: int, start: int, out: Money) -> None:
        """A combination that once could not afford a share: walk it alone."""
        log = self.log(a, b, start)
        alone = log.money(float(self.ways.price[self.n]))
        out.final[i], out.entries[i] = alone.final[0], alone.entries[0]
        out.wins[i], out.closed[i] = alone.wins[0], alone.closed[0]

    def log(self, a: int, b: int, start: int) -> TradeLog:
        """The trades of one pair."""
        return hop(
            self.enter_rows[a],
            self.code_rows[b],
            self.ways,
            self.unit,
            self.cash,
            self.terms,
            start,
        )


def play_pairs(
    enter: Ints,
    leave: Ints,
    a: Ints,
    b: Ints,
    ways: Ways,
    unit: Floats,
    cash: float,
    terms: Terms,
    start: int = 0,
) -> Money:
    """The first tier for pairs (entry row a[i], exit row b[i]), i = 0..m-1, under one set of exits.

    `enter` and `leave` are tables of decisions, shapes (A, n + 1) and (B, n + 1), as `plans` makes
    them; `unit` what a share costs at each open. Sorting pairs by b, then a, keeps lookups close.
    """
    player = _Player(enter, ways.codes(leave), ways, unit, cash, terms)
    m = len(a)
    whole = Money(np.empty(m), *np.zeros((3, m), dtype=np.int64))
    for first in range(0, m, CHUNK):
        part = slice(first, min(first + CHUNK, m))
        view = Money(whole.final[part], whole.entries[part], whole.wins[part], whole.closed[part])
        player.money(a[part], b[part], start, view)
    return whole


def log_pairs(
    enter: Ints,
    leave: Ints,
    a: Ints,
    b: Ints,
    ways: Ways,
    unit: Floats,
    cash: float,
    terms: Terms,
    start: int = 0,
) -> TradeLog:
    """The trades of the same pairs, for curves and statistics; slower and kept in memory."""
    n, fee, width = ways.n, terms.costs.commission_per_trade, ways.n + 1
    fills, codes = np.minimum(enter + 1, n).ravel(), ways.codes(leave).ravel()
    ids, bar, purse = np.arange(len(a)), np.full(len(a), start), np.full(len(a), cash)
    found: list[tuple[Ints, Ints, Ints, Floats, Floats, Floats]] = []
    while len(ids):
        entry = fills[a[ids] * width + bar]
        alive = entry < n
        ids, entry, purse = ids[alive], entry[alive], purse[alive]
        shares = np.maximum((purse - fee) / unit[entry], 0.0)
        if not terms.fractional:
            np.floor(shares, out=shares)
        bought = shares > 0
        code = codes[b[ids] * width + entry]
        held = purse - shares * unit[entry] - fee
        exit_bar = ways.bar[code]
        after = np.where(exit_bar < n, held + shares * ways.price[code] - fee, held)
        row = (ids, entry, exit_bar, shares, held, after)
        found.append(tuple(column[bought] for column in row))
        # What could not be afforded is asked again at the close of that bar.
        purse, bar = np.where(bought, after, purse), np.where(bought, exit_bar, entry)
        alive = bar < n
        ids, bar, purse = ids[alive], bar[alive], purse[alive]
    return _in_order(found, len(a), n, cash)


def _in_order(
    found: list[tuple[Ints, Ints, Ints, Floats, Floats, Floats]], m: int, n: int, cash: float
) -> TradeLog:
    ids, *columns = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(ids, kind="stable")
    counts = np.bincount(ids, minlength=m)
    entry, leave, shares, held, after = (column[order] for column in columns)
    return TradeLog(
        n, cash, np.concatenate(([0], np.cumsum(counts))), entry, leave, shares, held, after
    )
