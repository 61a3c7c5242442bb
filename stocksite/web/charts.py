"""Bokeh figures as `json_item` dictionaries, mounted by `js/charts.js` under the strict policy.

Bokeh is imported by the first chart of a process: it costs half a second that no other page pays.
Colours are the stand-ins of `palette.py`; no CustomJS, no WebGL, nothing that needs eval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stocksite.web import palette
from stocksite.web.format import compact
from stocksite.web.format import day as day_words
from stocksite.web.svg_axes import nice_ticks

Floats = NDArray[np.float64]
_MOST_LABELS = 7


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened on a bar's day: a split, a dividend."""

    at: int
    """Index of the bar."""
    kind: str
    """`split` or `dividend`."""
    text: str


@dataclass(frozen=True)
class Candles:
    """What a price chart shows; all sequences have one length, ascending by day."""

    days: Sequence[date]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    averages: Mapping[str, Floats] = field(default_factory=dict)
    """By label, in the order of the series colours; NaN while warming up."""
    marks: Sequence[Mark] = ()


def candle_chart(data: Candles) -> dict[str, Any]:
    """Candles over volume with averages and marks, as Bokeh's `json_item` without a target."""
    from bokeh.embed import json_item
    from bokeh.layouts import column
    from bokeh.models import ColumnDataSource

    source = ColumnDataSource(_columns(data))
    prices = _price_plot(data, source)
    volumes = _volume_plot(data, source, prices.x_range)
    _label_days(data.days, prices, volumes)
    layout = column(prices, volumes, sizing_mode="stretch_both")
    item: dict[str, Any] = dict(json_item(layout))
    return item


def _columns(data: Candles) -> dict[str, Any]:
    up = data.close >= data.open
    averages = {f"average{i}": values for i, values in enumerate(data.averages.values())}
    return averages | {
        "x": np.arange(len(data.days), dtype=np.float64),
        "open": data.open,
        "high": data.high,
        "low": data.low,
        "close": data.close,
        "volume": data.volume,
        "top": np.maximum(data.open, data.close),
        "bottom": np.minimum(data.open, data.close),
        "day": [day_words(day) for day in data.days],
        "traded": [compact(volume) for volume in data.volume.tolist()],
        "line": [palette.GAIN if rise else palette.LOSS for rise in up],
        # Hollow is a rise and filled a fall, so that colour is not needed to tell them apart.
        "fill": [palette.SHEET if rise else palette.LOSS for rise in up],
    }


def _price_plot(data: Candles, source: Any) -> Any:
    from bokeh.models import DataRange1d, HoverTool, NumeralTickFormatter
    from bokeh.plotting import figure

    candles_only = DataRange1d()
    plot = figure(
        sizing_mode="stretch_both",
        min_height=180,
        x_range=_span(len(data.days)),
        y_range=candles_only,
        tools="xpan,xwheel_zoom,xbox_zoom,reset",
        active_drag=None,
        active_scroll=None,
        toolbar_location="above",
    )
    wicks = plot.segment("x", "low", "x", "high", source=source, line_color="line")
    plot.vbar("x", 0.66, "top", "bottom", source=source, line_color="line", fill_color="fill")
    for i, _ in enumerate(data.averages):
        color = palette.SERIES[i % len(palette.SERIES)]
        plot.line("x", f"average{i}", source=source, line_color=color, line_width=1.5)
    # Averages may lie far off a short range: the scale is the candles'.
    candles_only.renderers = [wicks, *_marks(plot, data)]
    tip = _tooltip(data)
    plot.add_tools(HoverTool(renderers=[wicks], mode="vline", tooltips=tip, show_arrow=False))
    _dress(plot)
    plot.xaxis.visible = False
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[00]")
    return plot


def _volume_plot(data: Candles, source: Any, x_range: Any) -> Any:
    from bokeh.models import DataRange1d, FixedTicker
    from bokeh.plotting import figure

    plot = figure(
        sizing_mode="stretch_width",
        height=92,
        x_range=x_range,
        y_range=DataRange1d(start=0),
        tools="",
        toolbar_location=None,
    )
    plot.vbar("x", 0.66, "volume", source=source, line_color=None, fill_color=palette.LINE_STRONG)
    ticks = nice_ticks(0.0, float(data.volume.max()) or 1.0, count=2)
    plot.yaxis.ticker = FixedTicker(ticks=ticks)
    plot.yaxis.major_label_overrides = {tick: compact(tick) for tick in ticks}
    _dress(plot)
    return plot


