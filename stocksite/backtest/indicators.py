"""Indicators: arrays in, arrays of the same length out, NaN until there are enough bars.

Every value at t is made of bars 0..t only. Averages are exact: prices become whole ticks, windows
are differences of integer prefix sums, and one correctly rounded division makes equal averages
equal doubles, so that ties are ties.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from stocksite.backtest.bars import TICKS_PER_UNIT, Bools, Floats, ticks
from stocksite.portfolios.performance import TRADING_DAYS


def exact(values: Floats) -> Floats:
    """Prices rounded to whole ticks: what may be compared with `sma` for equality."""
    return np.asarray(np.rint(values * TICKS_PER_UNIT) / TICKS_PER_UNIT)


def sma(values: Floats, window: int, per_unit: int = TICKS_PER_UNIT) -> Floats:
    """Mean of the last `window` values, exact on ticks; NaN for the first window - 1 bars.

    `per_unit` ticks make 1: a million for prices, 1 for volumes.
    """
    return sma_many(values, [window], per_unit).reshape(-1)


def sma_many(values: Floats, windows: Sequence[int], per_unit: int = TICKS_PER_UNIT) -> Floats:
    """One row of `sma` per window, shape (len(windows), n). A NaN makes its windows NaN."""
    n = len(values)
    sums = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(ticks(values, per_unit), out=sums[1:])
    out = np.full((len(windows), n), np.nan)
    for row, window in zip(out, windows, strict=True):
        if window <= n:
            np.divide(sums[window:] - sums[:-window], window, out=row[window - 1 :])
    out /= per_unit
    gaps = np.isnan(values)
    if gaps.any():
        for row, window in zip(out, windows, strict=True):
            row[_any_in_window(gaps, window)] = np.nan
    return out


def ema(values: Floats, window: int) -> Floats:
    """Exponential average, weight 2/(window + 1), started at the first value."""
    return ema_many(values, [window]).reshape(-1)


def ema_many(values: Floats, windows: Sequence[int]) -> Floats:
    """One row of `ema` per window; NaN for the first window - 1 bars, while the start still shows.

    Leading NaNs are skipped; a later NaN keeps the last average.
    """
    spans = np.asarray(windows, dtype=np.float64)
    out = np.full((len(spans), len(values)), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return out
    first = int(known[0])
    if len(spans) == 1:
        _ema_row(values, first, float(spans[0]), out[0])
    else:
        weights = 2 / (spans + 1)
        level = np.full(len(spans), values[first])
        for t in range(first, len(values)):
            if values[t] == values[t]:
                level = level + weights * (values[t] - level)
            out[:, t] = level
    for row, window in zip(out, windows, strict=True):
        row[first : first + window - 1] = np.nan
    return out


def _ema_row(values: Floats, first: int, span: float, out: Floats) -> None:
    weight = 2 / (span + 1)
    level = float(values[first])
    row = []
    for value in values[first:].tolist():
        if value == value:
            level = level + weight * (value - level)
        row.append(level)
    out[first:] = row


def rsi(values: Floats, window: int) -> Floats:
    """Wilder's relative strength index, 0..100 (New Concepts in Technical Trading Systems, 1978).

    100 - 100/(1 + G/L), G and L the averages of gains and losses, started with the mean of the
    first `window` changes, then smoothed with 1/window. 50 where nothing moved.
    """
    out = np.full(len(values), np.nan)
    if len(values) <= window:
        return out
    changes = np.diff(values)
    gains, losses = np.maximum(changes, 0.0), np.maximum(-changes, 0.0)
    gain, loss = float(gains[:window].mean()), float(losses[:window].mean())
    row = [_strength(gain, loss)]
    keep = window - 1
    for up, down in zip(gains[window:].tolist(), losses[window:].tolist(), strict=True):
        gain = (gain * keep + up) / window
        loss = (loss * keep + down) / window
        row.append(_strength(gain, loss))
    out[window:] = row
    return out


def _strength(gain: float, loss: float) -> float:
    total = gain + loss
    return 100 * gain / total if total > 0 else (50.0 if total == 0 else np.nan)


def deviation(values: Floats, window: int) -> Floats:
    """Population standard deviation (ddof 0) of the last `window` values."""
    out = np.full(len(values), np.nan)
    if window <= len(values):
        out[window - 1 :] = sliding_window_view(values, window).std(axis=1)
    return out


def bollinger(values: Floats, window: int, width: float) -> tuple[Floats, Floats]:
    """(lower, upper) band: mean ∓ width · population deviation of the last `window` values."""
    middle, spread = sma(values, window), width * deviation(values, window)
    return middle - spread, middle + spread


def macd(values: Floats, fast: int, slow: int, signal: int) -> tuple[Floats, Floats]:
    """(line, signal): EMA(fast) - EMA(slow), and the EMA(signal) of that line (Appel)."""
    line = ema(values, fast) - ema(values, slow)
    return line, ema(line, signal)


def highest(values: Floats, window: int) -> Floats:
    """Highest of the `window` values before this bar (this bar not counted)."""
    out = np.full(len(values), np.nan)
    if window < len(values):
        out[window:] = sliding_window_view(values, window)[:-1].max(axis=1)
    return out


def lowest(values: Floats, window: int) -> Floats:
    """Lowest of the `window` values before this bar (this bar not counted)."""
    return -highest(-values, window)


def change(values: Floats, window: int) -> Floats:
    """Change over `window` bars in percent: 100 · (v[t]/v[t - window] - 1)."""
    out = np.full(len(values), np.nan)
    if window < len(values):
        out[window:] = 100 * (values[window:] / values[:-window] - 1)
    return out


def volatility(values: Floats, window: int) -> Floats:
    """Sample deviation of the last `window` simple returns · √252 · 100, in percent a year."""
    out = np.full(len(values), np.nan)
    if window < len(values):
        returns = values[1:] / values[:-1] - 1
        out[window:] = sliding_window_view(returns, window).std(axis=1, ddof=1)
    out *= 100 * np.sqrt(TRADING_DAYS)
    return out


def crossings(first: Floats, second: Floats) -> tuple[Bools, Bools]:
    """(up, down): bars where `first` passes `second`.

    Up at t: first > second, and the last strict relation before t was <. Equal or unknown (NaN)
    bars keep the relation there was, so a tie neither makes nor hides a crossing.
    """
    relation = (first > second).astype(np.int8) - (first < second).astype(np.int8)
    bars = np.arange(len(relation))
    last_strict = np.maximum.accumulate(np.where(relation != 0, bars, 0))
    standing = relation[last_strict]
    before = np.concatenate(([0], standing[:-1]))
    return (relation > 0) & (before < 0), (relation < 0) & (before > 0)


def _any_in_window(flags: Bools, window: int) -> Bools:
    sums = np.concatenate(([0], np.cumsum(flags)))
    starts = np.maximum(np.arange(len(flags)) + 1 - window, 0)
    return np.asarray(sums[1:] - sums[starts] > 0)
