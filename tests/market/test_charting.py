"""What a chart shows: ranges, averages, weeks, marks; and the Bokeh item made of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.core.calendar import xnys
from stocksite.market import charting
from stocksite.market.charting import RANGES, build, load_from, moving_average, range_of
from stocksite.market.reading import ActionView
from stocksite.web import charts, palette

TODAY = date(2009, 1, 14)


def daily(first: date, last: date) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Bars of real sessions: close n, high n + 1, low n − 1, volume 10, n counting from 1."""
    days = np.array([s.date for s in xnys().between(first, last)], dtype="datetime64[D]")
    close = np.arange(1.0, len(days) + 1)
    return days, (close - 0.5, close + 1, close - 1, close, np.full(len(days), 10.0))


@given(st.lists(st.floats(0.01, 1e5), max_size=80), st.integers(1, 30))
def test_a_moving_average_is_the_mean_of_the_last_closes(closes: list[float], window: int) -> None:
    found = moving_average(np.array(closes), window)
    assert len(found) == len(closes)
    for i, value in enumerate(found):
        if i + 1 < window:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(np.mean(closes[i + 1 - window : i + 1]), rel=1e-6)


@pytest.mark.parametrize("key", ["1m", "6m", "1y", "5y"])
def test_averages_are_warm_where_the_range_begins(key: str) -> None:
    chosen = range_of(key)
    start = load_from(chosen, TODAY)
    assert start is not None
    days, ohlcv = daily(start, TODAY)
    series = build(days, ohlcv, [], chosen, TODAY)
    assert not np.isnan(series.averages[200]).any()
    assert series.days[-1] == np.datetime64(TODAY)
    assert series.days[0] >= np.datetime64(TODAY - timedelta(days=chosen.days or 0))


def test_an_unknown_range_is_the_default() -> None:
    assert [range_of(key).key for key in (None, "", "2y", "<b>")] == [charting.DEFAULT_RANGE] * 4
    assert [range_of(each.key) for each in RANGES] == list(RANGES)
    assert load_from(range_of("all"), TODAY) is None
    assert load_from(range_of("1m"), None) is None


def test_weeks_hold_their_sessions() -> None:
    days, ohlcv = daily(date(2008, 12, 15), TODAY)
    series = build(days, ohlcv, [], range_of("all"), TODAY)
    assert [str(day) for day in series.days] == [
        *("2008-12-19", "2008-12-26", "2009-01-02", "2009-01-09", "2009-01-14"),
    ]
    assert series.volume.tolist() == [50.0, 40.0, 40.0, 50.0, 30.0]
    assert series.open.tolist() == [0.5, 5.5, 9.5, 13.5, 18.5]
    assert series.close.tolist() == [5.0, 9.0, 13.0, 18.0, 21.0]
    assert series.high.tolist() == (series.close + 1).tolist()
    assert series.low.tolist() == (series.open - 0.5).tolist()
    assert series.averages[20][-1] == np.mean(np.arange(2.0, 22.0))


def test_marks_stand_on_the_bar_of_their_day() -> None:
    days, ohlcv = daily(date(2008, 12, 15), TODAY)
    split = ActionView(date(2008, 12, 30), "split", 2, 1, None)
    cash = ActionView(date(2008, 12, 27), "dividend", None, None, Decimal("0.500000"))  # a Saturday
    old = ActionView(date(2008, 12, 12), "split", 2, 1, None)
    for key, expected in (("all", [2, 2]), ("1m", [10, 9])):
        series = build(days, ohlcv, [old, split, cash], range_of(key), TODAY)
        assert [at for at, _ in series.marks] == expected
    assert (split.text, cash.text) == ("2:1 split", "$0.50 dividend")
    odd = ActionView(TODAY, "dividend", None, None, Decimal("0.1325"))
    assert odd.text == "$0.1325 dividend"


def test_no_bars_no_chart() -> None:
    empty = (np.empty(0),) * 5
    for each in RANGES:
        series = build(np.empty(0, "datetime64[D]"), empty, [], each, TODAY)
        assert len(series) == 0


def candles(count: int) -> charts.Candles:
    days, (opens, high, low, close, volume) = daily(date(2005, 1, 3), date(2009, 1, 14))
    cut = slice(0, count)
    return charts.Candles(
        days[cut].tolist(),
        *(column[cut] for column in (opens, high, low, close, volume)),
        averages={"20-day": moving_average(close[cut], 20)},
        marks=[charts.Mark(0, "split", "2:1 split"), charts.Mark(0, "dividend", "$1.00 dividend")],
    )


@pytest.mark.parametrize("count", [1, 2, 21, 250, 1000])
def test_the_bokeh_item_needs_no_script(count: int) -> None:
    item = charts.candle_chart(candles(count))
    text = json.dumps(item)
    for forbidden in ("CustomJS", "webgl", "<script"):
        assert forbidden not in text
    assert palette.GAIN in text
    assert "2:1 split" in text
    assert item["root_id"] == item["doc"]["roots"][0]["id"]


def test_bars_that_never_moved_are_drawn() -> None:
    flat = np.full(3, 5.0)
    days = [date(2009, 1, d) for d in (12, 13, 14)]
    data = charts.Candles(days, flat, flat, flat, flat, flat, marks=[charts.Mark(1, "split", "x")])
    assert charts.candle_chart(data)["doc"]


@pytest.mark.parametrize(
    ("first", "last", "some"),
    [
        (date(2008, 12, 15), TODAY, "Jan 5"),
        (date(2008, 7, 14), TODAY, "Jan 2009"),
        (date(2004, 1, 14), TODAY, "2005"),
    ],
)
def test_the_axis_names_weeks_months_or_years(first: date, last: date, some: str) -> None:
    days = [s.date for s in xnys().between(first, last)]
    labels = charts._day_labels(days)
    assert some in labels.values()
    assert 2 <= len(labels) <= 8
    assert charts._day_labels(days[:1]) == {}


def test_bokeh_is_imported_by_the_first_chart_only() -> None:
    import subprocess
    import sys

    code = "import sys, stocksite.market.views; print('bokeh' in sys.modules, 'bs4' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
