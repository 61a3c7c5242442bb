"""Weeks and months of the market: which session was the last one of the last that is over."""

from __future__ import annotations

from datetime import date, timedelta

from stocksite.core.calendar import xnys


def last_end(last: date, every: str) -> date:
    """The last session of the last whole week or month, as seen after the close of `last`."""
    following = xnys().between(last + timedelta(days=1), last + timedelta(days=14))
    if not following or _key(following[0].date, every) != _key(last, every):
        return last
    first = last - timedelta(days=last.weekday()) if every == "weekly" else last.replace(day=1)
    before = xnys().previous(first)
    return before.date if before else last


def _key(day: date, every: str) -> tuple[int, int]:
    if every == "weekly":
        year, week, _ = day.isocalendar()
        return year, week
    return day.year, day.month
