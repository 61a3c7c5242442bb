"""A chart's data drawn as SVG by the functions every page uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from stocksite.reports.content import Chart
from stocksite.web import format as formats
from stocksite.web import svg

if TYPE_CHECKING:
    from stocksite.forecast.reading import ForecastView

MAX_POINTS: Final = 320
"""Points of a line at most: a year of sessions as they are, more as every n-th."""


def draw(chart: Chart) -> Markup:
    """The drawing. It carries its title and a description for those who do not see it."""
    return _FORMS[chart.form](chart)


def legend(chart: Chart) -> tuple[tuple[str, int], ...]:
    """(name, series) of what is drawn; of shares, each part with its percentage."""
    if chart.form != "shares":
        return chart.legend
    return tuple(
        (f"{part.label} {formats.percent(part.share_pct, sign=False)}", part.series)
        for part in svg.composition_parts(chart.data["parts"])
    )


def line_data(
    days: Sequence[date],
    lines: Sequence[tuple[str, Sequence[float | None], int]],
    *,
    kind: str,
    base: float | None = None,
    area: bool = False,
    lowest: bool = False,
    places: int = 2,
) -> dict[str, Any]:
    """Data of a line chart, thinned to every n-th value (`lowest`: the lowest of each n)."""
    step = -(-max(len(days) - 1, 1) // MAX_POINTS)
    # The first close by itself, then groups of `step`: a line begins where its span does.
    starts = [0, *range(1, len(days), step)] if len(days) else []
    ends = [1, *(min(start + step, len(days)) for start in starts[1:])] if starts else []

    def kept(values: Sequence[float | None]) -> list[float | None]:
        if not lowest:
            chosen = [values[end - 1] for end in ends]
        else:
            groups = [values[a:b] for a, b in zip(starts, ends, strict=True)]
            chosen = [min((v for v in group if v is not None), default=None) for group in groups]
        return [None if value is None else round(value, places) + 0.0 for value in chosen]

    return {
        "days": [days[end - 1].isoformat() for end in ends],
        "every": step,
        "lines": [
            {
                "label": label,
                "values": kept(values),
                "series": series,
                "area": area and i == 0,
                "foot": base if lowest else None,
            }
            for i, (label, values, series) in enumerate(lines)
        ],
        "kind": kind,
        "base": base,
    }


def fan_data(view: ForecastView, through: date | None = None) -> dict[str, Any]:
    """Data of a fan; what happened after `through` is left out."""
    return {
        "symbol": view.symbol,
        "origin": view.origin.isoformat(),
        "last_close": _four(view.last_close),
        "recent": [[day.isoformat(), _four(close)] for day, close in view.recent],
        "points": [
            {
                "date": point.date.isoformat(),
                "quantiles": [_four(value) for value in point.quantiles],
                "actual": None
                if through is not None and point.date > through
                else _four(point.actual),
            }
            for point in view.points
        ],
    }


def _four(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _days(data: Mapping[str, Any]) -> list[date]:
    return [date.fromisoformat(day) for day in data["days"]]


def _line(chart: Chart) -> Markup:
    data = chart.data
    lines = [
        svg.Line(line["label"], line["values"], line["series"], line["area"], line["foot"])
        for line in data["lines"]
    ]
    return svg.line_chart(
        _days(data),
        lines,
        title=chart.title,
        size=chart.size,
        base=data["base"],
        kind=data["kind"],
    )


def _candles(chart: Chart) -> Markup:
    data = chart.data
    columns = (data[name] for name in ("open", "high", "low", "close", "volume"))
    bars = [svg.Bar(*row) for row in zip(_days(data), *columns, strict=True)]
    averages = [svg.Line(line["label"], line["values"], line["series"]) for line in data["lines"]]
    return svg.candlestick(bars, title=chart.title, averages=averages, size=chart.size)


def _trades(chart: Chart) -> Markup:
    # Imported where it is drawn: it takes numpy along, a fifth of a second of a new process.
    from stocksite.backtest.drawing import trades_chart

    data = chart.data
    return trades_chart(_days(data), data["closes"], data["trades"], title=chart.title)


def _fan(chart: Chart) -> Markup:
    from stocksite.forecast.drawing import fan_chart
    from stocksite.forecast.reading import ForecastView, PointView

    data = chart.data
    last = data["last_close"]
    points = tuple(
        PointView(
            date.fromisoformat(point["date"]), i, last, tuple(point["quantiles"]), point["actual"]
        )
        for i, point in enumerate(data["points"], start=1)
    )
    return fan_chart(
        ForecastView(
            id=0,
            symbol=data["symbol"],
            name="",
            origin=date.fromisoformat(data["origin"]),
            made_at=datetime(1970, 1, 1, tzinfo=UTC),
            model="",
            model_version_id=0,
            status="done",
            reason_code=None,
            reason="",
            state="",
            short_history=False,
            fallback=False,
            backfilled=False,
            data_hash=None,
            last_close=last,
            up_share_pct=None,
            up_windows=None,
            recent=tuple((date.fromisoformat(day), close) for day, close in data["recent"]),
            points=points,
            score=None,
        )
    )


def _shares(chart: Chart) -> Markup:
    return svg.composition_bar(svg.composition_parts(chart.data["parts"]), title=chart.title)


_FORMS: Final[dict[str, Callable[[Chart], Markup]]] = {
    "line": _line,
    "candles": _candles,
    "trades": _trades,
    "fan": _fan,
    "shares": _shares,
}
