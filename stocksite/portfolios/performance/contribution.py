"""Which position earned how much of the return."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stocksite.portfolios.performance.returns import DailyReturns
from stocksite.portfolios.performance.series import Numbers, floats


def contributions(profits: Mapping[str, Numbers], days: DailyReturns) -> dict[str, float]:
    """Each position's part of the time-weighted return, as a fraction.

    `profits` holds per position (n,) its profit of each day in cash: change of market value, less
    what was bought, plus what was sold and the dividends. A day's part is profit / capital of that
    day, carried at the index the day began with: TWR = sum_t r_t * I_{t-1}. So when the profits of
    a day sum to the portfolio's (give fees a row of their own), the parts sum to its TWR exactly,
    without a residual to hide.
    """
    began_at = np.concatenate(([1.0], np.cumprod(1.0 + days.returns)[:-1]))[: days.returns.size]
    weights = np.divide(began_at, days.bases, out=np.zeros_like(days.bases), where=~days.undefined)
    size = days.returns.size
    return {
        name: float(np.dot(floats(series, name=name, size=size), weights))
        for name, series in profits.items()
    }
