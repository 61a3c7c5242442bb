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


def fit(closes: Floats) -> Garch:
    """Fit to the last ten years of closes (positive, adjusted, at least two)."""
    squares = log_returns(closes)[1:][-GARCH_BARS:] ** 2
    level = max(float(squares.mean()), 1e-10)
    squares = np.minimum(squares, _CLIP**2 * level)
    theta = np.array([4.0, -2.5])
    value, gradient, information = _climb(squares, level, theta)
    for _ in range(_MAX_STEPS):
        step = _solve(information, gradient)
        better = _line_search(squares, level, theta, step, value)
        if better is None:
            break
        gain = better[0] - value
        value, theta = better
        if gain < _GOOD_ENOUGH:
            break
        value, gradient, information = _climb(squares, level, theta)
    alpha, beta = _parameters(theta)
    return Garch(level, alpha, beta, float(_variances(squares, level, alpha, beta)[-1]))


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


def _climb(squares: Floats, level: float, theta: Floats) -> tuple[float, Floats, Floats]:
    """Mean log-likelihood, its gradient and the expected information, in θ."""
    alpha, beta = _parameters(theta)
    variances = _variances(squares, level, alpha, beta)
    known = variances[:-1]
    by_alpha, by_beta = np.zeros(len(known)), np.zeros(len(known))
    by_alpha[1:] = decayed(squares[:-1] - level, beta)
    by_beta[1:] = decayed(known[:-1] - level, beta)
    total = alpha + beta
    along_total, share = total * (1 - total / _LIMIT), alpha / total
    by_sum = along_total * (share * by_alpha + (1 - share) * by_beta)
    by_share = alpha * (1 - share) * (by_alpha - by_beta)
    relative = np.stack([by_sum, by_share]) / known
    surprise = squares / known - 1
    gradient: Floats = 0.5 * (relative * surprise).mean(axis=1)
    cross = float((relative[0] * relative[1]).mean())
    diagonal = (relative**2).mean(axis=1)
    information = 0.5 * np.array([[diagonal[0], cross], [cross, diagonal[1]]])
    return _likelihood(squares, variances), gradient, information


def _solve(information: Floats, gradient: Floats) -> Floats:
    """A damped scoring step of at most 2 in each coordinate."""
    a, b, d = information[0, 0] + 1e-4, information[0, 1], information[1, 1] + 1e-4
    determinant = a * d - b * b
    step = np.array([d * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]])
    limited: Floats = np.clip(step / determinant, -2.0, 2.0)
    return limited


def _line_search(
    squares: Floats, level: float, theta: Floats, step: Floats, value: float
) -> tuple[float, Floats] | None:
    """The first halving of the step that climbs, or None at the top."""
    for halving in range(6):
        tried = np.clip(theta + step / 2**halving, [-2.0, -7.0], [9.0, 2.0])
        reached = _likelihood(squares, _variances(squares, level, *_parameters(tried)))
        if reached > value:
            return reached, tried
    return None
