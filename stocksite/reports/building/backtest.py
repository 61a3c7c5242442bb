"""The report on a backtest: the verdict first, then the figures, curves and trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from stocksite.backtest.conventions import NOTES
from stocksite.backtest.reading import RunView
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

_DOLLARS: Final = frozenset({"final_value", "fees", "traded", "average_win", "average_loss"})
_PROFITS: Final = frozenset({"profit", "expectancy"})
_COUNTS: Final = frozenset({"trades", "open_trades", "max_drawdown_bars"})
_SHARES: Final = frozenset({"volatility_pct", "win_rate_pct", "exposure_pct", "fees_pct_of_start"})
_LEAD: Final = (
    *("final_value", "total_return_pct", "cagr_pct", "volatility_pct", "max_drawdown_pct"),
    *("sharpe", "sortino", "trades", "exposure_pct", "fees"),
)
_METHOD: Final = (
    (
        "A signal of one close is filled no earlier than the next session; costs are taken "
        "at every "
        "fill. Holding the same stocks from the first day on, without costs, is the benchmark."
    ),
    (
        "Whether a result is more than luck is decided by White's Reality Check against "
        "holding; the "
        "other checks are second opinions. Earlier tries on the same stocks count."
    ),
    "A backtest is history with hindsight: the stocks are those that are known today.",
)


@dataclass(frozen=True, slots=True)
class BacktestInputs:
    """What the report is built from. `run` is done and judged."""

    run: RunView
    settings: tuple[tuple[str, str], ...]
    """The strategy's parameters in words."""
    meaning: str
    sources: tuple[Source, ...]
    as_of: datetime
    sample: bool


def kind_of(name: str) -> str:
    """How a figure of the lab is written."""
    if name in _DOLLARS:
        return "dollars"
    if name in _PROFITS:
        return "profit"
    if name in _COUNTS:
        return "count"
    if name in _SHARES:
        return "share"
    return "percent" if name.endswith("_pct") else "figure"


def build(given: BacktestInputs) -> Report:
    """The report of a finished run."""
    run, told = given.run, given.run.result
    assert told is not None  # the service has looked
    days = [date.fromisoformat(day) for day in told["curve"]["dates"]]
    manifest = run.manifest or {}
    hashes = [(f"Data of {name}", value[:16]) for name, value in manifest.get("data", {}).items()]
    facts = (
        *given.settings,
        *_terms(run),
        ("Rules", str(manifest.get("rules", ""))),
        ("Seed", str(manifest.get("seed", ""))),
        ("Earlier tries", str(len(manifest.get("tries", ())))),
        *hashes,
    )
    return Report(
        kind="backtest",
        subject=f"backtest:{run.id}",
        title=clip(run.ask.title),
        subtitle="Backtest report",
        period=f"{formats.day(days[0])} to {formats.day(days[-1])}, simulated",
        as_of=given.as_of,
        market=common.SAMPLE if given.sample else "Market",
        facts={
            "backtest": run.id,
            "strategy": run.ask.strategy,
            "symbols": ", ".join(run.ask.symbols),
            "start": days[0].isoformat(),
            "end": days[-1].isoformat(),
            "currency": "USD",
        },
        sections=(
            _summary(given, told, days),
            _risk(told, days),
            _trades(run, told, days),
            _every(told),
            *common.closing(given.sources, _METHOD, facts, sample=given.sample),
        ),
    )


def _terms(run: RunView) -> list[tuple[str, str]]:
    ask = run.ask
    return [
        ("Initial investment", formats.price(round(ask.initial_investment, 2))),
        (
            "Commission",
            (
                f"{ask.costs.commission_pct:g}% and "
                f"{formats.price(round(ask.costs.commission_per_trade, 2))} per trade"
            ),
        ),
        ("Slippage", f"{ask.costs.slippage_pct:g}%"),
        ("Fill", ask.fill.value.replace("_", " ")),
        ("Prices and shares", f"{ask.adjustment}, {ask.shares.value}"),
        ("Rounding", ask.rounding.value),
    ]


