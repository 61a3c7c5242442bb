"""What the SVG charts are drawn with: scales, ticks, lines, and the frame of figures and dates.

A chart is as wide as its place: the drawing stretches inside a nested `<svg>` of 1000×1000 units,
while the words, in the outer one, keep their size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Final

from markupsafe import Markup, escape

from stocksite.web import format as formats

WIDTH: Final = 1000  # width of the stretched drawing, in its own units
HEIGHT: Final = 1000
_MAX_POINTS: Final = 600
_GUTTER_PX: Final = 54  # `.chart-line` and `.chart-candles` keep this room at the right
_AXIS_PX: Final = 22
_UNITS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_PLOT_PCT: Final = {"s": 86, "m": 92, "l": 95}  # the rest holds the dates, 22 px at each size


@dataclass(frozen=True)
class Line:
    """One named series over the chart's days; None leaves a gap. `series` is its colour, 1 to 8."""

    label: str
    values: Sequence[float | None]
    series: int = 1
    area: bool = False
    foot: float | None = None
    """The value an area is filled to; None fills it to the chart's foot."""


@dataclass(frozen=True)
class Scale:
    """Values to heights: `low` lies at `bottom`, `high` at `top`, downwards as SVG counts."""

    low: float
    high: float
    top: float = 0.0
    bottom: float = HEIGHT

    def y(self, value: float) -> float:
        """The height of a value; a scale without extent puts everything in its middle."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return round(self.bottom - share * (self.bottom - self.top), 1)


def known_values(values: Sequence[float | None]) -> list[float]:
    """The finite values of a series with gaps."""
    return [float(v) for v in values if v is not None and math.isfinite(v)]


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values (1, 2, 2.5 or 5 times a power of ten) from `low` to `high`, about `count`."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return []
    span = (high - low) or abs(high) or 1.0
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def num(value: float) -> str:
    """A coordinate, as short as it can be written."""
    return f"{round(value, 1):g}"


def segments(values: Sequence[float | None], scale: Scale) -> Iterator[list[tuple[float, float]]]:
    """Runs of known points, thinned to what a screen can show, keeping each bucket's extremes."""
    across = WIDTH / max(len(values) - 1, 1)
    run: list[tuple[float, float]] = []
    for index in thin(values):
        value = values[index]
        if value is None or not math.isfinite(value):
            if run:
                yield run
            run = []
        else:
            run.append((round(index * across, 1), scale.y(value)))
    if run:
        yield run


