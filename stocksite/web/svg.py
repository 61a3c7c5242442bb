"""Charts as SVG text: pure functions, used where no script runs and wherever a picture is enough.

Colours come from CSS classes, so both themes and both gain colours apply; there is no `style=`
attribute (the content security policy forbids it). Every chart has a title and a description for
those who do not see it. Also the Jinja global `svg`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup, escape

from stocksite.web import format as formats
from stocksite.web.svg_axes import (
    HEIGHT,
    WIDTH,
    Line,
    Scale,
    empty_chart,
    frame,
    framed,
    grid,
    known_values,
    line_paths,
    nice_ticks,
    num,
    opening,
    path,
    spoken,
)
from stocksite.web.svg_shares import Part, composition_bar, composition_parts, donut

__all__ = [
    "Bar",
    "Line",
    "Part",
    "candlestick",
    "composition_bar",
    "composition_parts",
    "day_range",
    "donut",
    "line_chart",
    "sparkline",
]

_MAX_CANDLES: Final = 130


@dataclass(frozen=True)
class Bar:
    """One session, as a chart sees it: prices and volume are observations, not money."""

    date: date
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0


def sparkline(values: Sequence[float | None], *, label: str, base: float | None = None) -> Markup:
    """A 120×28 line coloured by its way from `base` (or its first value) to its last."""
    known = known_values(values)
    if not known:
        return Markup('<span class="none" title="No prices yet">–</span>')
    start = known[0] if base is None else float(base)
    low, high = min([*known, start]), max([*known, start])
    scale = Scale(low, high, top=2.0, bottom=26.0)
    width = max(len(values) - 1, 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None or not math.isfinite(value):
            runs.append([])
        else:
            runs[-1].append((round(2 + index / width * 116, 1), scale.y(float(value))))
    way = formats.direction(known[-1] - start, 9)
    paths = "".join(f'<path class="stroke" d="{path(run)}"/>' for run in runs if run)
    base_y = num(scale.y(start))
    return Markup(
        f'<svg class="chart spark is-{way}" viewBox="0 0 120 28" width="120" height="28" role="img"'
        f' aria-label="{escape(label)}"><path class="base-line" d="M2 {base_y}H118"/>{paths}</svg>'
    )


def day_range(low: float | None, high: float | None, value: float | None, *, label: str) -> Markup:
    """Where `value` lies between the day's low and high: a dot on a bar, 96×12."""
    if low is None or high is None or value is None or high < low:
        return Markup('<span class="none" title="Not known">–</span>')
    share = 0.5 if high == low else min(max((value - low) / (high - low), 0.0), 1.0)
    return Markup(
        f'<svg class="range" viewBox="0 0 96 12" width="96" height="12" role="img"'
        f' aria-label="{escape(label)}"><rect x="0" y="4" width="96" height="4" rx="2"/>'
        f'<circle cx="{num(4 + share * 88)}" cy="6" r="4"/></svg>'
    )


def line_chart(
    days: Sequence[date],
    lines: Sequence[Line],
    *,
    title: str,
    desc: str = "",
    size: str = "m",
    base: float | None = None,
    kind: str = "money",
    empty: str = "No values yet",
) -> Markup:
    """Lines (or areas) over trading days, spaced by session. `base` draws a dashed reference.

    `kind` is how the axis reads: money, percent (points, signed), share (unsigned) or number.
    """
    known = [v for line in lines for v in known_values(line.values)]
    if not known or not days:
        return empty_chart(size, title, empty)
    every = [*known, base] if base is not None else known
    scale = framed(min(every), max(every))
    ticks = nice_ticks(scale.low, scale.high)
    body = grid(ticks, scale)
    if base is not None:
        body += f'<path class="base-line" d="M0 {num(scale.y(base))}H{WIDTH}"/>'
    body += "".join(line_paths(line, scale) for line in lines)
    text = desc or _describe(days, lines, kind)
    return Markup(
        opening(size, title, text, "chart-line")
        + frame(body, ticks, scale, kind, days, size)
        + "</svg>"
    )