def _tooltip(data: Candles) -> str:
    """A small table; Bokeh's own has label colours that are too pale to read."""
    rows = [(name.title(), f"@{name}{{0,0.00}}") for name in ("open", "high", "low", "close")]
    rows.append(("Volume", "@traded"))
    rows += [(label, f"@average{i}{{0,0.00}}") for i, label in enumerate(data.averages)]
    cells = "".join(
        f'<tr><td>{label}</td><td align="right">{value}</td></tr>' for label, value in rows
    )
    return f'<table><tr><td colspan="2"><b>@day</b></td></tr>{cells}</table>'


def _marks(plot: Any, data: Candles) -> list[Any]:
    """Under the bar of its day: a triangle for a split, a circle for a dividend."""
    from bokeh.models import ColumnDataSource, HoverTool

    if not data.marks:
        return []
    reach = float(np.nanmax(data.high) - np.nanmin(data.low)) or 1.0
    points = ColumnDataSource(
        {
            "x": [float(mark.at) for mark in data.marks],
            "y": [float(data.low[mark.at]) - reach * 0.03 for mark in data.marks],
            "text": [mark.text for mark in data.marks],
            "shape": ["triangle" if mark.kind == "split" else "circle" for mark in data.marks],
        }
    )
    glyphs = plot.scatter(
        "x",
        "y",
        marker="shape",
        size=9,
        source=points,
        line_color=palette.INK_2,
        fill_color=palette.SERIES[3],
    )
    plot.add_tools(HoverTool(renderers=[glyphs], tooltips="<b>@text</b>", show_arrow=False))
    return [glyphs]


def _dress(plot: Any) -> None:
    """Our type and colours; the background is the sheet's."""
    plot.background_fill_color = None
    plot.border_fill_color = None
    plot.outline_line_color = None
    plot.min_border_left = plot.min_border_right = 4
    plot.yaxis.minor_tick_line_color = None
    plot.add_layout(plot.yaxis[0], "right")
    plot.left = []
    plot.grid.grid_line_color = palette.GRID
    plot.xgrid.grid_line_color = None
    plot.axis.axis_line_color = palette.LINE
    plot.axis.major_tick_line_color = palette.LINE
    plot.axis.major_label_text_color = palette.INK_2
    plot.axis.major_label_text_font = palette.FONT
    plot.axis.major_label_text_font_size = "12px"
    plot.toolbar.logo = None
    plot.toolbar.autohide = True


def _span(count: int) -> Any:
    from bokeh.models import Range1d

    first, last = -0.8, max(count, 1) - 0.2
    return Range1d(start=first, end=last, bounds=(first, last))


def _label_days(days: Sequence[date], *plots: Any) -> None:
    """Sessions stand side by side without weekends; months or years label the first of theirs."""
    from bokeh.models import FixedTicker

    labels = _day_labels(days)
    for plot in plots:
        plot.xaxis.ticker = FixedTicker(ticks=list(labels))
        plot.xaxis.minor_tick_line_color = None
        plot.xaxis.major_label_overrides = labels


def _day_labels(days: Sequence[date]) -> dict[float, str]:
    long = bool(days) and (days[-1] - days[0]).days > 800
    short = bool(days) and (days[-1] - days[0]).days < 50
    firsts: dict[float, str] = {}
    for i, (day, before) in enumerate(zip(days[1:], days, strict=False), start=1):
        if short and day.isocalendar().week != before.isocalendar().week:
            firsts[float(i)] = f"{day:%b} {day.day}"
        elif long and day.year != before.year:
            firsts[float(i)] = str(day.year)
        elif not long and not short and day.month != before.month:
            firsts[float(i)] = f"{day:%b %Y}" if day.month == 1 else f"{day:%b}"
    step = -(-len(firsts) // _MOST_LABELS) or 1
    return {at: text for n, (at, text) in enumerate(firsts.items()) if n % step == 0}
