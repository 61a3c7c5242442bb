"""Small sums over a series, in plain element-wise numpy: the same bits on every machine."""

from __future__ import annotations

import numpy as np

from stocksite.forecast.terms import Floats


def log_returns(closes: Floats) -> Floats:
    """r[t] = ln(close[t] / close[t−1]), with r[0] = 0; the length of `closes`."""
    path = np.log(closes)
    returns = np.zeros(len(closes))
    np.subtract(path[1:], path[:-1], out=returns[1:])
    return returns


def decayed(x: Floats, decay: float) -> Floats:
    """y[t] = x[t] + decay · y[t−1], by doubling: ten passes instead of a loop over days.

    Of several series, the rows of `x`, at once.
    """
    y = np.array(x, dtype=np.float64)
    days = y.shape[-1]
    earlier = np.empty_like(y)
    step, factor = 1, decay
    while step < days and factor > 1e-18:
        told = np.multiply(y[..., :-step], factor, out=earlier[..., step:])
        y[..., step:] += told
        step, factor = 2 * step, factor * factor
    return y


def ewma(x: Floats, decay: float, start: float) -> Floats:
    """Exponentially weighted mean of x, beginning at `start`: m[t] = d·m[t−1] + (1−d)·x[t]."""
    first = np.array((1 - decay) * x)
    first[0] += decay * start
    return decayed(first, decay)


def trailing_mean(x: Floats, window: int) -> Floats:
    """Mean of the last `window` values of x[1:], of fewer while there are fewer."""
    total = np.concatenate(([0.0], np.cumsum(x[1:])))
    count = np.arange(len(total))
    since = np.maximum(count - window, 0)
    out: Floats = (total - total[since]) / np.maximum(count - since, 1)
    return out
