"""One pass over the curves of all tries, gathering what every later judgement needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from stocksite.backtest.bars import Floats, Ints
from stocksite.backtest.honesty.overfitting import (
    block_edges,
    overfitting_probability,
    segment_sums,
)
from stocksite.backtest.honesty.reality import RESAMPLES, RealityCheck, RealityChecker
from stocksite.backtest.kernels.curves import deepest, return_rows, sharpe_rows

PBO_BLOCKS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Figures of N tries over the same n returns.

    `sharpe` (N,) per year (NaN: never traded), `max_drawdown` (N,), `final` (N,); monthly sums and
    squares of returns, shape (N, months), with their `month_edges`; the Reality Check against
    holding; PBO (None for fewer than two tries or a short history).
    """

    sharpe: Floats
    max_drawdown: Floats
    final: Floats
    month_sums: Floats
    month_squares: Floats
    month_edges: Ints
    reality: RealityCheck
    pbo: float | None


def gather(
    chunks: Iterable[tuple[int, int, Floats]],
    tries: int,
    benchmark: Floats,
    month_edges: Ints,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    progress: Callable[[float], None] | None = None,
) -> Evidence:
    """Read equity rows (first, last, rows of n + 1 closes) of `tries` combinations once.

    `benchmark` (n,): daily returns of holding. `progress` is told the fraction done.
    """
    n = len(benchmark)
    with_pbo = tries > 1 and n >= 10 * PBO_BLOCKS
    blocks = block_edges(n, PBO_BLOCKS) if with_pbo else np.array([0, n])
    cuts = np.unique(np.concatenate((month_edges, blocks, [0, n])))
    sums, squares = np.empty((tries, len(cuts) - 1)), np.empty((tries, len(cuts) - 1))
    sharpe, drawdown, final = np.empty(tries), np.empty(tries), np.empty(tries)
    checker = RealityChecker(benchmark, rng, resamples)
    for first, last, equity in chunks:
        returns = return_rows(equity)
        sums[first:last], squares[first:last] = segment_sums(returns, cuts)
        sharpe[first:last] = sharpe_rows(returns)
        drawdown[first:last] = deepest(equity)
        final[first:last] = equity[:, -1]
        checker.add(returns)
        if progress:
            progress(last / tries)
    return Evidence(
        sharpe,
        drawdown,
        final,
        _regrouped(sums, cuts, month_edges),
        _regrouped(squares, cuts, month_edges),
        month_edges,
        checker.result(),
        _pbo(sums, squares, cuts, blocks) if with_pbo else None,
    )


def _pbo(sums: Floats, squares: Floats, cuts: Ints, blocks: Ints) -> float:
    return overfitting_probability(
        _regrouped(sums, cuts, blocks), _regrouped(squares, cuts, blocks), np.diff(blocks)
    )


def _regrouped(parts: Floats, cuts: Ints, edges: Ints) -> Floats:
    """Sums over segments between `edges`, from sums over the finer `cuts`."""
    at = np.searchsorted(cuts, edges)
    inside = parts[:, at[0] : at[-1]]
    return np.asarray(np.add.reduceat(inside, at[:-1] - at[0], axis=1))