def _describe(days: Sequence[date], lines: Sequence[Line], kind: str) -> str:
    """One sentence: from when to when, and each line's first and last value."""
    parts = []
    for line in lines:
        known = known_values(line.values)
        if known:
            first, last = (spoken(v, kind) for v in (known[0], known[-1]))
            parts.append(f"{line.label} from {first} to {last}")
    return f"{formats.day(days[0])} to {formats.day(days[-1])}; " + "; ".join(parts)


def candlestick(
    bars: Sequence[Bar],
    *,
    title: str,
    averages: Sequence[Line] = (),
    size: str = "l",
    empty: str = "No prices yet",
) -> Markup:
    """Candles over their volume, with moving averages (one value per bar, None while warming up).

    Hollow is a rise, filled a fall, so colour is not needed. More than 130 sessions are drawn as
    candles of several sessions each, and the description says so.
    """
    if not bars:
        return empty_chart(size, title, empty)
    step = math.ceil(len(bars) / _MAX_CANDLES)
    candles = [_merge(bars[i : i + step]) for i in range(0, len(bars), step)]
    shown = [v for line in averages for v in known_values(line.values)]
    low, high = (
        min(*(b.low for b in candles), *shown, math.inf),
        max(*(b.high for b in candles), *shown, 0.0),
    )
    air = framed(low, high)
    scale = Scale(air.low, air.high, top=0.0, bottom=780.0)
    ticks = nice_ticks(scale.low, scale.high)
    slot = WIDTH / len(candles)
    body = grid(ticks, scale)
    body += "".join(_candle(bar, (i + 0.5) * slot, slot, scale) for i, bar in enumerate(candles))
    body += "".join(line_paths(_every(line, step), scale, " average") for line in averages)
    text = _describe_bars(bars, step)
    days = [bar.date for bar in bars]
    drawn = frame(body + _volumes(candles, slot), ticks, scale, "money", days, size)
    return Markup(opening(size, title, text, "chart-candles") + drawn + "</svg>")


def _every(line: Line, step: int) -> Line:
    values = line.values[step - 1 :: step] if step > 1 else line.values
    return Line(line.label, values, line.series)


def _merge(bars: Sequence[Bar]) -> Bar:
    return Bar(
        date=bars[0].date,
        open=bars[0].open,
        high=max(b.high for b in bars),
        low=min(b.low for b in bars),
        close=bars[-1].close,
        volume=sum(b.volume for b in bars),
    )


def _way(bar: Bar) -> str:
    return "up" if bar.close > bar.open else "down" if bar.close < bar.open else "flat"


def _candle(bar: Bar, x: float, slot: float, scale: Scale) -> str:
    way = f"is-{_way(bar)}"
    top, bottom = scale.y(max(bar.open, bar.close)), scale.y(min(bar.open, bar.close))
    high, low, half = scale.y(bar.high), scale.y(bar.low), slot * 0.32
    wick = f"M{num(x)} {num(high)}V{num(top)}M{num(x)} {num(bottom)}V{num(low)}"
    body = f"M{num(x - half)} {num(top)}H{num(x + half)}V{num(bottom)}H{num(x - half)}Z"
    return f'<path class="candle {way}" d="{wick}"/><path class="candle body {way}" d="{body}"/>'


def _volumes(candles: Sequence[Bar], slot: float) -> str:
    most = max((b.volume for b in candles), default=0.0)
    if most <= 0:
        return ""
    out = []
    for i, bar in enumerate(candles):
        height = bar.volume / most * 170
        x, width = (i + 0.5) * slot - slot * 0.32, slot * 0.64
        out.append(
            f'<rect class="volume is-{_way(bar)}" x="{num(x)}" y="{num(HEIGHT - height)}"'
            f' width="{num(width)}" height="{num(height)}"/>'
        )
    return "".join(out)


def _describe_bars(bars: Sequence[Bar], step: int) -> str:
    low, high = min(b.low for b in bars), max(b.high for b in bars)
    each = f"; each candle is {step} sessions" if step > 1 else ""
    return (
        f"{formats.day(bars[0].date)} to {formats.day(bars[-1].date)}; close from "
        f"{spoken(bars[0].close, 'money')} to {spoken(bars[-1].close, 'money')}; lowest "
        f"{spoken(low, 'money')}, highest {spoken(high, 'money')}{each}"
    )
