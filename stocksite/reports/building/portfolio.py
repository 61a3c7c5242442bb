"""The report on a portfolio over a span: totals first, then what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from stocksite.forecast.reading import ForecastView
from stocksite.portfolios.figures import FIGURES
from stocksite.portfolios.parts import Holding
from stocksite.portfolios.reading_performance import Curves, PerformanceView
from stocksite.reports import drawing, episodes
from stocksite.reports.building import common
from stocksite.reports.building.common import Source
from stocksite.reports.content import (
    Block,
    Chart,
    Column,
    Figure,
    Figures,
    Months,
    Report,
    Section,
    Table,
    Words,
    clip,
)
from stocksite.web import format as formats

_KINDS: Final = {"percent": "percent", "ratio": "ratio", "money": "money"}
_GAINS: Final = frozenset({"net_flow", "profit", "realized_pnl", "unrealized_pnl"})
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


@dataclass(frozen=True, slots=True)
class Trade:
    """A posting of the span."""

    at: datetime
    type: str
    symbol: str | None
    quantity: Decimal
    price: Decimal | None
    fees: Decimal
    cash: Decimal
    realized: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class PortfolioInputs:
    """What the report is built from, read in one go."""

    view: PerformanceView
    """With `explain`."""
    curves: Curves | None
    description: str
    settings: tuple[tuple[str, str], ...]
    holdings: tuple[Holding, ...]
    trades: tuple[Trade, ...]
    trades_total: int
    forecasts: tuple[ForecastView, ...]
    """Of the largest holdings, matured by the end of the span."""
    sources: tuple[Source, ...]
    as_of: datetime
    sample: bool


def build(given: PortfolioInputs) -> Report:
    """The report. A portfolio without a close in the span has figures that say so."""
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
            *_risk(given),
            _owned(given),
            _trades(given),
            _all_figures(view),
            *common.closing(
                given.sources,
                _METHOD,
                given.settings,
                sample=given.sample,
                models=[forecast.model for forecast in given.forecasts],
            ),
        ),
    )


def _period(view: PerformanceView) -> str:
    if view.start is None or view.end is None:
        return "No close has been written down yet"
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
            Words("nothing", ("No session has closed in this span, so there is nothing to show.",))
        )
        return Section("summary", "Summary", tuple(blocks))
    keys = [*_LEAD, *(key for key in _LEAD_MORE if found[key].value is not None)]
    blocks.append(Figures("lead", "Key figures", tuple(found[key] for key in keys), "lead"))
    blocks.append(_growth(given, given.curves))
    blocks.append(_worth(given.curves))
    return Section("summary", "Summary", tuple(blocks))


def _growth(given: PortfolioInputs, curves: Curves) -> Chart:
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


def _worth(curves: Curves) -> Chart:
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


def _risk(given: PortfolioInputs) -> tuple[Section, ...]:
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
    data = drawing.line_data(days[skip:], [("Volatility", wild[skip:], 3)], kind="percent")
    return Chart(
        "rolling",
        f"Volatility per year, over the last {episodes.ROLLING} sessions",
        "line",
        data,
        size="s",
    )


def _owned(given: PortfolioInputs) -> Section:
    view = given.view
    weights = {share.label: share.weight_pct for share in view.composition.stocks}
    exact = {holding.symbol: holding for holding in given.holdings}
    blocks: list[Block] = []
    if view.composition.stocks:
        parts = [
            {"label": s.label, "share_pct": round(s.weight_pct, 2)} for s in view.composition.stocks
        ]
        blocks.append(Chart("allocation", "Allocation", "shares", {"parts": parts}))
    blocks.append(
        Table.of(
            "holdings",
            "Holdings at the end",
            (
                Column("symbol", "Symbol"),
                Column("name", "Company"),
                Column("sector", "Sector"),
                Column("shares", "Shares", "quantity"),
                Column("close", "Close, $", "price"),
                Column("value", "Value, $", "money"),
                Column("weight_pct", "Weight", "share"),
            ),
            [
                (
                    h.symbol,
                    clip(h.name),
                    h.sector or "Other",
                    h.shares,
                    h.close,
                    h.closing_value,
                    weights.get(h.symbol),
                )
                for h in sorted(given.holdings, key=lambda h: (-h.closing_value, h.symbol))
                if h.closing_value
            ],
            empty="No stock is held at the end of the span.",
        )
    )
    blocks.append(
        Table.of(
            "contribution",
            "What each stock contributed",
            (
                Column("symbol", "Symbol"),
                Column("opening", "At the start, $", "money"),
                Column("bought", "Bought, net, $", "gain"),
                Column("dividends", "Dividends, $", "money"),
                Column("closing", "At the end, $", "money"),
                Column("profit", "Profit, $", "gain"),
                Column("contribution_pct", "Contribution", "percent"),
            ),
            [
                (
                    row.symbol,
                    row.opening_value,
                    row.net_bought,
                    row.dividends,
                    row.closing_value,
                    row.profit,
                    row.contribution_pct,
                )
                for row in view.contributions
            ],
            note="Contributions add up to the Modified Dietz return before other fees."
            if exact
            else "",
            empty="No stock was held in the span.",
        )
    )
    for n, forecast in enumerate(given.forecasts, start=1):
        blocks.append(
            common.fan_chart(
                f"fan{n}",
                forecast,
                view.end,
                f"Forecast of {forecast.symbol} from {formats.day(forecast.origin)}, "
                "and what happened",
            )
        )
    if given.forecasts:
        blocks.append(_scores(given.forecasts))
    return Section("holdings", "Holdings", tuple(blocks))


def _scores(forecasts: Sequence[ForecastView]) -> Table:
    columns = (
        Column("symbol", "Symbol"),
        Column("origin", "From", "day"),
        Column("model", "Model"),
        Column("days", "Days", "count"),
        Column("inside80_pct", "Inside 80 %", "share"),
        Column("inside95_pct", "Inside 95 %", "share"),
        Column("vs_last", "Loss against last price", "figure"),
        Column("vs_ewma", "Against recent volatility", "figure"),
    )
    rows = [
        (
            f.symbol,
            f.origin,
            f.model,
            f.score.days,
            f.score.inside80_pct,
            f.score.inside95_pct,
            f.score.vs_last_price,
            f.score.vs_ewma,
        )
        for f in forecasts
        if f.score
    ]
    note = "Losses are CRPS over that of the rival on the same days: below 1 is better."
    return Table.of("scores", "Forecasts, scored", columns, rows, note=note)


def _trades(given: PortfolioInputs) -> Section:
    columns: tuple[Column, ...] = (
        Column("at", "New York time", "moment"),
        Column("type", "Posting"),
        Column("symbol", "Symbol"),
        Column("quantity", "Shares", "quantity"),
        Column("price", "Price, $", "price"),
        Column("fees", "Fees, $", "money"),
        Column("cash", "Cash, $", "gain"),
        Column("realized", "Realized, $", "gain"),
        Column("note", "Note"),
    )
    noted = any(t.note for t in given.trades)
    columns = columns if noted else columns[:-1]
    rows = [
        (
            t.at,
            t.type,
            t.symbol or "",
            t.quantity or None,
            t.price,
            t.fees,
            t.cash,
            t.realized if t.type == "sell" else None,
            *([clip(t.note)] if noted else []),
        )
        for t in given.trades
    ]
    left = given.trades_total - len(given.trades)
    note = f"The ledger has {left:,} more; its CSV file has them all." if left else ""
    table = Table.of(
        "trades",
        "Ledger, newest first",
        columns,
        rows,
        note=note,
        empty="Nothing was posted in the span.",
    )
    return Section("trades", "Trades and cash", (table,))


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