def _summary(given: BacktestInputs, told: Mapping[str, Any], days: Sequence[date]) -> Section:
    metrics = told["metrics"]
    held = told["benchmark"]["metrics"]
    items = []
    for name in _LEAD:
        note = ""
        if held.get(name) is not None:
            holding = Figure.of(name, "", kind_of(name), held[name])
            note = f"holding {holding.text}"
        items.append(Figure.of(name, NOTES[name].label, kind_of(name), metrics.get(name), note))
    blocks: list[Block] = [Words("meaning", (given.meaning,), tone="small")]
    verdict = given.run.verdict
    if verdict:
        blocks.append(
            Words("verdict", (verdict["headline"], *verdict["sentences"]), tone="lead-words")
        )
    blocks.append(Figures("lead", "Key figures", tuple(items), "lead"))
    curve = told["curve"]
    lines = [("Strategy", curve["equity"], 1), (told["benchmark"]["name"], curve["benchmark"], 2)]
    data = drawing.line_data(days, lines, kind="money", area=True)
    note = f"Every {data['every']}th close is drawn." if data["every"] > 1 else ""
    legend = tuple((label, series) for label, _, series in lines)
    blocks.append(Chart("equity", "Value against holding", "line", data, legend=legend, note=note))
    return Section("summary", "Summary", tuple(blocks))


def _risk(told: Mapping[str, Any], days: Sequence[date]) -> Section:
    below = told["curve"]["drawdown_pct"]
    data = drawing.line_data(
        days, [("Below its high", below, 5)], kind="percent", base=0.0, area=True, lowest=True
    )
    months = [(row["year"], row["months"], row["total"]) for row in told["months"]]
    return Section(
        "risk",
        "Risk",
        (
            Chart("drawdown", "Below its high", "line", data, size="s"),
            common.drawdown_table(episodes.deepest(days, below)),
            Months.of("months", "Return by month, percent", months),
        ),
    )


def _trades(run: RunView, told: Mapping[str, Any], days: Sequence[date]) -> Section:
    columns = (
        Column("symbol", "Symbol"),
        Column("entry_date", "Bought", "day"),
        Column("exit_date", "Sold"),
        Column("quantity", "Shares", "figure" if run.ask.shares.value != "whole" else "count"),
        Column("entry_price", "Entry, $", "dollars"),
        Column("exit_price", "Exit, $", "dollars"),
        Column("profit", "Profit, $", "profit"),
        Column("return_pct", "Return", "percent"),
        Column("days_held", "Days", "count"),
        Column("mae_pct", "Worst", "percent"),
        Column("mfe_pct", "Best", "percent"),
    )
    rows = [[_cell(trade, column.key) for column in columns] for trade in told["trades"][::-1]]
    table = Table.of(
        "trades",
        "Round trips, newest first",
        columns,
        rows,
        note="Worst and best are the price furthest against and for the trade while it was held.",
        empty="No trade: its conditions never held, or it could not afford a share.",
    )
    blocks: list[Block] = [*_price(run, told, days), table]
    return Section("trades", "Trades", tuple(blocks))


def _cell(trade: Mapping[str, Any], key: str) -> Any:
    if key == "exit_date":
        day = trade["exit_date"]
        return formats.day(date.fromisoformat(day)) if day else "open"
    return trade[key]


def _price(run: RunView, told: Mapping[str, Any], days: Sequence[date]) -> list[Chart]:
    """The price of the first symbol with its trades, every n-th close; none without prices."""
    prices = told.get("prices")
    if not prices:
        return []
    step = -(-len(days) // drawing.MAX_POINTS)
    keep = list(range(0, len(days), step))
    shown = [days[i] for i in keep]
    own = [
        {
            "entry_date": shown[_at(keep, days, trade["entry_date"])].isoformat(),
            "exit_date": trade["exit_date"]
            and shown[_at(keep, days, trade["exit_date"])].isoformat(),
            "entry_price": trade["entry_price"],
            "exit_price": trade["exit_price"],
        }
        for trade in told["trades"]
        if trade["symbol"] == run.ask.symbols[0]
    ]
    data = {
        "days": [day.isoformat() for day in shown],
        "closes": [round(prices[i], 2) for i in keep],
        "trades": own[-200:],
    }
    return [
        Chart(
            "price",
            f"Trades on the price of {run.ask.symbols[0]}",
            "trades",
            data,
            legend=(("Held", 1), ("Price", 8)),
            note="A dot is a purchase, a ring a sale; the heavier line is while it is held."
            + (f" Every {step}th close is drawn." if step > 1 else ""),
        )
    ]


def _at(keep: Sequence[int], days: Sequence[date], day: str) -> int:
    """The kept close nearest before a day."""
    step = keep[1] - keep[0] if len(keep) > 1 else 1
    return min(days.index(date.fromisoformat(day)) // step, len(keep) - 1)


def _every(told: Mapping[str, Any]) -> Section:
    metrics = told["metrics"]
    items = tuple(
        Figure.of(f"all_{name}", note.label, kind_of(name), metrics[name], formula=note.formula)
        for name, note in NOTES.items()
        if name in metrics
    )
    return Section(
        "figures", "Every figure", (Figures("figures", "With its formula", items, "list"),)
    )
