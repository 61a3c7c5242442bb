"""Drawdown: how far below its high an index stands, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stocksite.portfolios.performance.returns import annualise_trading, twr, twr_index
from stocksite.portfolios.performance.series import TRADING_DAYS, FloatArray, Numbers, floats

_NOISE: Final = 1e-12
"""Depths below this come from compounding in float64, not from the market."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of an index, as a fraction <= 0, and its bars (positions in the index).

    `peak` is the last bar at the high before the fall, `trough` the lowest, `recovery` the first
    back at that high (None if it has not come). Over the whole index, `longest_bars` counts the
    bars of the longest stay below a high, and `longest_between_highs` the bars from the first at a
    high to the next strictly higher one, if a loss lies between them (Portfolio Performance's
    duration). Both run to the end of the index if the last stay is not over.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    longest_bars: int
    longest_between_highs: int


def drawdowns(index: Numbers) -> FloatArray:
    """I_t / max(I_0..I_t) - 1, figures <= 0, as many as the index has points.

    `index` is a time-weighted index including its start (`twr_index`), or an equity without
    flows: elsewhere a withdrawal would look like a loss. ValueError when it does not start above 0
    or falls below it.
    """
    levels = floats(index, name="index")
    if levels.size and (levels[0] <= 0 or (levels < 0).any()):
        raise ValueError("an index starts above 0 and never falls below it")
    return levels / np.maximum.accumulate(levels) - 1.0


def max_drawdown(index: Numbers) -> Drawdown | None:
    """The deepest drawdown of an index with its bars and durations; None when it never fell."""
    depths = drawdowns(index)
    below = depths < -_NOISE
    if not below.any():
        return None
    trough = int(np.argmin(depths))
    whole = np.flatnonzero(~below)
    peak = int(whole[whole < trough][-1])
    recovered = whole[whole > trough]
    recovery = int(recovered[0]) if recovered.size else None
    return Drawdown(
        depth=float(depths[trough]),
        peak=peak,
        trough=trough,
        recovery=recovery,
        longest_bars=_longest_run(below),
        longest_between_highs=_longest_between_highs(floats(index, name="index"), below),
    )


def calmar(returns: Numbers, *, periods: int = TRADING_DAYS) -> float | None:
    """Yearly return, (1 + twr)^(periods / n) - 1, by the depth of the deepest drawdown.

    Over the whole series (Young 1991); None when it never fell.
    """
    series = floats(returns, name="returns")
    deepest = max_drawdown(twr_index(series))
    yearly = annualise_trading(twr(series), series.size, periods)
    if deepest is None or yearly is None:
        return None
    return yearly / abs(deepest.depth)


def _longest_run(flags: NDArray[np.bool_]) -> int:
    edges = np.diff(np.concatenate(([False], flags, [False])).astype(np.int8))
    return int((np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)).max())


def _longest_between_highs(levels: FloatArray, below: NDArray[np.bool_]) -> int:
    highest_before = np.maximum.accumulate(levels)[:-1]
    higher = np.flatnonzero(levels[1:] > highest_before * (1.0 + _NOISE)) + 1
    starts = np.concatenate(([0], higher))
    ends = np.concatenate((higher, [levels.size - 1]))
    losses = np.concatenate(([0], np.cumsum(below)))
    with_loss = losses[ends + 1] > losses[starts]
    return int((ends - starts)[with_loss].max())
