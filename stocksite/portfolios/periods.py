"""Spans of time that figures cover: from one close to another, on the exchange's own dates."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from stocksite.core.errors import InvalidInput

PERIODS: Final = ("1w", "1m", "3m", "ytd", "1y", "all")
CUSTOM: Final = "custom"
LABELS: Final = {
    "1w": "1 w",
    "1m": "1 m",
    "3m": "3 m",
    "ytd": "This year",
    "1y": "1 y",
    "all": "All",
}
WORDS: Final = {
    "1w": "one week",
    "1m": "one month",
    "3m": "three months",
    "ytd": "this year",
    "1y": "one year",
    "all": "since the start",
    CUSTOM: "the days chosen",
}


@dataclass(frozen=True, slots=True)
class Span:
    """What somebody asked for: a named period, or days of their own."""

    period: str = "all"
    start: date | None = None
    """From this day's close (custom)."""
    end: date | None = None
    """To this day's close (custom); None for the last one."""

    @classmethod
    def of(cls, period: str | None, start: date | None = None, end: date | None = None) -> Span:
        """Read a wish; days of one's own outweigh a name. Raises InvalidInput for an unknown
        name or days that run backwards.
        """
        if start is not None or end is not None:
            if start is not None and end is not None and start >= end:
                raise InvalidInput.of_field(
                    "from",
                    f"The start {start} does not lie before {end}. Choose an earlier one, or a "
                    "later end.",
                )
            return cls(CUSTOM, start, end)
        if period not in (None, *PERIODS):
            raise InvalidInput.of_field("period", f"Choose one of {', '.join(PERIODS)}.")
        return cls(period or "all")

    def base(self, last: date) -> date | None:
        """The day from whose close the span runs when it ends with the close of `last`; None for
        the beginning.
        """
        if self.period == CUSTOM:
            return self.start
        if self.period == "1w":
            return last - timedelta(days=7)
        if self.period == "ytd":
            return date(last.year - 1, 12, 31)
        months = {"1m": 1, "3m": 3, "1y": 12}.get(self.period)
        return months_before(last, months) if months else None

    @property
    def words(self) -> str:
        """In words: `three months`."""
        return WORDS[self.period]


def months_before(day: date, months: int) -> date:
    """The same day some months earlier; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
