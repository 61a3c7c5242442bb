"""The report on a stock: history, performance, competitors, predicted against actual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np

from stocksite.forecast.reading import ForecastView
from stocksite.market.adjust import Days, Floats
from stocksite.market.charting import moving_average
from stocksite.market.reading import ActionView, KeyFigures, Performance
from stocksite.market.service.companies import CompetitorView
from stocksite.portfolios import performance as perf
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

YEAR: Final = 252
RECENT: Final = 30
"""Sessions of the history that are printed; files have a year."""
MONTH_YEARS: Final = 12
_AVERAGES: Final = ((50, 1), (200, 2))
_METHOD: Final = (
    (
        "Prices are closes in the shares of the last day: earlier ones are adjusted for splits, "
        "not for dividends. Performance is the last close against the close 7, 28, 91 or 364 "
        "days before, or the last of the year before."
    ),
    (
        "Volatility is the sample standard deviation of daily simple returns times √252; a "
        "drawdown is the distance from the highest close so far."
    ),
    (
        "A forecast is fixed at its origin and never changed. Its bands are quantiles of the "
        "price; its center is the last close, which nothing tested here beats."
    ),
)


@dataclass(frozen=True, slots=True)
class StockInputs:
    """What the report is built from: complete sessions only, the last one `days[-1]`."""

    symbol: str
    name: str
    sector: str
    exchange: str
    currency: str
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    figures: KeyFigures | None
    actions: tuple[ActionView, ...]
    competitors: tuple[CompetitorView, ...]
    matured: ForecastView | None
    """The latest forecast whose thirty days have come."""
    current: ForecastView | None
    """The forecast from the last close, or the latest before it."""
    reading: tuple[str, ...]
    """The current one in words."""
    source: Source
    as_of: datetime
    sample: bool


def build(given: StockInputs) -> Report:
    """The report. A stock without a complete session has one section that says so."""
    through = given.days[-1].astype(object) if len(given.days) else None
    sections: tuple[Section, ...]
    if through is None:
        nothing = Words("nothing", ("No session of this stock has closed yet.",))
        sections = (Section("summary", "Summary", (nothing,)),)
    else:
        sections = (
            _summary(given),
            _history(given),
            *_forecasts(given, through),
            _company(given),
            _recent(given),
        )
    first = given.days[0].astype(object) if len(given.days) else None
    models = [view.model for view in (given.matured, given.current) if view is not None]
    return Report(
        kind="stock",
        subject=f"stock:{given.symbol}",
        title=clip(f"{given.symbol}, {given.name}"),
        subtitle="Stock report",
        period=f"{formats.day(first)} to the close of {formats.day(through)}"
        if through
        else "No close yet",
        as_of=given.as_of,
        market=common.SAMPLE if given.sample else "Market",
        facts={
            "symbol": given.symbol,
            "through": through.isoformat() if through else None,
            "currency": given.currency,
            "forecast": given.current.id if given.current else None,
            "scored_forecast": given.matured.id if given.matured else None,
        },
        sections=(
            *sections,
            *common.closing(
                [given.source],
                _METHOD,
                [("Exchange", given.exchange), ("Sector", given.sector or "not known")],
                sample=given.sample,
                models=models,
            ),
        ),
    )


def _returns(close: Floats) -> Floats:
    return np.asarray(close[1:] / close[:-1] - 1)


def _summary(given: StockInputs) -> Section:
    close, key = given.close, given.figures
    performance = key.performance if key else Performance()
    last_year = _returns(close[-YEAR - 1 :])
    volatility = perf.volatility(last_year)
    change = (close[-1] / close[-2] - 1) * 100 if len(close) > 1 else None
    items = [
        Figure.of("close", "Last close", "price", float(close[-1])),
        Figure.of("change_pct", "On the day", "percent", change),
        Figure.of("five_days", "5 days", "percent", performance.five_days),
        Figure.of("one_month", "1 month", "percent", performance.one_month),
        Figure.of("three_months", "3 months", "percent", performance.three_months),
        Figure.of("year_to_date", "Year to date", "percent", performance.year_to_date),
        Figure.of("one_year", "1 year", "percent", performance.one_year),
        Figure.of("year_high", "52-week high", "price", key.year_high if key else None),
        Figure.of("year_low", "52-week low", "price", key.year_low if key else None),
        Figure.of(
            "volatility_pct",
            "Volatility, last year",
            "share",
            None if volatility is None else volatility * 100,
        ),
    ]
    return Section(
        "summary",
        "Summary",
        (Figures("lead", "Key figures", tuple(items), "lead"), _candles(given)),
    )


def _candles(given: StockInputs) -> Chart:
    cut = slice(-YEAR, None)

    def shown(values: Floats, places: int = 4) -> list[float | None]:
        return [None if v != v else round(v, places) for v in values[cut].tolist()]

    return Chart(
        "price",
        "Price over the last year",
        "candles",
        {
            "days": [day.isoformat() for day in given.days[cut].tolist()],
            "open": shown(given.open),
            "high": shown(given.high),
            "low": shown(given.low),
            "close": shown(given.close),
            "volume": shown(given.volume, 0),
            "lines": [
                {
                    "label": f"{window}-day average",
                    "values": shown(moving_average(given.close, window)),
                    "series": series,
                }
                for window, series in _AVERAGES
            ],
        },
        size="l",
        legend=tuple((f"{window}-day average", series) for window, series in _AVERAGES),
        note="A hollow candle is a rise, a filled one a fall; below is the volume.",
    )


def _history(given: StockInputs) -> Section:
    days: list[date] = given.days.tolist()
    below = episodes.below_high(given.close.tolist())
    closes = drawing.line_data(days, [("Close", given.close.tolist(), 1)], kind="money", area=True)
    falls = drawing.line_data(
        days, [("Below its high", below, 5)], kind="percent", base=0.0, area=True, lowest=True
    )
    every = closes["every"]
    note = f"Every {every}th close is drawn." if every > 1 else ""
    table = perf.monthly_table(days[1:], _returns(given.close)) if len(days) > 1 else []
    months = [
        (
            row.year,
            [None if month is None else month * 100 for month in row.months],
            row.total * 100,
        )
        for row in table
    ]
    return Section(
        "history",
        "History",
        (
            Chart("closes", "Close, adjusted for splits", "line", closes, size="s", note=note),
            Chart("drawdown", "Below its high", "line", falls, size="s"),
            common.drawdown_table(episodes.deepest(days, below)),
            Months.of(
                "months",
                "Return by month, percent, without dividends",
                months[-MONTH_YEARS:],
                note="Darker is further from zero; the sign says which way.",
            ),
        ),
    )


def _forecasts(given: StockInputs, through: date) -> tuple[Section, ...]:
    blocks: list[Block] = []
    if given.current is not None and not given.current.refused:
        blocks.append(Words("reading", given.reading))
        blocks.append(common.fan_chart("fan", given.current, through))
    elif given.current is not None:
        blocks.append(Words("refused", (f"No forecast: {given.current.reason}",)))
    if given.matured is not None:
        view = given.matured
        title = f"Predicted from {formats.day(view.origin)}, and what happened"
        blocks.append(common.fan_chart("fan_matured", view, through, title))
        if view.score is not None:
            blocks.append(common.score_figures("score", view))
        blocks.append(common.predicted_table("predicted", view, through))
    if not blocks:
        blocks.append(Words("none", ("There is no forecast of this stock yet.",)))
    return (Section("forecast", "Forecast", tuple(blocks)),)


def _company(given: StockInputs) -> Section:
    rivals = Table.of(
        "competitors",
        "Competitors",
        (
            Column("name", "Company"),
            Column("symbol", "Symbol"),
            Column("currency", "Currency"),
            Column("market_cap", "Market value", "count"),
            Column("source", "Source"),
        ),
        [
            (clip(c.name), c.symbol, c.currency or "", c.market_cap, c.source)
            for c in given.competitors
        ],
        empty="No source has named competitors of this company.",
    )
    actions = Table.of(
        "actions",
        "Splits and dividends, newest first",
        (Column("ex_date", "Ex-date", "day"), Column("kind", "Kind"), Column("text", "What")),
        [(a.ex_date, a.kind, a.text) for a in reversed(given.actions)],
        empty="None is known.",
        shown=12,
    )
    return Section("company", "Company", (rivals, actions))


def _recent(given: StockInputs) -> Section:
    columns = (
        Column("date", "Session", "day"),
        Column("open", "Open, $", "dollars"),
        Column("high", "High, $", "dollars"),
        Column("low", "Low, $", "dollars"),
        Column("close", "Close, $", "dollars"),
        Column("change_pct", "Change", "percent"),
        Column("volume", "Volume", "count"),
    )
    change = np.concatenate(([np.nan], _returns(given.close) * 100))
    parts = (given.open, given.high, given.low, given.close, change, given.volume)
    cut = [part[-YEAR:].tolist() for part in parts]
    rows: Sequence[tuple[object, ...]] = list(zip(given.days[-YEAR:].tolist(), *cut, strict=True))
    table = Table.of("sessions", "Sessions, newest first", columns, rows[::-1], shown=RECENT)  # type: ignore[arg-type]
    return Section("sessions", "Last sessions", (table,))
