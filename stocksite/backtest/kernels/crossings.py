"""Sweeps of strategies whose signal is one line crossing another: all pairs at once.

The crossings of every pair are found on a matrix of comparisons per first line, ties aside; then
the k-th trade of all pairs is computed together, k = 0, 1, … The measured cost is one pass over the
comparisons (bandwidth) plus the trades there really are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stocksite.backtest.bars import Bools, Floats, Ints, Prices
from stocksite.backtest.indicators import crossings
from stocksite.backtest.kernels.log import TradeLog
from stocksite.backtest.terms import Terms

Lines = Callable[[Floats, Sequence[int]], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Crossings of m pairs: rows offsets[i]..offsets[i + 1]-1 of `bars`, alternating directions.

    `bars` are where the crossing shows (the decision), ascending; `up_first[i]` whether pair i
    crosses upwards first.
    """

    offsets: Ints
    bars: Ints
    up_first: Bools


def pair_events(closes: Floats, pairs: Ints, lines: Lines) -> Events:
    """Crossings of lines(fast) and lines(slow) for `pairs`, shape (m, 2), sorted by first column.

    `lines` is `indicators.sma_many` or `ema_many`; each window is computed once.
    """
    windows = np.unique(pairs)
    matrix = lines(closes, windows.tolist())
    row_of = {int(window): row for row, window in enumerate(windows)}
    known_from = np.array([_first_known(row) for row in matrix])
    rows = np.array([[row_of[int(f)], row_of[int(s)]] for f, s in pairs]).reshape(-1, 2)
    counts = np.empty(len(pairs), dtype=np.int64)
    up_first = np.empty(len(pairs), dtype=np.bool_)
    found: list[Ints] = []
    starts = np.flatnonzero(np.diff(rows[:, 0], prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        first, seconds = rows[start, 0], rows[start:stop, 1]
        valid = np.maximum(known_from[first], known_from[seconds])
        bars, counts[start:stop], up_first[start:stop] = _one_against_many(
            matrix[first], matrix[_span(seconds)], valid
        )
        found.append(bars)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    return Events(offsets, np.concatenate(found) if found else np.empty(0, np.int64), up_first)


def _span(rows: Ints) -> slice | Ints:
    """A slice where the rows follow one another, so that nothing is copied."""
    if rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _first_known(line: Floats) -> int:
    known = np.flatnonzero(~np.isnan(line))
    return int(known[0]) if len(known) else len(line)


def _one_against_many(first: Floats, others: Floats, valid: Ints) -> tuple[Ints, Ints, Bools]:
    """(bars of all crossings row by row, how many per row, whether the row starts upwards)."""
    n = len(first)
    above = first > others
    tied = (first == others).any(axis=1)
    flat = np.flatnonzero(above[:, 1:] != above[:, :-1])
    row, bar = np.divmod(flat, n - 1)
    bar += 1
    sound = (bar > valid[row]) & ~tied[row]
    row, bar = row[sound], bar[sound]
    if tied.any():
        row, bar = _with_ties(row, bar, first, others, np.flatnonzero(tied))
    counts = np.bincount(row, minlength=len(others))
    starts = np.cumsum(counts) - counts
    head = np.minimum(bar[np.minimum(starts, max(len(bar) - 1, 0))], n - 1) if len(bar) else valid
    up_first = above[np.arange(len(others)), np.minimum(head, n - 1)]
    return bar, counts, up_first


def _with_ties(
    row: Ints, bar: Ints, first: Floats, others: Floats, tied: Ints
) -> tuple[Ints, Ints]:
    """Add the rows that meet an exact tie, by the rule of the last strict relation."""
    rows, bars = [row], [bar]
    for each in tied:
        up, down = crossings(first, others[each])
        at = np.flatnonzero(up | down)
        rows.append(np.full(len(at), each))
        bars.append(at)
    row, bar = np.concatenate(rows), np.concatenate(bars)
    order = np.lexsort((bar, row))
    return row[order], bar[order]


def play(
    events: Events,
    prices: Prices,
    cash: float,
    terms: Terms,
    start: int = 0,
    stop: int | None = None,
) -> TradeLog:
    """Trade the events of all pairs under rule set R1 (with any costs, whole or fractional).

    Decisions from the close of bar `start`, fills at the next open, nothing at or after `stop`.
    """
    n = len(prices) if stop is None else stop
    entry, leave, offsets = _trades(events, start, n)
    shares = np.zeros(len(entry))
    held = np.empty(len(entry))
    after = np.empty(len(entry))
    costs = terms.costs
    buy = prices.open[:n] * (1 + costs.slip) * (1 + costs.rate)
    sell = np.append(prices.open[:n] * (1 - costs.slip) * (1 - costs.rate), 0.0)
    counts = np.diff(offsets)
    order = np.argsort(-counts, kind="stable")
    first_row, counts = offsets[:-1][order], counts[order]
    purse = np.full(len(order), cash)
    for k in range(int(counts[0]) if len(counts) else 0):
        m = int(np.searchsorted(-counts, -k, side="left"))
        rows = first_row[:m] + k
        unit, there = buy[entry[rows]], purse[:m]
        bought = np.maximum((there - costs.commission_per_trade) / unit, 0.0)
        if not terms.fractional:
            np.floor(bought, out=bought)
        there = there - bought * unit - costs.commission_per_trade * (bought > 0)
        shares[rows], held[rows] = bought, there
        closed = (bought > 0) & (leave[rows] < n)
        there = there + bought * sell[leave[rows]] - costs.commission_per_trade * closed
        purse[:m] = after[rows] = there
    return _without_empty(TradeLog(n, cash, offsets, entry, leave, shares, held, after))


def _trades(events: Events, start: int, n: int) -> tuple[Ints, Ints, Ints]:
    """(entry bars, exit bars or n, offsets per pair) of the events decided in start..n-2."""
    owner = np.repeat(np.arange(len(events.up_first)), np.diff(events.offsets))
    nth = np.arange(len(events.bars)) - events.offsets[:-1][owner]
    up = (nth % 2 == 0) == events.up_first[owner]
    fills = events.bars + 1
    enters = np.flatnonzero(up & (events.bars >= start) & (fills < n))
    last_of_pair = enters + 1 >= events.offsets[1:][owner[enters]]
    following = np.where(last_of_pair, 0, np.minimum(enters + 1, max(len(fills) - 1, 0)))
    leaves = np.where(last_of_pair, n, np.minimum(fills[following], n))
    counts = np.bincount(owner[enters], minlength=len(events.up_first))
    return fills[enters], leaves, np.concatenate(([0], np.cumsum(counts)))


def _without_empty(log: TradeLog) -> TradeLog:
    """Drop entries that could not buy a single share."""
    real = log.shares > 0
    if real.all():
        return log
    kept = np.concatenate(([0], np.cumsum(real)))
    return TradeLog(
        log.n,
        log.start_cash,
        kept[log.offsets],
        log.entry[real],
        log.exit[real],
        log.shares[real],
        log.cash_held[real],
        log.cash_after[real],
    )
