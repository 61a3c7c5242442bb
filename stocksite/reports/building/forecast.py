"""The report on one forecast: the fan, what has happened, how the model does elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stocksite.forecast.boarding import Board
from stocksite.forecast.reading import ForecastView, ModelCard
from stocksite.reports.building import common
from stocksite.reports.building.common import Source
from stocksite.reports.content import (
    Block,
    Column,
    Figure,
    Figures,
    Report,
    Section,
    Table,
    Words,
    clip,
)
from stocksite.web import format as formats

_METHOD: Final = (
    (
        "A forecast is fixed at its origin from what was known then, and never changed. "
        "Its bands are "
        "quantiles of the price after 1 to 30 trading days, made so that the promised "
        "share of past "
        "outcomes fell inside."
    ),
    (
        "The center is the last close: nothing tested here beats it. Losses are CRPS in "
        "basis points "
        "of log return; against a rival they are ratios, and below 1 is better."
    ),
)


@dataclass(frozen=True, slots=True)
class ForecastInputs:
    """What the report is built from."""

    view: ForecastView
    reading: tuple[str, ...]
    skill: str
    board: Board
    model: ModelCard
    source: Source
    as_of: datetime
    sample: bool


def build(given: ForecastInputs) -> Report:
    """The report. A refused forecast says why there are no numbers."""
    view = given.view
    card = given.model
    facts = (
        ("Model", view.model),
        ("Trained on data up to", formats.day(card.line.cut)),
        ("SHA-256 of the model", card.sha256[:16]),
        ("SHA-256 of the data it saw", (view.data_hash or "none")[:16]),
        ("Made", f"{formats.ny_datetime(view.made_at)} New York, market time"),
    )
    end = view.points[-1].date if view.points else None
    return Report(
        kind="forecast",
        subject=f"forecast:{view.id}",
        title=clip(f"{view.symbol}, {view.name}"),
        subtitle="Forecast report",
        period=f"From the close of {formats.day(view.origin)}"
        + (f" to {formats.day(end)}" if end else ""),
        as_of=given.as_of,
        market=common.SAMPLE if given.sample else "Market",
        facts={
            "forecast": view.id,
            "symbol": view.symbol,
            "origin": view.origin.isoformat(),
            "model": view.model,
            "model_sha256": card.sha256,
            "matured": view.matured,
            "currency": "USD",
        },
        sections=(
            _summary(given),
            *_days(view),
            _model(given),
            *common.closing([given.source], _METHOD, facts, sample=given.sample),
        ),
    )


def _summary(given: ForecastInputs) -> Section:
    view = given.view
    if view.refused:
        return Section("summary", "Summary", (Words("refused", (f"No forecast: {view.reason}",)),))
    end = view.last
    blocks: list[Block] = [Words("reading", given.reading[:1], tone="lead-words")]
    blocks.append(
        Figures(
            "lead",
            "Key figures",
            (
                Figure.of("last_close", "Close at the origin", "dollars", view.last_close),
                Figure.of("low80", "Low of the 80 % band", "dollars", end.at(0.1)),
                Figure.of("high80", "High of the 80 % band", "dollars", end.at(0.9)),
                Figure.of("width80_pct", "Width of that band", "share", view.width80_pct),
                Figure.of("up_share_pct", "Base rate of a rise", "share", view.up_share_pct),
            ),
            "lead",
        )
    )
    blocks.append(common.fan_chart("fan", view, None))
    if len(given.reading) > 1:
        blocks.append(Words("more", (*given.reading[1:], given.skill)))
    if view.backfilled:
        told = (
            f"Made for the past: by a model trained before {formats.day(view.origin)}, from what "
            "was known then. Not published at the time."
        )
        blocks.append(Words("backfilled", (told,), tone="small"))
    if view.fallback:
        told = "The drift alarm rang that night, so plain GARCH made this forecast."
        blocks.append(Words("fallback", (told,), tone="small"))
    if view.score is not None:
        blocks.append(common.score_figures("score", view))
    return Section("summary", "Summary", tuple(blocks))


def _days(view: ForecastView) -> tuple[Section, ...]:
    if view.refused:
        return ()
    table = common.predicted_table("predicted", view, None)
    return (Section("days", "Day by day", (table,)),)


def _model(given: ForecastInputs) -> Section:
    columns = (
        Column("label", "Method"),
        Column("n", "Days", "count"),
        Column("coverage80_pct", "Inside 80 %", "share"),
        Column("coverage95_pct", "Inside 95 %", "share"),
        Column("crps", "CRPS, bp", "ratio"),
        Column("vs_last_price", "Against last price", "figure"),
        Column("vs_ewma", "Against recent volatility", "figure"),
    )
    rows = [
        (
            s.label,
            s.n,
            s.coverage80_pct.value,
            s.coverage95_pct.value,
            s.crps,
            s.vs_last_price.value,
            s.vs_ewma.value,
        )
        for s in given.board.standings
    ]
    table = Table.of(
        "scoreboard",
        "Every method on the same days",
        columns,
        rows,
        note="Of the whole site, losing included; the intervals are on the scoreboard.",
        empty="Nothing has matured yet.",
    )
    words = Words("skill", (given.skill, given.model.line.verdict), tone="plain")
    return Section("model", "The model elsewhere", (words, table))
