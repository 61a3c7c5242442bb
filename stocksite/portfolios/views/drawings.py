"""The charts of the performance pages: SVG drawings with the rows of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from markupsafe import Markup

from stocksite.portfolios.reading_performance import CompositionView, Curves, PerformanceView
from stocksite.web import svg
from stocksite.web.format import percent

_DAILY_ROWS: Final = 45
"""Longer spans are told month by month in their tables."""
_HEAT: Final = (0.5, 2.0, 5.0, 10.0)
"""Percent points from which a month is coloured a step stronger."""


@dataclass(frozen=True, slots=True)
class Point:
    """A row of the charts' tables."""

    day: date
    value: float
    paid: float
    growth_pct: float
    benchmark_pct: float | None
    drawdown_pct: float


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A month in the table of months: its return and how strongly it is coloured."""

    value: float | None
    tone: str


@dataclass(frozen=True, slots=True)
class Charts:
    """Everything the page draws."""

    growth: Markup
    value: Markup
    drawdown: Markup
    rows: tuple[Point, ...]
    """Latest first: each session, or the last of each month."""
    daily: bool
    months: tuple[tuple[int, tuple[HeatCell, ...], HeatCell], ...]
    stocks: tuple[dict[str, Any], ...]
    sectors: tuple[dict[str, Any], ...]


def charts(view: PerformanceView, curves: Curves) -> Charts:
    """The charts of one portfolio over a span."""
    name = view.portfolio_name
    lines = [svg.Line("Portfolio", curves.growth_pct, series=1)]
    if curves.benchmark_pct:
        lines.append(svg.Line(f"{view.benchmark}", curves.benchmark_pct, series=2))
    return Charts(
        growth=svg.line_chart(
            curves.days, lines, title=f"Growth of {name}", base=0.0, kind="percent"
        ),
        value=svg.line_chart(
            curves.days,
            (
                svg.Line("Value", curves.values, series=1, area=True),
                svg.Line("Paid in", curves.net_deposits, series=2),
            ),
            title=f"Value of {name}",
        ),
        drawdown=drawdowns(curves.days, [(name, curves.drawdown_pct)], f"Drawdown of {name}"),
        rows=_told(curves),
        daily=len(curves.days) <= _DAILY_ROWS,
        months=tuple(
            (row.year, tuple(map(_heat, row.months_pct)), _heat(row.total_pct))
            for row in reversed(view.monthly)
        ),
        stocks=_slices(view.composition, "stocks"),
        sectors=_slices(view.composition, "sectors"),
    )


def drawdowns(
    days: Sequence[date], series: Sequence[tuple[str, Sequence[float | None]]], title: str
) -> Markup:
    """How far below their highs: areas hanging from 0."""
    lines = [
        svg.Line(label, values, series=n, area=len(series) == 1, foot=0.0)
        for n, (label, values) in enumerate(series, start=1)
    ]
    return svg.line_chart(days, lines, title=title, base=0.0, kind="percent", size="s")


def growth(
    days: Sequence[date], series: Sequence[tuple[str, Sequence[float | None]]], title: str
) -> Markup:
    """Several time-weighted growths from 0 on."""
    lines = [svg.Line(label, values, series=n) for n, (label, values) in enumerate(series, start=1)]
    return svg.line_chart(days, lines, title=title, base=0.0, kind="percent")


def _told(curves: Curves) -> tuple[Point, ...]:
    against: Sequence[float | None] = curves.benchmark_pct or [None] * len(curves.days)
    points = [
        Point(*row)
        for row in zip(
            curves.days,
            curves.values,
            curves.net_deposits,
            curves.growth_pct,
            against,
            curves.drawdown_pct,
            strict=True,
        )
    ]
    if len(points) > _DAILY_ROWS:
        points = list({(p.day.year, p.day.month): p for p in points}.values())
    return tuple(reversed(points))


def _heat(value: float | None) -> HeatCell:
    """A step of colour; what prints as 0.00 has none."""
    if value is None:
        return HeatCell(None, "")
    step = sum(abs(value) >= limit for limit in _HEAT)
    way = "up" if value > 0 else "down"
    shown = percent(value) != percent(0.0)
    return HeatCell(value, f"month-{way}-{step}" if shown else "")


def _slices(composition: CompositionView, which: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"label": part.label, "share_pct": part.weight_pct, "value": part.value}
        for part in getattr(composition, which)
    )
