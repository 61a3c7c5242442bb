"""From daily values to figures: the one place where pages, JSON and files get them from.

Everything is computed from snapshots as arrays by `portfolios/performance`; no ledger is replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from stocksite.core.calendar import xnys
from stocksite.core.money import ZERO, cents
from stocksite.portfolios import performance as rules
from stocksite.portfolios.performance import DailyReturns, Drawdown, FloatArray, Xirr
from stocksite.portfolios.reading_performance import Curves, DailyRow, MonthsView

NOTHING: Final = cents(ZERO)


@dataclass(frozen=True, slots=True)
class Day:
    """A snapshot as figures need it; sums are since the portfolio's beginning."""

    date: date
    value: Decimal
    inflow: Decimal
    outflow: Decimal
    net_deposits: Decimal
    realized: Decimal
    income: Decimal
    fees: Decimal


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days of a span, and the close it starts from (None: the portfolio's beginning)."""

    opening: Day | None
    days: tuple[Day, ...]
    benchmark: FloatArray | None = None
    """Daily total returns (n,) of the benchmark on the same days; None without one."""

    @property
    def start(self) -> date:
        """The day of the starting close, or the first session."""
        return self.opening.date if self.opening else self.days[0].date

    @property
    def end(self) -> date:
        """The day of the last close."""
        return self.days[-1].date

    @property
    def calendar_days(self) -> int:
        """Days between the two."""
        return (self.end - self.start).days

    @property
    def opening_value(self) -> Decimal:
        """Value at the start; 0 at the beginning."""
        return self.opening.value if self.opening else NOTHING

    @property
    def inflows(self) -> Decimal:
        """All that was paid in."""
        return sum((day.inflow for day in self.days), NOTHING)

    @property
    def outflows(self) -> Decimal:
        """All that was taken out."""
        return sum((day.outflow for day in self.days), NOTHING)

    @property
    def profit(self) -> Decimal:
        """Closing − opening − net flow."""
        return self.days[-1].value - self.opening_value - self.inflows + self.outflows

    def grown(self, name: str) -> Decimal:
        """How much a running sum (`realized`, `income`, `fees`) grew in the span."""
        before: Decimal = getattr(self.opening, name) if self.opening else NOTHING
        after: Decimal = getattr(self.days[-1], name)
        return after - before

    @property
    def dated_flows(self) -> list[tuple[date, Decimal]]:
        """Net flows of the days that have any: in positive, out negative."""
        return [
            (day.date, day.inflow - day.outflow) for day in self.days if day.inflow or day.outflow
        ]

    @property
    def investor_flows(self) -> list[tuple[date, Decimal]]:
        """What XIRR reads: money put in negative, taken out and the last value positive."""
        flows = [(day, -amount) for day, amount in self.dated_flows]
        if self.opening:
            flows.insert(0, (self.opening.date, -self.opening.value))
        return [*flows, (self.end, self.days[-1].value)]

    @property
    def average_capital(self) -> Decimal | None:
        """What Modified Dietz divides by; None for less than a day."""
        if self.calendar_days < 1:
            return None
        return rules.average_capital(self.opening_value, self._numbered, self.calendar_days)

    @property
    def dietz(self) -> float | None:
        """The Modified Dietz return, a fraction."""
        if self.calendar_days < 1:
            return None
        closing = self.days[-1].value
        return rules.modified_dietz(self.opening_value, closing, self._numbered, self.calendar_days)

    @property
    def _numbered(self) -> list[tuple[int, Decimal]]:
        return [((day - self.start).days, amount) for day, amount in self.dated_flows]


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a stretch as fractions and ratios, not yet rounded for anybody's eyes."""

    returns: DailyReturns
    index: FloatArray
    twr: float
    annualized: float | None
    xirr: Xirr
    simple: float | None
    dietz: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: Drawdown | None
    benchmark_return: float | None
    tracking_difference: float | None
    alpha: float | None
    beta: float | None


def measure(stretch: Stretch) -> Measured:
    """All figures of a stretch of at least one day."""
    returns = rules.daily_returns(
        [day.value for day in stretch.days],
        [day.inflow for day in stretch.days],
        [day.outflow for day in stretch.days],
        stretch.opening_value,
    )
    series = returns.returns
    index = rules.twr_index(series)
    total = rules.twr(series)
    against = stretch.benchmark
    return Measured(
        returns=returns,
        index=index,
        twr=total,
        annualized=rules.annualise_calendar(total, stretch.calendar_days),
        xirr=rules.xirr(stretch.investor_flows),
        simple=rules.simple_return(
            stretch.opening_value, stretch.days[-1].value, stretch.inflows, stretch.outflows
        ),
        dietz=stretch.dietz,
        volatility=rules.volatility(series),
        sharpe=rules.sharpe(series),
        sortino=rules.sortino(series),
        calmar=rules.calmar(series) if stretch.calendar_days >= 365 else None,
        drawdown=rules.max_drawdown(index),
        benchmark_return=None if against is None else rules.twr(against),
        tracking_difference=(
            None if against is None else rules.tracking_difference(series, against)
        ),
        alpha=None if against is None else rules.alpha(series, against),
        beta=None if against is None else rules.beta(series, against),
    )


def months(stretch: Stretch, measured: Measured) -> tuple[MonthsView, ...]:
    """Returns by month and year, percent points, oldest year first."""
    table = rules.monthly_table([day.date for day in stretch.days], measured.returns.returns)
    return tuple(
        MonthsView(
            row.year,
            tuple(None if month is None else month * 100 for month in row.months),
            row.total * 100,
        )
        for row in table
    )


def curves(stretch: Stretch, measured: Measured) -> Curves:
    """The lines of the charts, each from the starting close on."""
    first = stretch.days[0]
    if stretch.opening:
        began, value, paid = stretch.start, stretch.opening.value, stretch.opening.net_deposits
    else:
        before = xnys().previous(first.date)
        began = before.date if before else first.date
        value = paid = first.inflow
    against = () if stretch.benchmark is None else _growth(rules.twr_index(stretch.benchmark))
    return Curves(
        days=(began, *(day.date for day in stretch.days)),
        values=(float(value), *(float(day.value) for day in stretch.days)),
        net_deposits=(float(paid), *(float(day.net_deposits) for day in stretch.days)),
        growth_pct=_growth(measured.index),
        benchmark_pct=against,
        drawdown_pct=tuple((rules.drawdowns(measured.index) * 100).tolist()),
    )


def _growth(index: FloatArray) -> tuple[float, ...]:
    return tuple(((index - 1.0) * 100).tolist())


def point_date(stretch: Stretch, point: int) -> date:
    """The day of a point of the index, whose first is the start."""
    return stretch.start if point == 0 else stretch.days[point - 1].date


def daily_rows(stretch: Stretch, measured: Measured) -> tuple[DailyRow, ...]:
    """Every session of the stretch with its return."""
    own = (measured.returns.returns * 100).tolist()
    against: Sequence[float | None] = [None] * len(own)
    if stretch.benchmark is not None:
        against = (np.asarray(stretch.benchmark) * 100).tolist()
    return tuple(
        DailyRow(day.date, day.value, day.inflow, day.outflow, value, other)
        for day, value, other in zip(stretch.days, own, against, strict=True)
    )
