"""How far a price has come over five days, a month, three months, the year and a year.

The horizon rule: the base is the last close on or before as-of − 7, 28, 91 or 364 calendar days;
for the year to date it is the last close of the previous year. Price return without dividends,
on split-adjusted closes. The rule reproduces the bases of MarketWatch's performance block.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from stocksite.market.adjust import Days, Floats
from stocksite.market.reading import KeyFigures, Performance

HORIZONS = {"five_days": 7, "one_month": 28, "three_months": 91, "one_year": 364}
"""Calendar days back, by field."""
LOOKBACK_DAYS = 380
"""Calendar days of history that reach every base, across the longest closure there was."""


def base_dates(as_of: date) -> dict[str, date]:
    """The latest day each base close may have."""
    dates = {name: as_of - timedelta(days=days) for name, days in HORIZONS.items()}
    return dates | {"year_to_date": date(as_of.year - 1, 12, 31)}


def measure(days: Days, closes: Floats, as_of: date, price: float) -> Performance:
    """Returns in percent points of `price` against each base; None where history is too short.

    `days` ascend, `closes` are split-adjusted to the shares of `as_of`, and a base is never older
    than ten days before its date: a stock that did not trade has no figure, not a wrong one.
    """
    figures: dict[str, float | None] = {}
    for name, day in base_dates(as_of).items():
        i = int(np.searchsorted(days, np.datetime64(day, "D"), side="right")) - 1
        usable = i >= 0 and days[i] >= np.datetime64(day - timedelta(days=10), "D")
        figures[name] = (price / float(closes[i]) - 1) * 100 if usable else None
    return Performance(as_of=as_of, **figures)


def key_figures(
    days: Days, high: Floats, low: Floats, close: Floats, volume: Floats, as_of: date | None
) -> KeyFigures | None:
    """The last 364 days' extremes, the mean volume of 30 complete sessions, and the returns.

    Split-adjusted bars, ascending, the latest last; `volume` may leave out the running session.
    None without any bar.
    """
    if as_of is None or not len(days):
        return None
    first = int(np.searchsorted(days, np.datetime64(as_of - timedelta(days=364), "D")))
    return KeyFigures(
        year_high=float(high[first:].max()) if first < len(days) else None,
        year_low=float(low[first:].min()) if first < len(days) else None,
        average_volume=float(volume[-30:].mean()) if len(volume) else None,
        performance=measure(days, close, as_of, float(close[-1])),
    )
