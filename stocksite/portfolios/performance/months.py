"""Returns by the calendar: the table of months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from stocksite.portfolios.performance.series import Numbers, floats


@dataclass(frozen=True, slots=True)
class YearOfReturns:
    """A row of the table: twelve months from January (None where no day falls) and the year."""

    year: int
    months: tuple[float | None, ...]
    total: float


def monthly_table(dates: Sequence[date], returns: Numbers) -> list[YearOfReturns]:
    """Daily returns (n,) compounded by month and by year, oldest year first, no year left out.

    `dates` (n,) are the exchange's trading dates, ascending; ValueError otherwise.
    """
    series = floats(returns, name="returns", size=len(dates))
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise ValueError("dates ascend")
    growth: dict[tuple[int, int], float] = {}
    for day, change in zip(dates, series.tolist(), strict=True):
        month = (day.year, day.month)
        growth[month] = growth.get(month, 1.0) * (1.0 + change)
    if not growth:
        return []
    return [_year(year, growth) for year in range(dates[0].year, dates[-1].year + 1)]


def _year(year: int, growth: dict[tuple[int, int], float]) -> YearOfReturns:
    grown = [growth.get((year, month)) for month in range(1, 13)]
    total = float(np.prod([factor for factor in grown if factor is not None]))
    months = tuple(None if factor is None else factor - 1.0 for factor in grown)
    return YearOfReturns(year, months, total - 1.0)
