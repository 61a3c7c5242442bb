"""The fan chart as SVG text: what was known, the fan from its origin, and what has happened since.

Each fan is drawn from its own origin, fixed when it was made. There is no curve of "predictions"
laid over prices: one shifted by a day always looks right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from stocksite.forecast.reading import ForecastView, PointView
from stocksite.web import format as formats
from stocksite.web.svg_axes import (
    WIDTH,
    Line,
    Scale,
    frame,
    framed,
    grid,
    line_paths,
    nice_ticks,
    num,
    opening,
    spoken,
)

_BANDS: Final = ((0.025, 0.975, "band95"), (0.1, 0.9, "band80"), (0.25, 0.75, "band50"))


def fan_chart(view: ForecastView) -> Markup:
    """The chart of a forecast that was not refused."""
    points = view.points
    lead = list(view.recent)
    days = [day for day, _ in lead] + [point.date for point in points]
    last = view.last_close or 0.0
    known: list[float | None] = [close for _, close in lead] + [None] * len(points)
    since: list[float | None] = [None] * (len(lead) - 1) + [last] + [p.actual for p in points]
    shown = [v for v in (*known, *since) if v is not None]
    low, high = min(points[-1].at(0.025), *shown), max(points[-1].at(0.975), *shown)
    scale = framed(low, high)
    ticks = nice_ticks(scale.low, scale.high)
    start = len(lead) - 1
    body = grid(ticks, scale)
    for lower, upper, name in _BANDS:
        body += _band(points, (lower, upper), name, (start, len(days) - 1), last, scale)
    y, x = num(scale.y(last)), num(start / max(len(days) - 1, 1) * WIDTH)
    body += f'<path class="base-line" d="M{x} {y}H{WIDTH}"/>'
    body += f'<path class="origin-line" d="M{x} 0V1000"/>'
    body += line_paths(Line("Known", known, series=8), scale)
    body += line_paths(Line("Since", since, series=2), scale)
    text = _describe(view)
    return Markup(
        opening("m", f"Forecast of {view.symbol}", text, "chart-line chart-fan")
        + frame(body, ticks, scale, "money", days, "m")
        + "</svg>"
    )


def _band(
    points: Sequence[PointView],
    levels: tuple[float, float],
    name: str,
    span: tuple[int, int],
    last: float,
    scale: Scale,
) -> str:
    start, width = span

    def corner(step: int, value: float) -> str:
        return f"{num((start + step) / width * WIDTH)} {num(scale.y(value))}"

    above = [corner(p.horizon, p.at(levels[1])) for p in points]
    below = [corner(p.horizon, p.at(levels[0])) for p in reversed(points)]
    return f'<path class="band {name}" d="M{"L".join([corner(0, last), *above, *below])}Z"/>'


def _describe(view: ForecastView) -> str:
    end = view.last
    text = (
        f"from {formats.day(view.origin)} at {spoken(view.last_close or 0, 'money')}; by "
        f"{formats.day(end.date)} the 80 % band runs from {spoken(end.at(0.1), 'money')} to "
        f"{spoken(end.at(0.9), 'money')}"
    )
    came = [p for p in view.points if p.actual is not None]
    if came:
        text += f"; {len(came)} days later the close was {spoken(came[-1].actual or 0, 'money')}"
    return text
