"""Returns: per day, over a period, per year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stocksite.core.money import ZERO
from stocksite.portfolios.performance.series import TRADING_DAYS, FloatArray, Numbers, floats

_DAYS_PER_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class DailyReturns:
    """Flow-adjusted returns of n days, and what they were earned on.

    `returns` (n,) as fractions; `bases` (n,) the capital each day began with, in cash; `undefined`
    (n,) marks days that began with none: their return is 0 and a page should say so.
    """

    returns: FloatArray
    bases: FloatArray
    undefined: NDArray[np.bool_]

    @property
    def warning(self) -> bool:
        """Whether any day's return is undefined and counted as 0."""
        return bool(self.undefined.any())


@dataclass(frozen=True, slots=True)
class DayReturn:
    """One day's return as a fraction, and its position in the series."""

    position: int
    value: float


def daily_returns(
    values: Numbers,
    inflows: Numbers,
    outflows: Numbers,
    opening: Decimal | float = 0.0,
) -> DailyReturns:
    """r_t = (V_t + out_t) / (V_{t-1} + in_t) - 1: inflows at start of day, outflows at its end.

    `values` (n,) are closing equities, `inflows` and `outflows` (n,) that day's external flows,
    both never negative; `opening` is the equity before the first day (0 for a new portfolio).
    ValueError for a negative flow, unequal lengths or a number that is not finite.
    Convention of Portfolio Performance's ClientIndex.
    """
    closing = floats(values, name="values")
    paid_in = floats(inflows, name="inflows", size=closing.size)
    paid_out = floats(outflows, name="outflows", size=closing.size)
    if (paid_in < 0).any() or (paid_out < 0).any():
        raise ValueError("inflows and outflows are amounts, never negative")
    before = np.concatenate(([float(opening)], closing[:-1])) if closing.size else closing
    bases = before + paid_in
    undefined = bases <= 0
    growth = np.divide(closing + paid_out, bases, out=np.ones_like(bases), where=~undefined)
    return DailyReturns(growth - 1.0, bases, undefined)


def returns_of(equity: Numbers) -> FloatArray:
    """Simple returns (n-1,) of a series of n equities or prices without flows between them.

    ValueError when a value that is divided by is not positive.
    """
    values = floats(equity, name="equity")
    if (values[:-1] <= 0).any():
        raise ValueError("equity is not positive throughout")
    return values[1:] / values[:-1] - 1.0


def twr_index(returns: Numbers, start: float = 1.0) -> FloatArray:
    """The growth of `start`: n+1 points I_0 = start, I_t = I_{t-1} * (1 + r_t)."""
    growth = 1.0 + floats(returns, name="returns")
    return start * np.concatenate(([1.0], np.cumprod(growth)))


def twr(returns: Numbers) -> float:
    """Time-weighted return of the period: prod(1 + r_t) - 1; 0 for no days."""
    return float(np.prod(1.0 + floats(returns, name="returns")) - 1.0)


def simple_return(
    opening: Decimal, closing: Decimal, inflows: Decimal, outflows: Decimal
) -> float | None:
    """Profit on the capital put in: (V_1 + out - V_0 - in) / (V_0 + in); None without capital.

    It ignores when the flows came. All four in cash; flows are totals, never negative.
    """
    capital = opening + inflows
    if capital <= 0:
        return None
    return float((closing + outflows - capital) / capital)


def modified_dietz(
    opening: Decimal,
    closing: Decimal,
    flows: Sequence[tuple[int, Decimal]],
    days: int,
) -> float | None:
    """(V_1 - V_0 - sum F) / (V_0 + sum w F), with w = (T - t) / T: Modified Dietz.

    `flows` are (day t in 0..T, signed amount: in positive, out negative), `days` is T. None when
    the average capital is not positive. ValueError for days < 1 or a flow outside the period.
    """
    if days < 1 or any(not 0 <= day <= days for day, _ in flows):
        raise ValueError(f"flows lie within a period of at least a day, 0 to {days}")
    gain = closing - opening - sum((amount for _, amount in flows), ZERO)
    capital = average_capital(opening, flows, days)
    return float(gain / capital) if capital > 0 else None


def average_capital(opening: Decimal, flows: Sequence[tuple[int, Decimal]], days: int) -> Decimal:
    """V_0 + sum w F, with w = (T - t) / T: what Modified Dietz divides by; may be 0 or less."""
    return opening + sum((amount * (days - day) for day, amount in flows), ZERO) / days


def best_day(returns: Numbers) -> DayReturn | None:
    """The highest return, the first of equals; None for no days."""
    series = floats(returns, name="returns")
    if not series.size:
        return None
    position = int(np.argmax(series))
    return DayReturn(position, float(series[position]))


def worst_day(returns: Numbers) -> DayReturn | None:
    """The lowest return, the first of equals; None for no days."""
    series = floats(returns, name="returns")
    if not series.size:
        return None
    position = int(np.argmin(series))
    return DayReturn(position, float(series[position]))


def annualise_calendar(total_return: float, days: int) -> float | None:
    """(1 + r)^(365 / days) - 1, for portfolios: None for less than a year.

    `days` are calendar days. Shorter periods are not scaled up: a good week is not a good year.
    """
    if days < _DAYS_PER_YEAR:
        return None
    return _compound(total_return, _DAYS_PER_YEAR / days)


def annualise_trading(total_return: float, bars: int, periods: int = TRADING_DAYS) -> float | None:
    """(1 + r)^(periods / bars) - 1, for backtests ("CAGR"): None without bars.

    `bars` is the number of returns, one less than the number of equities.
    """
    return _compound(total_return, periods / bars) if bars > 0 else None


def _compound(total_return: float, exponent: float) -> float:
    return float(max(1.0 + total_return, 0.0) ** exponent) - 1.0
