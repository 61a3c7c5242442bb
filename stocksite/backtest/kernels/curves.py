"""Equity curves of many combinations from their trades, a few rows at a time.

Nothing of size combinations × bars is ever held: a chunk of curves is made, read, thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from stocksite.backtest.bars import Bools, Floats, Ints
from stocksite.backtest.kernels.log import Money, TradeLog
from stocksite.portfolios.performance import TRADING_DAYS

CHUNK: Final = 64
"""Rows per chunk: some 3,000 bars of 64 curves stay in a core's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """The second tier, one entry per combination; see `portfolios.performance` for each figure.

    `sharpe` is NaN where returns do not vary (no trade), `max_drawdown` ≤ 0, `exposure` the share
    of bars with shares at the close.
    """

    money: Money
    sharpe: Floats
    max_drawdown: Floats
    exposure: Floats


def equity_rows(log: TradeLog, closes: Floats, first: int, last: int, start: int = 0) -> Floats:
    """Equity at each close of bars start..n-1 of combinations first..last-1, one row each."""
    offsets = log.offsets[first : last + 1]
    part = slice(int(offsets[0]), int(offsets[-1]))
    trades = offsets[-1] - offsets[0]
    rows = last - first
    # Segments of a row: flat, held, flat, held, …, flat: 2 · trades + 1 of them.
    base = 2 * (offsets[:-1] - offsets[0]) + np.arange(rows)
    owner = np.repeat(np.arange(rows), np.diff(offsets))
    held = 2 * np.arange(trades) + 1 + owner
    begins = np.empty(2 * trades + rows, dtype=np.int64)
    shares = np.zeros(len(begins))
    cash = np.empty(len(begins))
    begins[base], cash[base] = start, log.start_cash
    begins[held], begins[held + 1] = log.entry[part], log.exit[part]
    shares[held] = log.shares[part]
    cash[held], cash[held + 1] = log.cash_held[part], log.cash_after[part]
    ends = np.append(begins[1:], log.n)
    ends[base[1:] - 1] = log.n
    lengths = ends - begins
    bars = log.n - start
    equity = np.repeat(shares, lengths).reshape(rows, bars)
    equity *= closes[start : log.n]
    equity += np.repeat(cash, lengths).reshape(rows, bars)
    return equity


def return_rows(equity: Floats) -> Floats:
    """Simple returns per row, shape (rows, bars - 1)."""
    returns = equity[:, 1:] / equity[:, :-1]
    returns -= 1.0
    return returns


def chunks(
    log: TradeLog, closes: Floats, start: int = 0, rows: int = CHUNK
) -> Iterator[tuple[int, int, Floats]]:
    """(first, last, equity of combinations first..last-1) for all combinations in turn."""
    for first in range(0, log.combinations, rows):
        last = min(first + rows, log.combinations)
        yield first, last, equity_rows(log, closes, first, last, start)


def statistics(log: TradeLog, closes: Floats, start: int = 0) -> Statistics:
    """Sharpe, drawdown and exposure of every combination, beside its money."""
    m = log.combinations
    sharpe, drawdown = np.empty(m), np.empty(m)
    for first, last, equity in chunks(log, closes, start):
        drawdown[first:last] = deepest(equity)
        sharpe[first:last] = sharpe_rows(return_rows(equity))
    return Statistics(log.money(float(closes[log.n - 1])), sharpe, drawdown, exposure(log, start))


def deepest(equity: Floats) -> Floats:
    """min(E / running max of E - 1) per row."""
    peaks = np.maximum.accumulate(equity, axis=1)
    np.divide(equity, peaks, out=peaks)
    return np.asarray(peaks.min(axis=1) - 1.0)


def sharpe_rows(returns: Floats) -> Floats:
    """mean / sample deviation · √252 per row; NaN where a row does not vary."""
    n = returns.shape[1]
    mean = returns.mean(axis=1)
    centred = returns - mean[:, None]
    variance = np.einsum("ij,ij->i", centred, centred) / (n - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = mean / np.sqrt(variance) * np.sqrt(TRADING_DAYS)
    return np.where(variance > 0, ratio, np.nan)


def exposure(log: TradeLog, start: int = 0) -> Floats:
    """Share of the bars start..n-1 at whose close shares were held."""
    held = np.concatenate(([0], np.cumsum(log.exit - log.entry)))
    bars: Ints = held[log.offsets[1:]] - held[log.offsets[:-1]]
    return np.asarray(bars / max(log.n - start, 1))


def held_at(log: TradeLog, bars: Ints) -> Bools:
    """Whether shares are held at the closes of `bars`, shape (combinations, len(bars))."""
    out = np.zeros((log.combinations, len(bars)), dtype=np.bool_)
    for row, (first, last) in enumerate(zip(log.offsets[:-1], log.offsets[1:], strict=True)):
        part = slice(int(first), int(last))
        before = np.searchsorted(log.entry[part], bars, side="right") - 1
        known = before >= 0
        out[row, known] = bars[known] < log.exit[part][before[known]]
    return out
