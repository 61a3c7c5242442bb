"""The report on a portfolio, drawn: growth, worth, and how far it fell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from stocksite.portfolios.reading_performance import Curves
from stocksite.reports import drawing, episodes
from stocksite.reports.building import common
from stocksite.reports.building.portfolio_inputs import PortfolioInputs
from stocksite.reports.content import (
    Block,
    Chart,
    Months,
    Section,
)


def growth(given: PortfolioInputs, curves: Curves) -> Chart:
    """Time-weighted growth in percent, beside the benchmark's if there is one."""
    name = f"{given.view.benchmark}, total return"
    lines = [("Portfolio", curves.growth_pct, 1)]
    if curves.benchmark_pct:
        lines.append((name, curves.benchmark_pct, 2))
    data = drawing.line_data(curves.days, lines, kind="percent", base=0.0)
    return Chart(
        "growth",
        "Growth against the benchmark" if curves.benchmark_pct else "Growth",
        "line",
        data,
        legend=tuple((label, series) for label, _, series in lines),
        note=_thinned("Time-weighted: what is paid in or taken out does not move it.", data),
    )


def worth(curves: Curves) -> Chart:
    """Value in dollars, beside what was paid in."""
    lines = [("Value", curves.values, 1), ("Paid in, net", curves.net_deposits, 2)]
    data = drawing.line_data(curves.days, lines, kind="money", area=True)
    return Chart(
        "worth",
        "Value and money paid in",
        "line",
        data,
        size="s",
        legend=tuple((label, series) for label, _, series in lines),
    )


def _thinned(note: str, data: Mapping[str, object]) -> str:
    every = data["every"]
    return note if every == 1 else f"{note} Every {every}th close is drawn."


def risk(given: PortfolioInputs) -> tuple[Section, ...]:
    """Drawdown, its deepest falls, volatility and the months; nothing before the first close."""
    curves, view = given.curves, given.view
    if curves is None:
        return ()
    below = drawing.line_data(
        curves.days,
        [("Below its high", curves.drawdown_pct, 5)],
        kind="percent",
        base=0.0,
        area=True,
        lowest=True,
    )
    blocks: list[Block] = [
        Chart("drawdown", "Below its high", "line", below, size="s"),
        common.drawdown_table(episodes.deepest(curves.days, curves.drawdown_pct)),
    ]
    daily = view.explain.daily if view.explain else ()
    if len(daily) > episodes.ROLLING:
        blocks.append(_wildness(curves.days[1:], [row.return_pct / 100 for row in daily]))
    blocks.append(
        Months.of(
            "months",
            "Return by month, percent",
            [(row.year, row.months_pct, row.total_pct) for row in view.monthly],
            note="Darker is further from zero; the sign says which way.",
        )
    )
    return (Section("risk", "Risk", tuple(blocks)),)


def _wildness(days: Sequence[date], returns: Sequence[float]) -> Chart:
    wild = episodes.rolling_volatility(returns)
    skip = episodes.ROLLING - 1
    data = drawing.line_data(days[skip:], [("Volatility", wild[skip:], 3)], kind="share")
    return Chart(
        "rolling",
        f"Volatility per year, over the last {episodes.ROLLING} sessions",
        "line",
        data,
        size="s",
    )
