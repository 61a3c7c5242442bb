"""Trades of many backtests at once, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stocksite.backtest.bars import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """The first tier, one entry per combination: what it ends with, entries, winners.

    `final` is equity at the last close, `entries` positions opened, `wins` closed ones that earned
    money after fees, `closed` closed ones.
    """

    final: Floats
    entries: Ints
    wins: Ints
    closed: Ints

    @property
    def win_rate(self) -> Floats:
        """Share of closed trades that won; NaN without any."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.wins / self.closed)


@dataclass(frozen=True, slots=True, eq=False)
class TradeLog:
    """Trades of m combinations, ordered by combination, then time. Columns of one length T.

    Combination i owns rows offsets[i]..offsets[i + 1]-1. `entry` and `exit` are bars (exit n: still
    open; equal bars: stopped in the bar of entry), `shares` held, `cash_held` the cash while
    holding, `cash_after` the cash after the exit.
    """

    n: int
    start_cash: float
    offsets: Ints
    entry: Ints
    exit: Ints
    shares: Floats
    cash_held: Floats
    cash_after: Floats

    @property
    def combinations(self) -> int:
        """m."""
        return len(self.offsets) - 1

    def money(self, last_close: float) -> Money:
        """Final equity, entries and winners of each combination."""
        m = self.combinations
        owner = np.repeat(np.arange(m), np.diff(self.offsets))
        still_open = self.exit == self.n
        before = np.empty_like(self.cash_after)
        before[1:] = self.cash_after[:-1]
        filled = self.offsets[:-1][np.diff(self.offsets) > 0]
        before[filled] = self.start_cash
        won = (self.cash_after > before) & ~still_open
        final = np.full(m, self.start_cash)
        worth = self.cash_after + np.where(still_open, self.shares * last_close, 0.0)
        rows = np.flatnonzero(np.diff(self.offsets) > 0)
        final[rows] = worth[self.offsets[rows + 1] - 1]
        return Money(
            final,
            np.diff(self.offsets),
            np.bincount(owner[won], minlength=m),
            np.bincount(owner[~still_open], minlength=m),
        )
