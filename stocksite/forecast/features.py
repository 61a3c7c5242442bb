"""What the pooled models see of a stock: seven volatilities and three recent moves.

Row t uses closes up to and including day t and nothing else; `tests/forecast/test_look_ahead.py`
shuffles the future to prove it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stocksite.forecast.series import ewma, log_returns, trailing_mean
from stocksite.forecast.terms import SHORT_BARS, Floats

_WINDOWS: Final = (5, 22, 66, 250)
_DECAYS: Final = (0.8, 0.94, 0.99)
_MOVES: Final = ((5, 66), (22, 22), (250, 250))
"""(days of the move, days of the volatility it is measured in)."""
FEATURES: Final = (
    *(f"vol_{n}" for n in _WINDOWS),
    *(f"ewma_{round(d * 100)}" for d in _DECAYS),
    *(f"move_{n}" for n, _ in _MOVES),
)
"""Names of the columns: logarithms of daily volatility, then moves in volatilities."""
_FLOOR: Final = 1e-10
"""Least daily variance: a price that never moves still has a logarithm."""


def matrix(closes: Floats) -> Floats:
    """Features of every day, shape (n, 10); rows before `SHORT_BARS` bars mean little.

    `closes` are positive, oldest first, adjusted for splits and dividends.
    """
    returns = log_returns(closes)
    squares = returns**2
    vols = {n: _log_vol(trailing_mean(squares, n)) for n in _WINDOWS}
    start = float(squares[1 : SHORT_BARS + 1].mean()) if len(closes) > 1 else 0.0
    smooth = [_log_vol(ewma(squares, decay, start)) for decay in _DECAYS]
    path = np.log(closes)
    moves = [_move(path, days) / (np.exp(vols[of]) * np.sqrt(days)) for days, of in _MOVES]
    return np.column_stack([*vols.values(), *smooth, *moves])


def latest(closes: Floats) -> Floats:
    """Features of the last day, shape (10,)."""
    last: Floats = matrix(closes)[-1]
    return last


def state(closes: Floats) -> float:
    """ln(EWMA-0.94 volatility / volatility of the whole history): below 0 is calmer than usual."""
    return float(states(closes)[-1])


def states(closes: Floats) -> Floats:
    """`state` of every day, shape (n,)."""
    squares = log_returns(closes) ** 2
    start = float(squares[1 : SHORT_BARS + 1].mean()) if len(closes) > 1 else 0.0
    usual = trailing_mean(squares, len(closes))
    out: Floats = _log_vol(ewma(squares, 0.94, start)) - _log_vol(usual)
    return out


def _log_vol(variance: Floats) -> Floats:
    out: Floats = 0.5 * np.log(np.maximum(variance, _FLOOR))
    return out


def _move(path: Floats, days: int) -> Floats:
    """Log return over `days`; since the first bar while there are fewer."""
    since = np.maximum(np.arange(len(path)) - days, 0)
    out: Floats = path - path[since]
    return out
