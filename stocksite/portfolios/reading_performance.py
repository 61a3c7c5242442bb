"""What a portfolio earned, as pages, JSON and files show it: frozen read models.

`_pct` fields are percent points, ratios are plain numbers, money is Decimal, days are the
exchange's trading dates. None means that a figure is not defined; `notes` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Day = date
"""`date` for a class with a field of that name, which hides the type from who reads its hints."""


@dataclass(frozen=True, slots=True)
class MonthsView:
    """A year of monthly returns, January first; None where no day falls."""

    year: int
    months_pct: tuple[float | None, ...]
    total_pct: float


@dataclass(frozen=True, slots=True)
class ContributionView:
    """What one stock earned in the span, and what of it came from where."""

    symbol: str
    name: str
    sector: str
    opening_value: Decimal
    closing_value: Decimal
    net_bought: Decimal
    """Cash put into it less cash taken out, commissions included."""
    dividends: Decimal
    """Earned in the span, by ex-date."""
    profit: Decimal
    """closing − opening − net bought + dividends."""
    contribution_pct: float | None
    """Profit / average capital: these and the part of fees add up to the Modified Dietz return."""


@dataclass(frozen=True, slots=True)
class ShareView:
    """A part of the value at the end of the span."""

    label: str
    value: Decimal
    weight_pct: float


@dataclass(frozen=True, slots=True)
class CompositionView:
    """The value at the end of the span, divided three ways; each adds up to it."""

    stocks: tuple[ShareView, ...]
    sectors: tuple[ShareView, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a figure is what it is."""

    formula: str
    convention: str
    inputs: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...] = ()
    """The rows behind it where they are few; every day is under `daily`."""


@dataclass(frozen=True, slots=True)
class DailyRow:
    """One session as the figures saw it."""

    date: Day
    value: Decimal
    inflow: Decimal
    outflow: Decimal
    return_pct: float
    benchmark_return_pct: float | None


@dataclass(frozen=True, slots=True)
class Why:
    """All explanations, by the figure's name, and every session behind them."""

    figures: Mapping[str, Explanation]
    daily: tuple[DailyRow, ...]


@dataclass(frozen=True, slots=True)
class PerformanceView:
    """What a portfolio earned from one close to another, and at what risk."""

    portfolio_id: int
    portfolio_name: str
    period: str
    start: date | None
    """From this session's close; from the portfolio's first session when `since_start`."""
    end: date | None
    """To this session's close; None before the first snapshot."""
    since_start: bool
    calendar_days: int
    sessions: int
    twr_pct: float | None
    annualized_pct: float | None
    xirr_pct: float | None
    simple_return_pct: float | None
    modified_dietz_pct: float | None
    volatility_pct: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown_pct: float | None
    drawdown_peak: date | None
    drawdown_trough: date | None
    drawdown_recovery: date | None
    longest_drawdown_sessions: int
    best_day_pct: float | None
    best_day: date | None
    worst_day_pct: float | None
    worst_day: date | None
    benchmark: str | None
    benchmark_return_pct: float | None
    tracking_difference_pct: float | None
    alpha_pct: float | None
    beta: float | None
    opening_value: Decimal | None
    closing_value: Decimal | None
    net_flow: Decimal | None
    profit: Decimal | None
    """closing − opening − net flow = realized + unrealized + income − fees, all of the span."""
    realized_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    income: Decimal | None
    fees: Decimal | None
    monthly: tuple[MonthsView, ...]
    contributions: tuple[ContributionView, ...]
    composition: CompositionView
    notes: Mapping[str, str]
    """Why a figure is not there, by its name."""
    explain: Why | None = None


@dataclass(frozen=True, slots=True)
class Curves:
    """What the charts draw: one point more than there are sessions, the first being the start."""

    days: tuple[date, ...]
    values: tuple[float, ...]
    net_deposits: tuple[float, ...]
    growth_pct: tuple[float, ...]
    benchmark_pct: tuple[float, ...]
    """Empty without a benchmark."""
    drawdown_pct: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """A portfolio whose owner shows its returns; never its money."""

    rank: int
    portfolio_name: str
    username: str
    mine: bool
    since: date
    sessions: int
    twr_pct: float
    max_drawdown_pct: float
