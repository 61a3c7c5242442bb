"""The walk through a day: exact at its ends and its extremes, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.core.calendar import xnys
from stocksite.market.path import DayBar, PathPoint, decimal_places, walk
from stocksite.market.providers.sample import SampleProvider

DAY = date(2009, 1, 14)


def exact(price: float) -> Decimal:
    return Decimal(repr(price))


@st.composite
def day_bars(draw: st.DrawFn) -> DayBar:
    """Bars in ticks of 2 to 4 places, of every shape a bar can have."""
    places = draw(st.integers(2, 4))
    low = draw(st.integers(1, 10**6))
    high = low + draw(st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 10**5)))
    first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
    ticks = (Decimal(n).scaleb(-places) for n in (first, high, low, last))
    volume = draw(st.one_of(st.just(0), st.integers(0, 10**9)))
    return DayBar(*(float(tick) for tick in ticks), volume=float(volume))


@given(day_bars(), st.sampled_from([390, 210, 4]), st.dates(date(2000, 1, 1), date(2031, 1, 1)))
def test_a_path_is_its_bar(bar: DayBar, minutes: int, day: date) -> None:
    path = walk("ANY", day, bar, minutes)
    points = [path.at(m) for m in range(minutes + 1)]
    prices = [point.price for point in points]
    assert prices[0] == exact(bar.open)
    assert prices[-1] == exact(bar.close)
    assert max(prices) == exact(bar.high)
    assert min(prices) == exact(bar.low)
    assert points[-1] == PathPoint(
        exact(bar.close), exact(bar.open), exact(bar.high), exact(bar.low), bar.volume
    )
    for m, point in enumerate(points):
        assert point.high == max(prices[: m + 1])
        assert point.low == min(prices[: m + 1])
        assert point.open == exact(bar.open)
        assert -point.price.as_tuple().exponent == path.places
    volumes = [point.volume for point in points]
    assert volumes == sorted(volumes)
    assert volumes[-1] == bar.volume
    assert all(volume == int(volume) for volume in volumes)


@given(day_bars(), st.integers(2, 60))
def test_a_coarse_poll_sees_exact_extremes(bar: DayBar, stride: int) -> None:
    path = walk("ANY", DAY, bar, 390)
    seen = [path.at(m) for m in [*range(0, 390, stride), 390]]
    assert max(point.high for point in seen) == exact(bar.high)
    assert min(point.low for point in seen) == exact(bar.low)


def test_every_sample_day_is_walked_exactly() -> None:
    for symbol in ("FB", "GOOG"):
        for row in SampleProvider().daily_bars(symbol, date.min, date.max):
            session = xnys().on(row.date)
            assert session is not None
            bar = DayBar(row.open, row.high, row.low, row.close, row.volume)
            path = walk(symbol, row.date, bar, int(session.seconds // 60))
            assert path.at(0).price == exact(row.open)
            assert path.at(path.minutes) == PathPoint(
                exact(row.close), exact(row.open), exact(row.high), exact(row.low), row.volume
            )


def test_minutes_outside_the_session_are_its_ends() -> None:
    path = walk("AAPL", DAY, DayBar(10.0, 12.0, 9.5, 11.0, 1000.0), 390)
    assert path.at(-5) == path.at(0)
    assert path.at(10_000) == path.at(390)


def test_the_path_moves_and_differs_by_symbol_and_day() -> None:
    bar = DayBar(86.24, 87.25, 84.72, 85.33, 36_000_000.0)
    path = walk("AAPL", DAY, bar, 390)
    assert len(set(path.ticks)) > 50
    assert walk("MSFT", DAY, bar, 390).ticks != path.ticks
    assert walk("AAPL", date(2009, 1, 15), bar, 390).ticks != path.ticks
    steps = [abs(a - b) for a, b in zip(path.ticks, path.ticks[1:], strict=False)]
    assert max(steps) < 0.5 * (max(path.ticks) - min(path.ticks))


def test_a_rising_day_mostly_dips_first() -> None:
    bar = DayBar(100.0, 104.0, 98.0, 103.0, 1.0)
    days = [date.fromordinal(733_000 + n) for n in range(400)]
    paths = [walk("ANY", day, bar, 390).ticks for day in days]
    low_first = sum(path.index(9_800) < path.index(10_400) for path in paths)
    assert 0.65 < low_first / len(paths) < 0.85


def test_another_process_walks_the_same_day() -> None:
    code = (
        "from datetime import date; from stocksite.market.path import *;"
        "print(hash(walk('AAPL', date(2009, 1, 14), DayBar(86.24, 87.25, 84.72, 85.33, 1e6), 390)"
        ".ticks))"
    )
    bar = DayBar(86.24, 87.25, 84.72, 85.33, 1e6)
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
        ).stdout.strip()
        for env in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    assert runs == {str(hash(walk("AAPL", DAY, bar, 390).ticks))}


def test_the_walk_never_changes_between_versions() -> None:
    """A stored quote and a walk after an upgrade have to agree: this is the recorded path."""
    path = walk("AAPL", DAY, DayBar(86.24, 87.25, 84.72, 85.33, 36_416_100.0), 390)
    assert [path.ticks[m] for m in (0, 1, 60, 195, 389, 390)] == RECORDED


RECORDED = [8624, 8630, 8719, 8515, 8526, 8533]


@pytest.mark.parametrize(
    ("prices", "places"),
    [
        ((1.0, 1.0, 1.0, 1.0), 2),
        ((10.5, 10.5, 10.5, 10.5), 2),
        ((10.123, 10.2, 10.1, 10.15), 3),
        ((10.1, 10.2, 10.0625, 10.1), 4),
        ((10.1234567, 10.2, 10.0, 10.1), 6),
    ],
)
def test_the_tick_is_the_bars_own(prices: tuple[float, ...], places: int) -> None:
    assert decimal_places(DayBar(*prices, volume=1.0)) == places


def test_a_session_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 minutes"):
        walk("AAPL", DAY, DayBar(1.0, 1.0, 1.0, 1.0, 1.0), 3)
