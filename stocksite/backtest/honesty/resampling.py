"""The stationary bootstrap (Politis and Romano 1994): blocks of geometric length, circular.

Blocks keep the dependence between neighbouring days that drawing single days destroys.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stocksite.backtest.bars import Floats, Ints
from stocksite.portfolios.performance import TRADING_DAYS

MEAN_BLOCK: Final = 20
"""Mean block length in trading days: about a month."""
_BATCH: Final = 256


def blocks(
    n: int, resamples: int, mean_block: float, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """(starts, lengths), shapes (resamples, k): every row's lengths sum to n; unused are 0.

    A block covers starts[i, j] .. starts[i, j] + lengths[i, j] - 1, modulo n, and is at most n.
    """
    expected = int(np.ceil(n / mean_block))
    k = expected + int(6 * np.sqrt(expected)) + 8
    lengths = rng.geometric(1 / mean_block, size=(resamples, k)).astype(np.int64)
    short = np.flatnonzero(lengths.sum(axis=1) < n)
    lengths[short, -1] += n  # Far out in the tail: the last block runs on.
    ends = np.minimum(np.cumsum(lengths, axis=1), n)
    lengths = np.diff(ends, axis=1, prepend=0)
    starts = rng.integers(0, n, size=(resamples, k))
    return starts, lengths


def counts(
    n: int, resamples: int, rng: np.random.Generator, mean_block: float = MEAN_BLOCK
) -> NDArray[np.float32]:
    """How often each resample draws each day, shape (n, resamples): means become one product."""
    out = np.empty((n, resamples), dtype=np.float32)
    for first in range(0, resamples, _BATCH):
        size = min(_BATCH, resamples - first)
        starts, lengths = blocks(n, size, mean_block, rng)
        row = np.arange(size)[:, None] * (2 * n + 1)
        opened = np.bincount((row + starts).ravel(), minlength=size * (2 * n + 1))
        closed = np.bincount((row + starts + lengths).ravel(), minlength=size * (2 * n + 1))
        drawn = np.cumsum((opened - closed).reshape(size, 2 * n + 1), axis=1)
        out[:, first : first + size] = (drawn[:, :n] + drawn[:, n : 2 * n]).T
    return out


def resampled_sums(
    columns: Floats, resamples: int, rng: np.random.Generator, mean_block: float = MEAN_BLOCK
) -> Floats:
    """Sums of each column over each resample, shape (resamples, c), for columns of shape (n, c)."""
    n, width = columns.shape
    prefix = np.zeros((2 * n + 1, width))
    np.cumsum(np.concatenate([columns, columns]), axis=0, out=prefix[1:])
    out = np.empty((resamples, width))
    for first in range(0, resamples, _BATCH):
        size = min(_BATCH, resamples - first)
        starts, lengths = blocks(n, size, mean_block, rng)
        for column in range(width):
            sums = prefix[:, column]
            out[first : first + size, column] = (sums[starts + lengths] - sums[starts]).sum(axis=1)
    return out


def sharpe_interval(
    returns: Floats,
    rng: np.random.Generator,
    resamples: int = 10_000,
    level: float = 0.95,
    mean_block: float = MEAN_BLOCK,
) -> tuple[float, float] | None:
    """Percentile interval of the yearly Sharpe ratio; None when returns do not vary."""
    n = len(returns)
    if n < 20 or np.ptp(returns) == 0:
        return None
    centre = float(returns.mean())
    shifted = returns - centre
    sums = resampled_sums(np.stack([shifted, shifted**2], axis=1), resamples, rng, mean_block)
    mean = sums[:, 0] / n
    variance = np.maximum(sums[:, 1] - n * mean**2, 1e-300) / (n - 1)
    ratios = (mean + centre) / np.sqrt(variance) * np.sqrt(TRADING_DAYS)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
