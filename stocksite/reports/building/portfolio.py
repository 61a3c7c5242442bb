"""The report on a portfolio over a span: totals first, then what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stocksite.portfolios.figures import FIGURES
from stocksite.portfolios.reading_performance import PerformanceView
from stocksite.reports.building import common, portfolio_drawn, portfolio_held
from stocksite.reports.building.portfolio_inputs import PortfolioInputs
from stocksite.reports.content import (
    Block,
    Figure,
    Figures,
    Report,
    Section,
    Words,
    clip,
)
from stocksite.web import format as formats

_KINDS: Final = {"percent": "percent", "ratio": "ratio", "money": "money"}
_FLOWS: Final = frozenset({"net_flow"})
_GAINS: Final = frozenset({"profit", "realized_pnl", "unrealized_pnl"})
_UNSIGNED: Final = frozenset({"volatility_pct"})
_LEAD: Final = ("twr_pct", "annualized_pct", "volatility_pct", "max_drawdown_pct", "sharpe")
_LEAD_MORE: Final = ("sortino", "beta", "benchmark_return_pct", "profit", "closing_value")
_METHOD: Final = (
    (
        "Returns are time-weighted and chained over trading days; money paid in counts "
        "from the start "
        "of its day, money taken out at its end. A year has 252 sessions; the risk-free rate is 0. "
        "Figures per year are shown from 365 days on."
    ),
    (
        "The benchmark is its total return on the same days, dividends reinvested at the close of "
        "their ex-date. Values are cash, shares at the official close, and dividends due."
    ),
    (
        "Money is exact to the cent: profit = realized + unrealized + dividends − other "
        "fees, in any "
        "span. Every other figure is rounded once, half to even, to the digits printed here."
    ),
)


def build(given: PortfolioInputs) -> Report:
    """The report. A portfolio without a close in the span has a summary that says so."""
    view = given.view
    return Report(
        kind="portfolio",
        subject=f"portfolio:{view.portfolio_id}",
        title=clip(view.portfolio_name),
        subtitle="Portfolio report",
        period=_period(view),
        as_of=given.as_of,
        market=common.SAMPLE if given.sample else "Market",
        facts={
            "portfolio": view.portfolio_id,
            "period": view.period,
            "start": view.start.isoformat() if view.start else None,
            "end": view.end.isoformat() if view.end else None,
            "benchmark": view.benchmark,
            "currency": "USD",
        },
        sections=(
            _summary(given),
            *_parts(given),
            *common.closing(
                given.sources,
                _METHOD,
                given.settings,
                sample=given.sample,
                models=[forecast.model for forecast in given.forecasts],
            ),
        ),
    )


def _parts(given: PortfolioInputs) -> tuple[Section, ...]:
    """What the totals are made of; without a close there are no totals."""
    if given.curves is None:
        return ()
    return (
        *portfolio_drawn.risk(given),
        portfolio_held.owned(given),
        portfolio_held.trades(given),
        _all_figures(given.view),
    )


def _period(view: PerformanceView) -> str:
    if view.start is None or view.end is None:
        return "No close in this span"
    since = "From the first session" if view.since_start else "From the close of"
    start = f", {formats.day(view.start)}," if view.since_start else f" {formats.day(view.start)}"
    return f"{since}{start} to the close of {formats.day(view.end)}"


def _figures(view: PerformanceView, keys: Sequence[str] | None = None) -> dict[str, Figure]:
    """Figures by key, with formula and the reason where there is none."""
    explained: Mapping[str, object] = view.explain.figures if view.explain else {}
    found = {}
    for known in FIGURES:
        if keys is not None and known.key not in keys:
            continue
        kind = _KINDS[known.kind]
        if known.key in _GAINS:
            kind = "gain"
        elif known.key in _FLOWS:
            kind = "flow"
        elif known.key in _UNSIGNED:
            kind = "share"
        why = explained.get(known.key)
        found[known.key] = Figure.of(
            known.key,
            known.label,
            kind,
            getattr(view, known.key),
            note=view.notes.get(known.key, ""),
            formula=getattr(why, "formula", "") if keys is None else "",
        )
    return found


def _summary(given: PortfolioInputs) -> Section:
    view = given.view
    found = _figures(view, (*_LEAD, *_LEAD_MORE))
    blocks: list[Block] = []
    if given.description:
        blocks.append(Words("description", (clip(given.description),), tone="small"))
    if given.curves is None:
        blocks.append(
            Words(
                "nothing",
                (
                    (
                        "No session has closed in this span, so there is no figure to report. "
                        "The first comes with the close after the portfolio was opened."
                    ),
                ),
            )
        )
        return Section("summary", "Summary", tuple(blocks))
    keys = [*_LEAD, *(key for key in _LEAD_MORE if found[key].value is not None)]
    blocks.append(Figures("lead", "Key figures", tuple(found[key] for key in keys), "lead"))
    blocks.append(portfolio_drawn.growth(given, given.curves))
    blocks.append(portfolio_drawn.worth(given.curves))
    return Section("summary", "Summary", tuple(blocks))


def _all_figures(view: PerformanceView) -> Section:
    found = _figures(view)
    groups: dict[str, list[Figure]] = {}
    for known in FIGURES:
        groups.setdefault(known.group, []).append(found[known.key])
    blocks = tuple(
        Figures(f"figures-{formats.slug(group)}", group, tuple(items), "list")
        for group, items in groups.items()
    )
    return Section("figures", "Every figure", blocks)
