"""What a price chart shows of a stock's bars: the range, moving averages, weeks for long ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from stocksite.market.adjust import Days, Floats
from stocksite.market.performance import LOOKBACK_DAYS
from stocksite.market.reading import ActionView

WINDOWS = (20, 50, 200)
"""Sessions of the moving averages, simple, of split-adjusted closes."""
_WARM_UP = timedelta(days=310)
"""Calendar days that surely hold the 199 sessions before a range."""


@dataclass(frozen=True, slots=True)
class Range:
    """A choice of how much to show."""

    key: str
    label: str
    words: str
    days: int | None
    """Calendar days back; None for everything."""
    weekly: bool = False


RANGES = (
    Range("1m", "1 m", "one month", 31),
    Range("6m", "6 m", "six months", 183),
    Range("1y", "1 y", "one year", 366),
    Range("5y", "5 y", "five years, weekly", 1827, weekly=True),
    Range("all", "All", "all there is, weekly", None, weekly=True),
)
DEFAULT_RANGE = "6m"


def range_of(key: str | None) -> Range:
    """The range of a key from a URL; an unknown one is the default."""
    by_key = {each.key: each for each in RANGES}
    return by_key.get(key or "", by_key[DEFAULT_RANGE])


def load_from(chosen: Range, today: date | None) -> date | None:
    """The first day to load: averages warm on the range's first day, key figures complete."""
    if chosen.days is None or today is None:
        return None
    reach = max(timedelta(days=chosen.days) + _WARM_UP, timedelta(days=LOOKBACK_DAYS))
    return today - reach


@dataclass(frozen=True, slots=True)
class Series:
    """The bars shown, with their averages; arrays of one length."""

    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    averages: dict[int, Floats]
    marks: tuple[tuple[int, ActionView], ...]
    """(index of the bar, what happened)."""
    weekly: bool

    def __len__(self) -> int:
        return len(self.days)


def moving_average(closes: Floats, window: int) -> Floats:
    """The mean of the last `window` closes; NaN while there are fewer."""
    out = np.full(len(closes), np.nan)
    if len(closes) >= window:
        sums = np.cumsum(np.insert(closes, 0, 0.0))
        out[window - 1 :] = (sums[window:] - sums[:-window]) / window
    return out


def build(
    days: Days,
    ohlcv: tuple[Floats, Floats, Floats, Floats, Floats],
    actions: Sequence[ActionView],
    chosen: Range,
    today: date | None,
) -> Series:
    """Cut loaded daily bars to the range, and make weeks of them where the range asks for it."""
    closes = ohlcv[3]
    averages = {window: moving_average(closes, window) for window in WINDOWS}
    first = 0
    if chosen.days is not None and today is not None:
        start = np.datetime64(today - timedelta(days=chosen.days), "D")
        first = int(np.searchsorted(days, start, side="left"))
    days, ohlcv = days[first:], tuple(column[first:] for column in ohlcv)  # type: ignore[assignment]
    averages = {window: values[first:] for window, values in averages.items()}
    starts = _week_starts(days) if chosen.weekly else np.arange(len(days))
    return _grouped(days, ohlcv, averages, actions, starts, chosen.weekly)


def _week_starts(days: Days) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Index of the first session of each calendar week."""
    if not len(days):
        return np.arange(0)
    # The epoch was a Thursday: three days on, weeks begin on Mondays.
    weeks = (days.astype("datetime64[D]").astype(np.int64) + 3) // 7
    starts: np.ndarray[tuple[int], np.dtype[np.int64]] = np.flatnonzero(
        np.insert(np.diff(weeks) != 0, 0, True)
    )
    return starts


def _grouped(
    days: Days,
    ohlcv: tuple[Floats, Floats, Floats, Floats, Floats],
    averages: dict[int, Floats],
    actions: Sequence[ActionView],
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
    weekly: bool,
) -> Series:
    """One bar per group of sessions from `starts` on; day and averages are its last's."""
    if not len(days):
        return Series(days, *ohlcv, averages=averages, marks=(), weekly=weekly)
    opens, highs, lows, closes, volumes = ohlcv
    ends = np.append(starts[1:], len(days)) - 1
    marks = []
    for action in actions:
        at = int(np.searchsorted(days, np.datetime64(action.ex_date, "D"), side="left"))
        if np.datetime64(action.ex_date, "D") >= days[0] and at < len(days):
            marks.append((int(np.searchsorted(ends, at, side="left")), action))
    return Series(
        days[ends],
        opens[starts],
        np.maximum.reduceat(highs, starts),
        np.minimum.reduceat(lows, starts),
        closes[ends],
        np.add.reduceat(volumes, starts),
        {window: values[ends] for window, values in averages.items()},
        tuple(marks),
        weekly,
    )
