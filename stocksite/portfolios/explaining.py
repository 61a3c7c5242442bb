"""Why a number is what it is: its formula, the convention behind it, its inputs, its rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from stocksite.portfolios.measuring import Measured, Stretch, daily_rows, point_date
from stocksite.portfolios.reading_performance import Explanation, PerformanceView, Why

_DAILY: Final = (
    "Trading days only. An inflow counts from the start of its day, an outflow at its end "
    "(Portfolio Performance's convention); a dividend counts on its ex-date."
)
_NO_RATE: Final = "The risk-free rate is 0. A year has 252 sessions. "
Rows = tuple[dict[str, Any], ...]


def explain(view: PerformanceView, stretch: Stretch, measured: Measured) -> Why:
    """An explanation for every figure of a view."""
    return Why(
        _returns(view, stretch, measured)
        | _money_weighted(view, stretch)
        | _risk(view, measured)
        | _drawdown(view, stretch, measured)
        | _days(view, stretch)
        | _benchmark(view, stretch, measured)
        | _money(view, stretch),
        daily_rows(stretch, measured),
    )


def _returns(view: PerformanceView, stretch: Stretch, measured: Measured) -> dict[str, Explanation]:
    return {
        "twr_pct": Explanation(
            "TWR = Π (1 + r) − 1 with r = (value + out) ÷ (value before + in) − 1",
            f"{_DAILY} What is paid in or taken out does not change it.",
            {
                "sessions": view.sessions,
                "index at the start": 1.0,
                "index at the end": float(measured.index[-1]),
            },
            _ends(stretch, measured),
        ),
        "annualized_pct": Explanation(
            "(1 + TWR) ^ (365 ÷ days) − 1",
            "Calendar days; shown from 365 days on: a good week is not a good year. Backtests "
            "use 252 ÷ sessions instead and call it CAGR.",
            {"twr_pct": view.twr_pct, "days": view.calendar_days},
        ),
    }


def _money_weighted(view: PerformanceView, stretch: Stretch) -> dict[str, Explanation]:
    flows = tuple({"date": day, "amount": amount} for day, amount in stretch.investor_flows)
    net = tuple({"date": day, "amount": amount} for day, amount in stretch.dated_flows)
    edges = {"value at the start": view.opening_value, "value at the end": view.closing_value}
    return {
        "xirr_pct": Explanation(
            "The rate r at which Σ flow ÷ (1 + r) ^ (days ÷ 365) = 0",
            "Actual days over 365. Money put in is negative, money taken out and the last value "
            "positive. Not shown below 30 days, without a change of sign, or when several rates "
            "fit.",
            {"flows": len(flows), "first": flows[0]["date"], "last": flows[-1]["date"]},
            flows,
        ),
        "simple_return_pct": Explanation(
            "(value + out − value before − in) ÷ (value before + in)",
            "It does not matter when money was paid in or taken out.",
            edges | {"paid in": stretch.inflows, "taken out": stretch.outflows},
            net,
        ),
        "modified_dietz_pct": Explanation(
            "(value − value before − Σ flow) ÷ (value before + Σ weight × flow), "
            "weight = days left ÷ days",
            "Every flow counts at the end of its day. What the stocks contributed adds up to it.",
            edges
            | {
                "net flow": view.net_flow,
                "average capital": stretch.average_capital,
                "days": view.calendar_days,
            },
            net,
        ),
    }


def _risk(view: PerformanceView, measured: Measured) -> dict[str, Explanation]:
    series = measured.returns.returns
    mean = float(np.mean(series)) * 100
    short = float(np.sqrt(np.mean(np.minimum(series, 0.0) ** 2))) * 100
    spread = float(np.std(series, ddof=1)) * 100 if series.size > 1 else None
    base = {"sessions": view.sessions, "mean daily return_pct": mean}
    return {
        "volatility_pct": Explanation(
            "standard deviation of daily returns × √252",
            "Simple returns on trading days, sample variance (n − 1).",
            base | {"standard deviation_pct": spread},
        ),
        "sharpe": Explanation(
            "mean daily return ÷ standard deviation × √252",
            _NO_RATE + "Sample variance (n − 1); Sharpe 1994.",
            base | {"standard deviation_pct": spread},
        ),
        "sortino": Explanation(
            "mean daily return ÷ √(mean of squared losses) × √252",
            _NO_RATE + "Gains count as 0 among the losses, over all sessions; Sortino 1994.",
            base | {"downside deviation_pct": short},
        ),
        "calmar": Explanation(
            "((1 + TWR) ^ (252 ÷ sessions) − 1) ÷ depth of the deepest drawdown",
            "Over the whole span, shown from 365 days on; Young 1991.",
            {
                "twr_pct": view.twr_pct,
                "sessions": view.sessions,
                "max_drawdown_pct": view.max_drawdown_pct,
            },
        ),
    }


def _drawdown(
    view: PerformanceView, stretch: Stretch, measured: Measured
) -> dict[str, Explanation]:
    fall = measured.drawdown
    rows: Rows = ()
    if fall is not None:
        points = [("high before the fall", fall.peak), ("lowest", fall.trough)]
        if fall.recovery is not None:
            points.append(("back at the high", fall.recovery))
        rows = tuple(
            {
                "what": what,
                "date": point_date(stretch, point),
                "index": float(measured.index[point]),
            }
            for what, point in points
        )
    return {
        "max_drawdown_pct": Explanation(
            "lowest of index ÷ highest index so far − 1",
            "Of the time-weighted index, so that money taken out is no loss; never above 0.",
            {
                "recovered": view.drawdown_recovery or "not yet",
                "longest stay below a high, sessions": view.longest_drawdown_sessions,
            },
            rows,
        )
    }


def _days(view: PerformanceView, stretch: Stretch) -> dict[str, Explanation]:
    found = {}
    for key, when in (("best_day_pct", view.best_day), ("worst_day_pct", view.worst_day)):
        found[key] = Explanation(
            "(value + out) ÷ (value before + in) − 1",
            _DAILY,
            {"session": when},
            _around(stretch, when),
        )
    return found


def _benchmark(
    view: PerformanceView, stretch: Stretch, measured: Measured
) -> dict[str, Explanation]:
    given = {"benchmark": view.benchmark, "sessions": view.sessions}
    both = {"twr_pct": view.twr_pct, "benchmark_return_pct": view.benchmark_return_pct}
    means: dict[str, Any] = {}
    if stretch.benchmark is not None:
        means = {
            "mean daily return_pct": float(np.mean(measured.returns.returns)) * 100,
            "mean daily return of the benchmark_pct": float(np.mean(stretch.benchmark)) * 100,
        }
    return {
        "benchmark_return_pct": Explanation(
            "Π (1 + b) − 1 with b = (close + dividend) ÷ (close before, in new shares) − 1",
            "Total return on the same days: dividends are reinvested at the ex-date's close.",
            given,
        ),
        "tracking_difference_pct": Explanation(
            "TWR − the benchmark's total return", "Percent points over the whole span.", both
        ),
        "alpha_pct": Explanation(
            "(mean daily return − beta × the benchmark's) × 252",
            _NO_RATE + "Arithmetic, per year.",
            means | {"beta": view.beta},
        ),
        "beta": Explanation(
            "covariance with the benchmark ÷ the benchmark's variance",
            "Daily simple returns of the same days, n − 1.",
            given | means,
        ),
    }


def _money(view: PerformanceView, stretch: Stretch) -> dict[str, Explanation]:
    ends = {"from": view.start, "to": view.end}
    value = "Cash + what is owned at the official close + dividends due."
    parts = {
        "realized": view.realized_pnl,
        "unrealized": view.unrealized_pnl,
        "dividends": view.income,
        "other fees": view.fees,
    }
    flows = tuple({"date": day, "amount": amount} for day, amount in stretch.dated_flows)
    return {
        "opening_value": Explanation(value, "0 before the first session.", ends),
        "closing_value": Explanation(value, "At the last close of the span.", ends),
        "net_flow": Explanation(
            "deposits − withdrawals", "A flow after the close belongs to the next day.", {}, flows
        ),
        "profit": Explanation(
            "value at the end − value at the start − net flow "
            "= realized + unrealized + dividends − other fees",
            "To the cent, in any span.",
            {
                "value at the start": view.opening_value,
                "value at the end": view.closing_value,
                "net flow": view.net_flow,
            }
            | parts,
        ),
        **_sources(view, ends, parts),
    }


def _sources(
    view: PerformanceView, ends: dict[str, Any], parts: dict[str, Any]
) -> dict[str, Explanation]:
    """Where a profit came from: four sums that add up to it."""
    return {
        "realized_pnl": Explanation(
            "Σ proceeds − cost of the shares sold",
            "Cost by the portfolio's method; commissions are inside cost and proceeds.",
            ends,
        ),
        "unrealized_pnl": Explanation(
            "profit − realized − dividends + other fees",
            "How much the gain of what is owned grew: market value − cost.",
            {"profit": view.profit} | parts,
        ),
        "income": Explanation(
            "Σ shares held when the ex-date opens × cash per share",
            "Counted on the ex-date; cash arrives on the pay-date, or at once where it is unknown.",
            ends,
        ),
        "fees": Explanation(
            "Σ fees outside trades", "Commissions of trades are inside cost and proceeds.", ends
        ),
    }


def _ends(stretch: Stretch, measured: Measured) -> Rows:
    """The last sessions; all of them are in the daily rows."""
    shown = daily_rows(stretch, measured)[-5:]
    return tuple(_row(r.date, r.value, r.inflow, r.outflow, r.return_pct) for r in shown)


def _around(stretch: Stretch, when: date | None) -> Rows:
    """A session and the one before it."""
    at = next((i for i, day in enumerate(stretch.days) if day.date == when), None)
    if at is None:
        return ()
    before = stretch.days[at - 1] if at else stretch.opening
    found = [day for day in (before, stretch.days[at]) if day is not None]
    return tuple(_row(day.date, day.value, day.inflow, day.outflow, None) for day in found)


def _row(
    day: date, value: Decimal, inflow: Decimal, outflow: Decimal, change: float | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"date": day, "value": value, "in": inflow, "out": outflow}
    return row if change is None else row | {"return_pct": change}
