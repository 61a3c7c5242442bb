"""Measured figures put into the read model: percent points, dates, and why a figure is missing.

`FIGURES` lists them in the order pages, files and comparisons show them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from stocksite.portfolios.entries import EXACT
from stocksite.portfolios.measuring import Measured, Stretch, months, point_date
from stocksite.portfolios.parts import Holding, composition, contributions
from stocksite.portfolios.performance import best_day, worst_day
from stocksite.portfolios.periods import Span
from stocksite.portfolios.reading_performance import CompositionView, PerformanceView

NOTHING: Final = CompositionView((), ())


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the read model, as it is shown. `kind`: percent, ratio, money."""

    key: str
    label: str
    kind: str
    group: str


RETURN, RISK, AGAINST, MONEY = "Return", "Risk", "Against the benchmark", "Where it came from"
FIGURES: Final = (
    Figure("twr_pct", "Time-weighted return", "percent", RETURN),
    Figure("annualized_pct", "Per year, time-weighted", "percent", RETURN),
    Figure("xirr_pct", "Per year, money-weighted (XIRR)", "percent", RETURN),
    Figure("simple_return_pct", "Simple return", "percent", RETURN),
    Figure("modified_dietz_pct", "Modified Dietz return", "percent", RETURN),
    Figure("volatility_pct", "Volatility per year", "percent", RISK),
    Figure("max_drawdown_pct", "Deepest drawdown", "percent", RISK),
    Figure("sharpe", "Sharpe ratio", "ratio", RISK),
    Figure("sortino", "Sortino ratio", "ratio", RISK),
    Figure("calmar", "Calmar ratio", "ratio", RISK),
    Figure("best_day_pct", "Best day", "percent", RISK),
    Figure("worst_day_pct", "Worst day", "percent", RISK),
    Figure("benchmark_return_pct", "Benchmark, total return", "percent", AGAINST),
    Figure("tracking_difference_pct", "Ahead of the benchmark", "percent", AGAINST),
    Figure("alpha_pct", "Alpha per year", "percent", AGAINST),
    Figure("beta", "Beta", "ratio", AGAINST),
    Figure("opening_value", "Value at the start", "money", MONEY),
    Figure("net_flow", "Paid in, net", "money", MONEY),
    Figure("closing_value", "Value at the end", "money", MONEY),
    Figure("profit", "Profit", "money", MONEY),
    Figure("realized_pnl", "of it realized", "money", MONEY),
    Figure("unrealized_pnl", "of it unrealized", "money", MONEY),
    Figure("income", "of it dividends", "money", MONEY),
    Figure("fees", "less other fees", "money", MONEY),
)
"""All figures; the keys are fields of `PerformanceView`."""


def printed(figure: Figure, value: Decimal | float | None) -> Decimal | None:
    """A figure as it is printed: 2 places, half-even, money as it is; never a minus zero."""
    if value is None or isinstance(value, Decimal):
        return value
    shown = Decimal(repr(value)).quantize(Decimal("0.01"), context=EXACT)
    return shown if shown else abs(shown)


def view_of(
    portfolio_id: int,
    name: str,
    benchmark: str | None,
    span: Span,
    stretch: Stretch,
    measured: Measured,
    holdings: Sequence[Holding],
    cash: tuple[Decimal, Decimal],
    notes: dict[str, str],
) -> PerformanceView:
    """The read model of a stretch. `cash` is cash and dividends owed at its end."""
    fields = (
        _returns(stretch, measured)
        | _risk(stretch, measured)
        | _against(measured)
        | _money(stretch)
    )
    return PerformanceView(
        portfolio_id=portfolio_id,
        portfolio_name=name,
        period=span.period,
        start=stretch.start,
        end=stretch.end,
        since_start=stretch.opening is None,
        calendar_days=stretch.calendar_days,
        sessions=len(stretch.days),
        benchmark=benchmark,
        monthly=months(stretch, measured),
        contributions=contributions(stretch, holdings),
        composition=composition(stretch, holdings, cash),
        notes=_notes(stretch, measured, benchmark) | notes,
        **fields,
    )


