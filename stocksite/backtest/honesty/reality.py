"""White's Reality Check: is the best of many tries better than simply holding, or lucky?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stocksite.backtest.bars import Floats
from stocksite.backtest.honesty.onecore import product
from stocksite.backtest.honesty.resampling import MEAN_BLOCK, counts

RESAMPLES: Final = 1_000


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """`statistic` is √n · the best mean daily excess; `p_value` how often luck does as well."""

    statistic: float
    p_value: float
    best: int
    trials: int
    resamples: int


class RealityChecker:
    """Collects tries a chunk at a time, so that no matrix of all returns is ever held.

    H0: no try has a higher mean daily return than the benchmark (White 2000, Econometrica 68(5)).
    V = max_k √n·mean(d_k), d_k = r_k - benchmark; p = share of stationary-bootstrap worlds in which
    max_k √n·(mean*(d_k) - mean(d_k)) ≥ V.
    """

    def __init__(
        self,
        benchmark: Floats,
        rng: np.random.Generator,
        resamples: int = RESAMPLES,
        mean_block: float = MEAN_BLOCK,
    ) -> None:
        self._n = len(benchmark)
        self._counts = counts(self._n, resamples, rng, mean_block) / np.float32(self._n)
        self._benchmark = benchmark
        self._worlds: NDArray[np.float64] = np.full(resamples, -math.inf)
        self._best = (-math.inf, 0)
        self._trials = 0

    def add(self, returns: Floats) -> None:
        """Add tries: daily returns, shape (rows, n), over the same days as the benchmark."""
        excess = returns - self._benchmark
        means = excess.mean(axis=1)
        excess -= means[:, None]
        # Doubles become floats only after centring, so that their errors stay far below a day's.
        worlds = product(excess.astype(np.float32), self._counts)
        np.maximum(self._worlds, worlds.max(axis=0), out=self._worlds)
        top = int(means.argmax())
        self._best = max(self._best, (float(means[top]), self._trials + top), key=lambda b: b[0])
        self._trials += len(returns)

    def result(self) -> RealityCheck:
        """The verdict over everything added."""
        if not self._trials:
            raise ValueError("nothing was tried")
        mean, best = self._best
        # Tolerance for doubles: without it an all-flat world would not count as a tie.
        lucky = int((self._worlds >= mean - 1e-15).sum())
        return RealityCheck(
            statistic=math.sqrt(self._n) * mean,
            p_value=lucky / len(self._worlds),
            best=best,
            trials=self._trials,
            resamples=len(self._worlds),
        )
