"""GARCH(1,1) with its long-run variance set to the sample's: two numbers, fitted in a millisecond.

s[t+1] = ω + α·r[t]² + β·s[t], ω = v·(1 − α − β) (Bollerslev 1986; variance targeting: Engle and
Mezrich 1996). The normal likelihood is climbed by Fisher scoring with exact derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stocksite.forecast.series import decayed, log_returns
from stocksite.forecast.terms import GARCH_BARS, HORIZON, Floats

_MAX_STEPS: Final = 20
_GOOD_ENOUGH: Final = 1e-6
"""Gain in mean log-likelihood below which climbing stops."""
_LIMIT: Final = 0.9995
"""α + β stays below this: the variance has a level to return to."""
_LOWEST: Final = np.array([-2.0, -7.0])
_HIGHEST: Final = np.array([9.0, 2.0])
_CLIP: Final = 12.0
"""A day counts for at most this many standard deviations."""


@dataclass(frozen=True, slots=True)
class Garch:
    """A fitted model. Variances are of daily log returns."""

    long_run: float
    alpha: float
    beta: float
    next_variance: float
    """Variance of the day after the last one."""

    def cumulative(self, horizon: int = HORIZON) -> Floats:
        """Variance of the log return over 1 … `horizon` days, shape (horizon,)."""
        pull = (self.alpha + self.beta) ** np.arange(horizon)
        out: Floats = np.cumsum(self.long_run + pull * (self.next_variance - self.long_run))
        return out


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where the climb stands."""

    theta: Floats
    alpha: float
    beta: float
    variances: Floats
    value: float


def fit(closes: Floats) -> Garch:
    """Fit to the last ten years of closes (positive, adjusted, at least two)."""
    squares = log_returns(closes)[1:][-GARCH_BARS:] ** 2
    level = max(float(squares.mean()), 1e-10)
    squares = np.minimum(squares, _CLIP**2 * level)
    here = _stand(squares, level, np.array([4.0, -2.5]))
    for _ in range(_MAX_STEPS):
        there = _line_search(squares, level, here, _solve(*_slope(squares, level, here)))
        if there is None:
            break
        gain, here = there.value - here.value, there
        if gain < _GOOD_ENOUGH:
            break
    return Garch(level, here.alpha, here.beta, float(here.variances[-1]))


def _parameters(theta: Floats) -> tuple[float, float]:
    """Two free numbers to α and β: the sum's logit, and the logit of α's share of it."""
    total = _LIMIT / (1 + float(np.exp(-theta[0])))
    alpha = total / (1 + float(np.exp(-theta[1])))
    return alpha, total - alpha


def _variances(squares: Floats, level: float, alpha: float, beta: float) -> Floats:
    """s[0] … s[n]: the last one is of the day after the data."""
    inputs = np.empty(len(squares) + 1)
    inputs[0] = level
    inputs[1:] = level * (1 - alpha - beta) + alpha * squares
    return decayed(inputs, beta)


def _likelihood(squares: Floats, variances: Floats) -> float:
    known = variances[:-1]
    return -0.5 * float(np.mean(np.log(known) + squares / known))


def _stand(squares: Floats, level: float, theta: Floats) -> _Place:
    """The mean log-likelihood at θ, with what it was worked out from."""
    alpha, beta = _parameters(theta)
    variances = _variances(squares, level, alpha, beta)
    return _Place(theta, alpha, beta, variances, _likelihood(squares, variances))


def _slope(squares: Floats, level: float, at: _Place) -> tuple[Floats, Floats]:
    """Expected information and gradient of the mean log-likelihood, in θ."""
    alpha, beta, known = at.alpha, at.beta, at.variances[:-1]
    moved = np.zeros((2, len(known)))
    np.subtract(squares[:-1], level, out=moved[0, 1:])
    np.subtract(known[:-1], level, out=moved[1, 1:])
    by_alpha, by_beta = decayed(moved, beta)
    total = alpha + beta
    along_total, share = total * (1 - total / _LIMIT), alpha / total
    relative = np.empty_like(moved)
    np.multiply(along_total, share * by_alpha + (1 - share) * by_beta, out=relative[0])
    np.multiply(alpha * (1 - share), by_alpha - by_beta, out=relative[1])
    relative /= known
    surprise = squares / known - 1
    gradient: Floats = 0.5 * (relative * surprise).mean(axis=1)
    cross = float((relative[0] * relative[1]).mean())
    diagonal = (relative**2).mean(axis=1)
    return 0.5 * np.array([[diagonal[0], cross], [cross, diagonal[1]]]), gradient


def _solve(information: Floats, gradient: Floats) -> Floats:
    """A damped scoring step of at most 2 in each coordinate."""
    a, b, d = information[0, 0] + 1e-4, information[0, 1], information[1, 1] + 1e-4
    determinant = a * d - b * b
    step = np.array([d * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]])
    limited: Floats = np.clip(step / determinant, -2.0, 2.0)
    return limited


def _line_search(squares: Floats, level: float, here: _Place, step: Floats) -> _Place | None:
    """The first halving of the step that climbs, or None at the top."""
    for halving in range(6):
        tried = np.clip(here.theta + step / 2**halving, _LOWEST, _HIGHEST)
        there = _stand(squares, level, tried)
        if there.value > here.value:
            return there
    return None
