"""The report on a portfolio: what it holds, what was forecast of it, what was traded."""

from __future__ import annotations

from collections.abc import Sequence

from stocksite.forecast.reading import ForecastView
from stocksite.reports.building import common
from stocksite.reports.building.portfolio_inputs import PortfolioInputs
from stocksite.reports.content import (
    Block,
    Chart,
    Column,
    Section,
    Table,
    clip,
)
from stocksite.web import format as formats


def owned(given: PortfolioInputs) -> Section:
    """What is held at the end, what each stock contributed, and how its forecasts did."""
    view = given.view
    blocks: list[Block] = []
    if view.composition.stocks:
        parts = [
            {"label": s.label, "share_pct": round(s.weight_pct, 2)} for s in view.composition.stocks
        ]
        blocks.append(Chart("allocation", "Allocation", "shares", {"parts": parts}))
    blocks += [_holdings(given), _contributions(given)]
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


def _holdings(given: PortfolioInputs) -> Table:
    weights = {share.label: share.weight_pct for share in given.view.composition.stocks}
    return Table.of(
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


def _contributions(given: PortfolioInputs) -> Table:
    return Table.of(
        "contribution",
        "What each stock contributed",
        (
            Column("symbol", "Symbol"),
            Column("opening", "At the start, $", "money"),
            Column("bought", "Bought, net, $", "flow"),
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
            for row in given.view.contributions
        ],
        note="Contributions add up to the Modified Dietz return before other fees."
        if given.holdings
        else "",
        empty="No stock was held in the span.",
    )


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


def trades(given: PortfolioInputs) -> Section:
    """The last postings of the span, newest first."""
    columns: tuple[Column, ...] = (
        Column("at", "New York time", "moment"),
        Column("type", "Posting"),
        Column("symbol", "Symbol"),
        Column("quantity", "Shares", "quantity"),
        Column("price", "Price, $", "price"),
        Column("fees", "Fees, $", "money"),
        Column("cash", "Cash, $", "flow"),
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
