"""How likely the best of many tries is luck: deflated Sharpe, overfitting probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Final

import numpy as np

from stocksite.backtest.bars import Floats, Ints
from stocksite.backtest.honesty.onecore import product
from stocksite.portfolios.performance import probabilistic_sharpe

EULER_GAMMA: Final = 0.5772156649015329
_MAX_HALVES: Final = 12_870
_CELLS: Final = 500_000
"""Tries times halves looked at together: 4 MB per array."""


@dataclass(frozen=True, slots=True)
class Deflated:
    """The deflated Sharpe ratio and what it is made of; Sharpe ratios per period."""

    best: float
    trials: int
    variance: float
    threshold: float
    psr: float | None
    dsr: float | None


def expected_best(variance: float, trials: int) -> float:
    """The Sharpe ratio per period that the best of `trials` worthless tries is expected to reach.

    √Var(SR_k) · [(1 - γ)·Φ⁻¹(1 - 1/N) + γ·Φ⁻¹(1 - 1/(N·e))] (Bailey and López de Prado 2014,
    Journal of Portfolio Management 40(5)). 0 for a single try.
    """
    if trials < 2 or variance <= 0:
        return 0.0
    normal = NormalDist()
    first = normal.inv_cdf(1 - 1 / trials)
    second = normal.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - EULER_GAMMA) * first + EULER_GAMMA * second)


def deflated_sharpe(best_returns: Floats, sharpes: Floats) -> Deflated:
    """The probability that the chosen strategy's Sharpe ratio beats what luck alone would show.

    `best_returns` (n,) are its daily returns, `sharpes` (N,) the per-period Sharpe ratios of all
    tries, itself included (NaN, for tries that never traded, counts as 0). Population moments.
    """
    known = np.nan_to_num(sharpes)
    variance = float(known.var(ddof=1)) if len(known) > 1 else 0.0
    threshold = expected_best(variance, len(known))
    return Deflated(
        best=float(known.max()),
        trials=len(known),
        variance=variance,
        threshold=threshold,
        psr=probabilistic_sharpe(best_returns, corrected=False),
        dsr=probabilistic_sharpe(best_returns, benchmark=threshold, corrected=False),
    )


def overfitting_probability(sums: Floats, squares: Floats, bars: Ints) -> float:
    """PBO by combinatorially symmetric cross-validation, from sums over S blocks of days.

    `sums` and `squares`, shape (N, S): each try's returns and squared returns per block; `bars`
    (S,): days per block. For each half of the blocks the best in-sample Sharpe is found, ω is its
    rank among the others on the other half / (N + 1), and PBO the share of halves with ω ≤ 1/2
    (Bailey, Borwein, López de Prado, Zhu, Journal of Computational Finance 20(4)). Near 0.5 it says
    only that the best is no better than its neighbours.
    """
    count, blocks = sums.shape
    if blocks % 2 or math.comb(blocks, blocks // 2) > _MAX_HALVES:
        raise ValueError("an even number of blocks, at most 16")
    halves = np.zeros((math.comb(blocks, blocks // 2), blocks))
    for row, chosen in zip(halves, combinations(range(blocks), blocks // 2), strict=True):
        row[list(chosen)] = 1.0
    low = 0
    together = max(1, _CELLS // count)
    for first in range(0, len(halves), together):
        part = halves[first : first + together]
        inside = _sharpe(product(sums, part.T), product(squares, part.T), part @ bars)
        rest = 1 - part
        outside = _sharpe(product(sums, rest.T), product(squares, rest.T), rest @ bars)
        best = inside.argmax(axis=0)
        reached = outside[best, np.arange(len(part))]
        rank = 1 + (outside < reached).sum(axis=0)
        omega = rank / (count + 1)
        low += int((np.log(omega / (1 - omega)) <= 0).sum())
    return low / len(halves)


def _sharpe(sums: Floats, squares: Floats, bars: Floats) -> Floats:
    """Per-period Sharpe ratios from sums; 0 where nothing varies."""
    mean = sums / bars
    variance = (squares - sums * mean) / (bars - 1)
    flat = variance <= 1e-18
    ratio = mean / np.sqrt(np.where(flat, 1.0, variance))
    ratio[flat] = 0.0
    return ratio


def segment_sums(returns: Floats, edges: Ints) -> tuple[Floats, Floats]:
    """(sums, sums of squares) of each row over segments edges[j] .. edges[j + 1] - 1.

    Rows (N, n); edges ascending without repeats, from 0 to n; shapes (N, len(edges) - 1).
    """
    return (
        np.add.reduceat(returns, edges[:-1], axis=1),
        np.add.reduceat(np.square(returns), edges[:-1], axis=1),
    )


def block_edges(n: int, blocks: int) -> Ints:
    """Edges of `blocks` equal blocks over n days; the odd days are dropped at the start."""
    size = n // blocks
    return (n - size * blocks) + size * np.arange(blocks + 1)
