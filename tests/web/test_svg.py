"""SVG charts: well-formed, described, escaped, without inline styles, at every size of data."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest

from stocksite.web import svg, svg_axes
from stocksite.web.svg import Bar, Line

DAYS = [date(2009, 1, 2) + timedelta(days=n) for n in range(5)]
HOSTILE = "<script>\"&'" + "x" * 40


def bars(count: int) -> list[Bar]:
    start = date(2000, 1, 3)
    return [
        Bar(
            start + timedelta(days=n), 10 + n % 7, 12 + n % 7, 9 + n % 7, 11 + (n * 3) % 7, 1000 + n
        )
        for n in range(count)
    ]


def parse(markup: str) -> ET.Element:
    assert "style=" not in markup
    assert "<script" not in markup
    assert "nan" not in markup.lower().replace("finance", "")
    return ET.fromstring(markup)


def test_sparkline_is_120_by_28_and_coloured_by_its_way() -> None:
    up = parse(svg.sparkline([1.0, 2.0, 3.0], label="AAPL, last 3 sessions"))
    assert (up.get("width"), up.get("height")) == ("120", "28")
    assert up.get("aria-label") == "AAPL, last 3 sessions"
    assert "is-up" in str(up.get("class"))
    assert "is-down" in svg.sparkline([3.0, 1.0], label="x")
    assert "is-flat" in svg.sparkline([2.0, 2.0], label="x")
    assert "is-down" in svg.sparkline([1.0, 3.0], label="x", base=5.0)


def test_sparkline_of_nothing_is_a_dash_and_gaps_are_gaps() -> None:
    assert "–" in svg.sparkline([], label="x")
    assert "–" in svg.sparkline([None, math.nan], label="x")
    gapped = parse(svg.sparkline([1.0, None, 2.0, 3.0], label="x"))
    strokes = [p for p in gapped if p.get("class") == "stroke"]
    assert len(strokes) == 2


def test_labels_are_escaped() -> None:
    line = Line(HOSTILE, [1.0, 2.0, 3.0, 4.0, 5.0])
    for markup in (
        svg.sparkline([1.0, 2.0], label=HOSTILE),
        svg.line_chart(DAYS, [line], title=HOSTILE),
        svg.candlestick(bars(3), title=HOSTILE),
        svg.donut(svg.composition_parts([{"label": HOSTILE, "share_pct": 100}]), title=HOSTILE),
        svg.day_range(1, 3, 2, label=HOSTILE),
        svg.line_chart([], [], title=HOSTILE, empty=HOSTILE),
    ):
        parse(markup)


def test_line_chart_has_title_and_description() -> None:
    chart = parse(
        svg.line_chart(
            DAYS, [Line("Net worth", [1.0, 2.0, None, 4.0, 5.0], area=True)], title="Main", base=2.0
        )
    )
    assert chart.findtext("title") == "Main"
    assert chart.findtext("desc") == "2 Jan 2009 to 6 Jan 2009; Net worth from $1.00 to $5.00"
    assert chart.get("role") == "img"


@pytest.mark.parametrize(
    "values", [[5.0], [5.0] * 5, [0.0] * 5, [None] * 5, [1e12, -1e12, 0, 1, 2], [1e-9] * 5]
)
def test_line_chart_survives_odd_series(values: list[float | None]) -> None:
    parse(svg.line_chart(DAYS[: len(values)], [Line("x", values)], title="x"))


def test_a_long_series_is_thinned_but_keeps_its_extremes() -> None:
    values: list[float | None] = [math.sin(n / 50) for n in range(10_000)]
    values[5_001] = 9.0
    days = [date(1980, 1, 1) + timedelta(days=n) for n in range(10_000)]
    markup = svg.line_chart(days, [Line("x", values)], title="x")
    assert len(markup) < 20_000
    assert 5_001 in svg_axes.thin(values)
    parse(markup)


def test_candles_are_hollow_up_and_merged_when_there_are_many() -> None:
    few = svg.candlestick(bars(60), title="AAPL", averages=[Line("20", [None] * 19 + [10.0] * 41)])
    assert few.count("candle body") == 60
    assert "sessions" not in few
    many = svg.candlestick(bars(1_300), title="AAPL")
    assert many.count("candle body") == 130
    assert "each candle is 10 sessions" in many
    parse(few)
    parse(many)


def test_merged_candles_keep_open_high_low_close_and_volume() -> None:
    merged = svg._merge([Bar(DAYS[0], 1, 5, 1, 2, 10), Bar(DAYS[1], 2, 9, 0.5, 3, 20)])
    assert (merged.open, merged.high, merged.low, merged.close, merged.volume) == (1, 9, 0.5, 3, 30)


def test_one_flat_bar_without_volume() -> None:
    parse(svg.candlestick([Bar(DAYS[0], 5, 5, 5, 5, 0)], title="x"))
    parse(svg.candlestick([], title="x"))


def test_composition_sums_the_small_rest() -> None:
    slices = [{"label": f"S{n}", "share_pct": 20 - n, "url": f"/{n}"} for n in range(12)]
    parts = svg.composition_parts(slices)
    assert [p.series for p in parts] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert parts[0].label == "S0"
    assert parts[-1].label == "Other (5)"
    assert parts[-1].share_pct == pytest.approx(sum(s["share_pct"] for s in slices[7:]))  # type: ignore[misc]
    assert len(svg.composition_parts(slices[:8])) == 8
    parse(svg.donut(parts, title="Main"))
    parse(svg.composition_bar(parts, title="Main"))
    parse(svg.donut([], title="Empty"))


def test_day_range_clamps_and_admits_what_it_does_not_know() -> None:
    assert 'cx="92"' in svg.day_range(1, 2, 99, label="x")
    assert 'cx="48"' in svg.day_range(2, 2, 2, label="x")
    assert "–" in svg.day_range(None, 2, 1, label="x")


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2.5, 5, 7.5, 10]),
        (140, 210, [140, 160, 180, 200]),
        (-20, 30, [-20, 0, 20]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    found = svg_axes.nice_ticks(low, high)
    assert found[0] >= low
    assert len(found) <= 6
    assert found == ticks
    assert svg_axes.nice_ticks(math.nan, 1) == []