def empty_view(portfolio_id: int, name: str, benchmark: str | None, span: Span) -> PerformanceView:
    """The read model of a span without a close: nothing is known, so nothing is 0."""
    absent = [figure.key for figure in FIGURES]
    absent += ["drawdown_peak", "drawdown_trough", "drawdown_recovery", "best_day", "worst_day"]
    unknown: dict[str, Any] = dict.fromkeys(absent)
    why = "No close of this portfolio has been written down in this span."
    return PerformanceView(
        portfolio_id=portfolio_id,
        portfolio_name=name,
        period=span.period,
        start=None,
        end=None,
        since_start=True,
        calendar_days=0,
        sessions=0,
        benchmark=benchmark,
        longest_drawdown_sessions=0,
        monthly=(),
        contributions=(),
        composition=NOTHING,
        notes={figure.key: why for figure in FIGURES},
        **unknown,
    )


def _pct(value: float | None) -> float | None:
    return None if value is None else value * 100


def _returns(stretch: Stretch, measured: Measured) -> dict[str, Any]:
    return {
        "twr_pct": measured.twr * 100,
        "annualized_pct": _pct(measured.annualized),
        "xirr_pct": _pct(measured.xirr.rate),
        "simple_return_pct": _pct(measured.simple),
        "modified_dietz_pct": _pct(measured.dietz),
    }


def _risk(stretch: Stretch, measured: Measured) -> dict[str, Any]:
    fall = measured.drawdown
    best, worst = best_day(measured.returns.returns), worst_day(measured.returns.returns)

    def day(point: int | None) -> date | None:
        return None if point is None else point_date(stretch, point)

    return {
        "volatility_pct": _pct(measured.volatility),
        "sharpe": measured.sharpe,
        "sortino": measured.sortino,
        "calmar": measured.calmar,
        "max_drawdown_pct": fall.depth * 100 if fall else 0.0,
        "drawdown_peak": day(fall.peak) if fall else None,
        "drawdown_trough": day(fall.trough) if fall else None,
        "drawdown_recovery": day(fall.recovery) if fall else None,
        "longest_drawdown_sessions": fall.longest_bars if fall else 0,
        "best_day_pct": best.value * 100 if best else None,
        "best_day": stretch.days[best.position].date if best else None,
        "worst_day_pct": worst.value * 100 if worst else None,
        "worst_day": stretch.days[worst.position].date if worst else None,
    }


def _against(measured: Measured) -> dict[str, Any]:
    return {
        "benchmark_return_pct": _pct(measured.benchmark_return),
        "tracking_difference_pct": _pct(measured.tracking_difference),
        "alpha_pct": _pct(measured.alpha),
        "beta": measured.beta,
    }


def _money(stretch: Stretch) -> dict[str, Any]:
    realized, income, fees = (stretch.grown(name) for name in ("realized", "income", "fees"))
    return {
        "opening_value": stretch.opening_value,
        "closing_value": stretch.days[-1].value,
        "net_flow": stretch.inflows - stretch.outflows,
        "profit": stretch.profit,
        "realized_pnl": realized,
        "unrealized_pnl": stretch.profit - realized - income + fees,
        "income": income,
        "fees": fees,
    }


def _notes(stretch: Stretch, measured: Measured, benchmark: str | None) -> dict[str, str]:
    """A sentence for every figure that is not defined."""
    notes: dict[str, str] = {}
    days = stretch.calendar_days
    if measured.annualized is None:
        notes["annualized_pct"] = f"Shown from 365 days on; this span has {days}."
    if measured.calmar is None:
        short = f"Shown from 365 days on; this span has {days}."
        notes["calmar"] = short if days < 365 else "The index never fell below its high."
    if measured.xirr.rate is None:
        notes["xirr_pct"] = measured.xirr.detail
    if measured.simple is None:
        notes["simple_return_pct"] = "There was no capital to earn on."
    if measured.dietz is None:
        few = "It needs at least a day between two closes."
        notes["modified_dietz_pct"] = few if days < 1 else "The average capital is not positive."
    if measured.volatility is None:
        notes["volatility_pct"] = "It needs at least two sessions."
    if measured.sharpe is None:
        notes["sharpe"] = "It needs at least two sessions with different returns."
    if measured.sortino is None:
        notes["sortino"] = "No session lost anything."
    if measured.returns.warning:
        count = int(measured.returns.undefined.sum())
        notes["twr_pct"] = f"{count} sessions began without capital and count as 0."
    if benchmark is None:
        for key in ("benchmark_return_pct", "tracking_difference_pct", "alpha_pct", "beta"):
            notes[key] = "No benchmark is chosen in the portfolio's settings."
    elif measured.benchmark_return is not None and measured.beta is None:
        notes["beta"] = notes["alpha_pct"] = "It needs at least two sessions."
    return notes
