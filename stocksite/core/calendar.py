"""The XNYS trading calendar: which days trade, when they open and close, in UTC.

`data/xnys.csv` is written from `exchange_calendars` by `python -m stocksite.core.calendar` and a
test holds the two together, so that a web process needs neither pandas nor 0.8 s to know the day.
"""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_REGULAR_SECONDS = 23_400


@dataclass(frozen=True, slots=True)
class TradingSession:
    """One trading day: its exchange-local date and its open and close in UTC."""

    date: date
    open: datetime
    close: datetime

    @property
    def seconds(self) -> float:
        """Length of the session in market seconds (23,400; a half day 12,600)."""
        return (self.close - self.open).total_seconds()

    @property
    def is_half_day(self) -> bool:
        """Whether the session closes early."""
        return self.seconds < _REGULAR_SECONDS

    def contains(self, at: datetime) -> bool:
        """Whether the market is open at `at`: from the open up to, but not at, the close."""
        return self.open <= at < self.close


class TradingCalendar:
    """Sessions in order, with the questions everybody asks of them. Times are aware UTC."""

    def __init__(self, sessions: tuple[TradingSession, ...]) -> None:
        self.sessions = sessions
        self._dates = [s.date for s in sessions]
        self._opens = [s.open for s in sessions]
        self._closes = [s.close for s in sessions]

    def on(self, day: date) -> TradingSession | None:
        """The session of an exchange-local date, or None when the exchange is shut that day."""
        i = bisect_left(self._dates, day)
        return self.sessions[i] if i < len(self._dates) and self._dates[i] == day else None

    def at(self, moment: datetime) -> TradingSession | None:
        """The session that is open at `moment`, or None."""
        i = bisect_right(self._opens, moment) - 1
        return self.sessions[i] if i >= 0 and self.sessions[i].contains(moment) else None

    def next_after(self, moment: datetime) -> TradingSession:
        """The first session that opens strictly after `moment`. Raises LookupError past the end."""
        i = bisect_right(self._opens, moment)
        if i == len(self.sessions):
            raise LookupError(f"the trading calendar ends on {self._dates[-1]}; upgrade stocksite")
        return self.sessions[i]

    def last_closed(self, moment: datetime) -> TradingSession | None:
        """The latest session whose close is at or before `moment`."""
        i = bisect_right(self._closes, moment) - 1
        return self.sessions[i] if i >= 0 else None

    def last_opened(self, moment: datetime) -> TradingSession | None:
        """The latest session whose open is at or before `moment`: open now, or closed last."""
        i = bisect_right(self._opens, moment) - 1
        return self.sessions[i] if i >= 0 else None

    def previous(self, day: date) -> TradingSession | None:
        """The session before an exchange-local date (the date itself need not trade)."""
        i = bisect_left(self._dates, day) - 1
        return self.sessions[i] if i >= 0 else None

    def between(self, start: date, end: date) -> tuple[TradingSession, ...]:
        """Sessions with start ≤ date ≤ end."""
        return self.sessions[bisect_left(self._dates, start) : bisect_right(self._dates, end)]


@cache
def xnys() -> TradingCalendar:
    """The New York Stock Exchange's calendar, read once per process."""
    text = files("stocksite.core").joinpath("data/xnys.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return TradingCalendar(tuple(_session(r["date"], r["open_utc"], r["close_utc"]) for r in rows))


def _session(day: str, opens: str, closes: str) -> TradingSession:
    on = date.fromisoformat(day)
    return TradingSession(
        on,
        datetime.combine(on, time.fromisoformat(opens), UTC),
        datetime.combine(on, time.fromisoformat(closes), UTC),
    )


def trading_date(moment: datetime) -> date:
    """The exchange-local date of an instant."""
    return moment.astimezone(NEW_YORK).date()


def regenerate(start: str = "1999-12-01", end: str = "2031-12-31") -> str:
    """The calendar file's text, from `exchange_calendars` (a maintainer's tool, and the test's)."""
    import exchange_calendars

    schedule = exchange_calendars.get_calendar("XNYS", start=start, end=end).schedule
    lines = ["date,open_utc,close_utc"]
    lines += [
        f"{day.date()},{opens:%H:%M},{closes:%H:%M}"
        for day, opens, closes in zip(
            schedule.index, schedule["open"], schedule["close"], strict=True
        )
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(regenerate(), end="")