def thin(values: Sequence[float | None]) -> list[int]:
    """Which points to draw, at most some 600: the lowest and highest of each bucket, and gaps."""
    count = len(values)
    if count <= _MAX_POINTS:
        return list(range(count))
    size = math.ceil(count / (_MAX_POINTS // 2))
    kept: set[int] = {0, count - 1}
    for start in range(0, count, size):
        bucket = range(start, min(start + size, count))
        known = [i for i in bucket if values[i] is not None]
        if len(known) < len(bucket):
            kept.update(i for i in bucket if values[i] is None)
        if known:
            kept.add(min(known, key=lambda i: float(values[i] or 0)))
            kept.add(max(known, key=lambda i: float(values[i] or 0)))
    return sorted(kept)


def path(points: Sequence[tuple[float, float]]) -> str:
    """The `d` of a line through the points, whose coordinates have one decimal."""
    if len(points) == 1:  # a dot: a line of no length with round caps
        points = [*points, *points]
    # One format for all of them: a page draws a thousand points.
    return "M" + ("%g %gL" * len(points) % tuple(chain.from_iterable(points)))[:-1]


def line_paths(line: Line, scale: Scale, extra: str = "") -> str:
    """A series as SVG paths, one per run of known values; `extra` is a further class."""
    out = []
    for run in segments(line.values, scale):
        drawn = path(run)
        if line.area and len(run) > 1:
            floor = num(scale.bottom if line.foot is None else scale.y(line.foot))
            foot = f"L{num(run[-1][0])} {floor}L{num(run[0][0])} {floor}Z"
            out.append(f'<path class="area s{line.series}" d="{drawn}{foot}"/>')
        out.append(f'<path class="stroke s{line.series}{extra}" d="{drawn}"/>')
    return "".join(out)


def opening(size: str, title: str, desc: str, kind: str) -> str:
    """The start of a chart: its size class, its name and its description."""
    return (
        f'<svg class="chart chart-{size} {kind}" role="img"'
        f' aria-label="{escape(title)}: {escape(desc)}"><title>{escape(title)}</title>'
        f"<desc>{escape(desc)}</desc>"
    )


def _plot(body: str) -> str:
    """The stretched part: `body` is drawn in a 1000×1000 box, whatever its size on the screen."""
    return (
        f'<svg x="0" y="0" width="100%" height="100%" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' preserveAspectRatio="none" aria-hidden="true">{body}</svg>'
    )


def _value_labels(ticks: Sequence[float], scale: Scale, kind: str) -> str:
    """Figures of the value axis, at the right edge; the height is a share."""
    texts = _tick_texts(ticks, kind)
    return "".join(
        f'<text x="100%" y="{num(scale.y(tick) / HEIGHT * 100)}%" dx="{_GUTTER_PX}" dy="4"'
        f' text-anchor="end">{text}</text>'
        for tick, text in zip(ticks, texts, strict=True)
    )


def _tick_texts(ticks: Sequence[float], kind: str) -> list[str]:
    if kind in ("percent", "share"):
        places = 0 if _whole(ticks) else 1 if _whole([tick * 10 for tick in ticks]) else 2
        return [formats.percent(tick, sign=kind == "percent", places=places) for tick in ticks]
    if max((abs(t) for t in ticks), default=0) >= 100_000:
        return _large_texts(ticks)
    return [formats.number(tick, places=0 if _whole(ticks) else 2) for tick in ticks]


def _large_texts(ticks: Sequence[float]) -> list[str]:
    """Large ticks in one unit, with as many places as tell them apart: `998K`, `1.232B`."""
    size = max(abs(tick) for tick in ticks)
    unit, suffix = next((u, s) for u, s in _UNITS if size >= u)
    shares = [tick / unit for tick in ticks]
    places = next((n for n in range(4) if _whole([share * 10**n for share in shares])), 4)
    return [f"{formats.number(share, places=places)}{suffix}" if share else "0" for share in shares]


def _whole(ticks: Sequence[float]) -> bool:
    return all(round(float(t), 9).is_integer() for t in ticks)


def _day_labels(days: Sequence[date]) -> str:
    """Up to five dates under the drawing; every second one gives way on a phone."""
    if not days:
        return ""
    count = min(5, len(days))
    span = (days[-1] - days[0]).days
    out = []
    for n in range(count):
        share = n / max(count - 1, 1)
        shown = days[round(share * (len(days) - 1))]
        full = formats.day(shown)
        text = full if span <= 400 else full.split(" ", 1)[1]
        anchor = "start" if n == 0 else "end" if n == count - 1 and count > 1 else "middle"
        minor = ' class="tick-minor"' if n % 2 else ""
        out.append(
            f'<text{minor} x="{num(share * 100)}%" y="14" text-anchor="{anchor}">{text}</text>'
        )
    return "".join(out)


def grid(ticks: Sequence[float], scale: Scale) -> str:
    """One horizontal line per tick."""
    return "".join(
        f'<path class="grid-line" d="M0 {num(scale.y(tick))}H{WIDTH}"/>' for tick in ticks
    )


def empty_chart(size: str, title: str, reason: str) -> Markup:
    """A chart of nothing, as high as the real one, that says why."""
    return Markup(
        opening(size, title, reason, "chart-empty")
        + f'<text x="50%" y="50%" text-anchor="middle">{escape(reason)}</text></svg>'
    )


def framed(low: float, high: float) -> Scale:
    """A scale with a little air above and below; a flat series lies in the middle."""
    air = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return Scale(low - air, high + air)


def frame(
    body: str, ticks: Sequence[float], scale: Scale, kind: str, days: Sequence[date], size: str
) -> str:
    """The drawing with its figures, and under it the dates: two nested drawings, so both fit."""
    share = _PLOT_PCT[size]
    inner = _plot(body) + _value_labels(ticks, scale, kind)
    return (
        f'<svg x="0" y="0" width="100%" height="{share}%" overflow="visible">{inner}</svg>'
        f'<svg x="0" y="{share}%" width="100%" height="{_AXIS_PX}" overflow="visible">'
        f"{_day_labels(days)}</svg>"
    )


def spoken(value: float, kind: str) -> str:
    """A value in a description: rounded to cents."""
    if kind in ("percent", "share"):
        return formats.percent(value, sign=kind == "percent")
    return formats.price(round(value, 2), currency=kind == "money")
