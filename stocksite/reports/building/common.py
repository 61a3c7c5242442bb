"""What every kind of report says: what the figures rest on, and what they are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from stocksite.forecast.reading import ForecastView, PointView
from stocksite.forecast.terms import LEVELS
from stocksite.reports import drawing
from stocksite.reports.content import (
    Block,
    Chart,
    Column,
    Facts,
    Figure,
    Figures,
    Raw,
    Section,
    Table,
    Words,
)
from stocksite.reports.episodes import Episode
from stocksite.version import __version__
from stocksite.web import format as formats

SAMPLE: Final = "Sample market"
FAN_LEGEND: Final = (("Known at the origin", 8), ("What happened since", 2), ("Bands", 1))
FAN_NOTE: Final = (
    "Bands hold 5, 8 and 9.5 of 10 outcomes. The dashed line is the last close, the no-change "
    "reference. Prices in the shares of the origin."
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stock's prices come from and what is known to be wrong with them."""

    symbol: str
    name: str
    source: str
    first: date | None
    last: date | None
    sessions: int
    gaps: int
    """Sessions without a bar between sessions with one."""
    held_back: int
    """Bars that wait in quarantine."""


def sources_table(sources: Sequence[Source]) -> Table:
    """Data sources and quality."""
    columns = (
        Column("symbol", "Symbol"),
        Column("source", "Source of prices"),
        Column("first", "First session", "day"),
        Column("last", "Last session", "day"),
        Column("sessions", "Sessions", "count"),
        Column("gaps", "Gaps", "count"),
        Column("held_back", "Held back", "count"),
    )
    rows = [(s.symbol, s.source, s.first, s.last, s.sessions, s.gaps, s.held_back) for s in sources]
    note = "A gap is a session without a price between others. What is held back is not used."
    empty = "No stock was held, so no price was used."
    return Table.of("sources", "Data sources and quality", columns, rows, note=note, empty=empty)


def drawdown_table(episodes: Sequence[Episode]) -> Table:
    """The deepest falls."""
    columns = (
        Column("peak", "High", "day"),
        Column("trough", "Lowest", "day"),
        Column("back", "Back at the high"),
        Column("depth_pct", "Depth", "percent"),
        Column("sessions", "Sessions", "count"),
    )
    rows = [
        (
            episode.peak,
            episode.trough,
            formats.day(episode.back) if episode.back else "not yet",
            episode.depth_pct,
            episode.sessions,
        )
        for episode in episodes
    ]
    return Table.of(
        "drawdowns", "Deepest drawdowns", columns, rows, empty="It never fell below a high."
    )


def fan_chart(key: str, view: ForecastView, through: date | None, title: str = "") -> Chart:
    """A forecast's fan with what happened since."""
    return Chart(
        key,
        title or f"{view.symbol}, thirty trading days from {formats.day(view.origin)}",
        "fan",
        drawing.fan_data(view, through),
        legend=FAN_LEGEND
        if any(_known(point, through) is not None for point in view.points)
        else (FAN_LEGEND[0], FAN_LEGEND[2]),
        note=FAN_NOTE,
    )


def score_figures(key: str, view: ForecastView) -> Figures:
    """How a forecast has done."""
    score = view.score
    assert score is not None  # the caller has looked
    return Figures(
        key,
        f"How it has done: {score.days} of 30 days",
        (
            Figure.of(f"{key}_80", "Inside the 80 % band", "share", score.inside80_pct),
            Figure.of(f"{key}_95", "Inside the 95 % band", "share", score.inside95_pct),
            Figure.of(
                f"{key}_last",
                "Loss against last price",
                "figure",
                score.vs_last_price,
                note="below 1 is better",
            ),
            Figure.of(
                f"{key}_ewma",
                "Loss against recent volatility",
                "figure",
                score.vs_ewma,
                note="below 1 is better",
            ),
        ),
    )


def predicted_table(key: str, view: ForecastView, through: date | None) -> Table:
    """Predicted against actual, day by day; before a day has come, predicted only."""
    columns = [
        Column("date", "Day", "day"),
        Column("q025", "2.5 %, $", "dollars"),
        Column("q10", "10 %, $", "dollars"),
        Column("reference", "Reference, $", "dollars"),
        Column("q90", "90 %, $", "dollars"),
        Column("q975", "97.5 %, $", "dollars"),
    ]
    known = [_known(point, through) for point in view.points]
    if any(actual is not None for actual in known):
        columns += [
            Column("actual", "Close, $", "dollars"),
            Column("error_pct", "Close against reference", "percent"),
            Column("where", "Fell"),
        ]
    rows: list[tuple[Raw, ...]] = []
    for point, actual in zip(view.points, known, strict=True):
        shown = [point.quantiles[LEVELS.index(level)] for level in (0.025, 0.1, 0.9, 0.975)]
        error = None if actual is None else (actual / point.reference - 1) * 100
        row: list[Raw] = [point.date, *shown[:2], point.reference, *shown[2:]]
        row += [actual, error, _where(actual, shown)]
        rows.append(tuple(row[: len(columns)]))
    title = "Predicted and actual" if len(columns) > 6 else "Predicted"
    return Table.of(key, f"{title}, {view.symbol}", columns, rows)


def _known(point: PointView, through: date | None) -> float | None:
    """A day's close, unless it lies after what the report knows."""
    return point.actual if through is None or point.date <= through else None


def _where(actual: float | None, shown: Sequence[float]) -> str:
    if actual is None:
        return "–"
    q025, q10, q90, q975 = shown
    if q10 <= actual <= q90:
        return "in 80 %"
    return "in 95 %" if q025 <= actual <= q975 else "outside"


def closing(
    sources: Sequence[Source],
    method: Iterable[str],
    facts: Iterable[tuple[str, str]],
    *,
    sample: bool,
    models: Iterable[str] = (),
) -> tuple[Section, ...]:
    """The last sections: method, data, what it is not."""
    told = [*facts, ("Made by", f"stocksite {__version__}")]
    used = sorted(set(models))
    if used:
        told.append(("Forecast model", "; ".join(used)))
    blocks: list[Block] = [
        Words("method", tuple(method)),
        Facts("made", "How it was made", tuple(told)),
    ]
    market = (
        "The market is a replay of real daily prices of 2000 to 2013: what happens in it has "
        "happened already."
        if sample
        else "Prices may be delayed or wrong; the sources above are answerable for them."
    )
    return (
        Section("method", "Method", tuple(blocks)),
        Section("data", "Data", (sources_table(sources),)),
        Section(
            "disclosures",
            "What this is not",
            (
                Words(
                    "disclosures",
                    (
                        "All money in it is virtual. Nothing was bought or sold on any exchange.",
                        market,
                        (
                            "Past results, real or simulated, say little about future ones. "
                            "This is no advice, no offer and no recommendation to buy or sell."
                        ),
                    ),
                    tone="small",
                ),
            ),
        ),
    )
