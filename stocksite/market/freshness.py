"""How long what was fetched may be shown, and when it has to be called stale.

A life follows the session: a price lives a minute while the market is open, and from the close
(and a grace for providers to settle) until the next open nothing can be newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from stocksite.core.calendar import TradingCalendar

GRACE = timedelta(minutes=30)
"""How long after a close a session's bar is given to settle."""
GROUPED_FIRST = timedelta(hours=3)
"""For so long after a session has settled its bars and prices are left to the one call that brings
them all; then each stock is asked for by itself."""
QUOTE_LIFE = timedelta(seconds=60)
DELAY = {
    "realtime": timedelta(minutes=5),
    "delayed": timedelta(minutes=20),
}
"""How old a price of each kind may be in an open market before it is stale."""
LIVES = {
    "search": timedelta(days=7),
    "profile": timedelta(hours=24),
    "performance": timedelta(hours=12),
    "peers": timedelta(hours=12),
    "unknown": timedelta(hours=24),
    "corporate_actions": timedelta(hours=24),
}
"""Lives that do not depend on the session. `unknown` is an explicit absence."""


def last_settled(now: datetime, calendar: TradingCalendar) -> date | None:
    """The latest session whose daily bar can be believed to be finished."""
    session = calendar.last_closed(now - GRACE)
    return session.date if session else None


def next_change(now: datetime, calendar: TradingCalendar) -> datetime:
    """When an end-of-day price can next be out of date: the next close plus the grace."""
    settling = calendar.last_closed(now)
    if settling is not None and settling.close + GRACE > now:
        return settling.close + GRACE
    running = calendar.at(now)
    return (running or calendar.next_after(now)).close + GRACE


def quote_lives_until(now: datetime, delay: str, calendar: TradingCalendar) -> datetime:
    """Until when a price fetched now need not be fetched again."""
    if delay == "eod":
        return next_change(now, calendar)
    closed = calendar.last_closed(now)
    settling = closed is not None and now < closed.close + GRACE
    if calendar.at(now) is not None or settling:
        return now + QUOTE_LIFE
    return calendar.next_after(now).open


def spread(calls: int, left: Sequence[int], remaining: timedelta) -> timedelta:
    """How far apart refreshes of `calls` requests lie so that what is `left` lasts.

    `left` is what each long window still has for it; never closer than a price lives.
    """
    if not left:
        return QUOTE_LIFE
    refreshes = max(min(left), 0) // max(calls, 1)
    return max(QUOTE_LIFE, remaining / refreshes) if refreshes else remaining


def bars_live_until(now: datetime, calendar: TradingCalendar) -> datetime:
    """Until when a history that reaches the last settled session need not be fetched again."""
    return next_change(now, calendar)


def quote_is_stale(
    session: date, as_of: datetime, delay: str, now: datetime, calendar: TradingCalendar
) -> bool:
    """Whether a newer price should be here by now.

    An end-of-day price is never stale for lagging behind a running session, only for missing a
    settled one. Overnight and on weekends a price of the last session holds.
    """
    if delay == "eod":
        settled = last_settled(now, calendar)
        return settled is not None and session < settled
    running = calendar.at(now)
    allowed = DELAY.get(delay, DELAY["delayed"])
    if running is not None:
        return now - max(as_of, running.open) > allowed
    closed = calendar.last_closed(now - allowed)
    return closed is not None and session < closed.date
