"""Stepping the market clock: pure functions from (where it stands, what passed) to where it stands.

   first tick = the open           last tick = the close       after-close work done
closed ────────────────> open ────────────────────────> closing ──────────────> closed
   ^ about four seconds    │ wall seconds × speed                 no bars left └──> ended
   └───────────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from stocksite.core.calendar import NEW_YORK, TradingCalendar, TradingSession

MAX_STEP_S = 3.0
"""Wall seconds one step may count: a suspended machine resumes, it does not leap."""
NIGHT_S = 4.0
"""Wall seconds a night, a weekend or a holiday takes."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the market clock stands. Times are aware UTC."""

    phase: str
    market_at: datetime
    session_date: date | None
    next_open: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """Where it stands after a step, and what happened on the way."""

    position: Position
    opened: date | None = None
    closed: date | None = None
    moved: bool = False


def begin(start: date, calendar: TradingCalendar) -> Position:
    """The night before the first session on or after `start`: closed, at New York's midnight."""
    midnight = datetime.combine(start, time(), NEW_YORK).astimezone(UTC)
    before = calendar.last_closed(midnight)
    return Position(
        phase="closed",
        market_at=midnight,
        session_date=before.date if before else None,
        next_open=calendar.next_after(midnight).open,
    )


def step(
    at: Position,
    wall_s: float,
    speed: float,
    gate_open: bool,
    last_day: date,
    calendar: TradingCalendar,
) -> Step:
    """Move the replay clock by `wall_s` real seconds (capped, never backwards).

    `speed` is market seconds per real second while open; `gate_open` says that the after-close
    work of `session_date` is done; `last_day` is the last session with prices. A step never
    passes an open or a close: it stops there exactly, and says so.
    """
    passed = min(max(wall_s, 0.0), MAX_STEP_S)
    if at.phase == "open":
        return _run_session(at, passed * speed, last_day, calendar)
    if at.phase == "closing" and gate_open:
        phase = "ended" if at.next_open is None else "closed"
        return Step(replace(at, phase=phase), moved=True)
    if at.phase == "closed":
        return _pass_night(at, passed, last_day, calendar)
    return Step(at)


def _run_session(at: Position, seconds: float, last_day: date, calendar: TradingCalendar) -> Step:
    session = _session(at, calendar)
    then = at.market_at + timedelta(seconds=seconds)
    if then < session.close:
        return Step(replace(at, market_at=then), moved=then > at.market_at)
    return Step(closing(session, last_day, calendar), closed=session.date, moved=True)


def closing(session: TradingSession, last_day: date, calendar: TradingCalendar) -> Position:
    """The position exactly at a session's close, its after-close work still to do."""
    return Position(
        phase="closing",
        market_at=session.close,
        session_date=session.date,
        next_open=_next_open(session.close, last_day, calendar),
    )


def _pass_night(at: Position, passed: float, last_day: date, calendar: TradingCalendar) -> Step:
    if at.next_open is None:
        return Step(replace(at, phase="ended"), moved=True)
    before = calendar.last_closed(at.market_at)
    night = at.next_open - (before.close if before else at.market_at)
    then = at.market_at + night * (passed / NIGHT_S)
    if then < at.next_open:
        return Step(replace(at, market_at=then), moved=then > at.market_at)
    opening = calendar.at(at.next_open)
    if opening is None:
        raise ValueError(f"the calendar has no session that opens at {at.next_open.isoformat()}")
    position = Position(
        phase="open",
        market_at=opening.open,
        session_date=opening.date,
        next_open=_next_open(opening.close, last_day, calendar),
    )
    return Step(position, opened=opening.date, moved=True)


def _next_open(after: datetime, last_day: date, calendar: TradingCalendar) -> datetime | None:
    """The next open that has prices, or None when the sample ends here."""
    try:
        following = calendar.next_after(after)
    except LookupError:
        return None
    return following.open if following.date <= last_day else None


def _session(at: Position, calendar: TradingCalendar) -> TradingSession:
    session = calendar.on(at.session_date) if at.session_date else None
    if session is None:
        raise ValueError(f"the calendar has no session on {at.session_date}")
    return session


def follow(at: Position, now: datetime, gate_open: bool, calendar: TradingCalendar) -> Step:
    """The live clock: market time is `now`, the phase is the exchange's."""
    session = calendar.last_opened(now)
    if session is None:
        raise LookupError("the trading calendar begins later; set this machine's clock")
    here = Position(at.phase, now, session.date, calendar.next_after(now).open)
    fresh = at.session_date != session.date
    if session.contains(now):
        opened = session.date if fresh or at.phase != "open" else None
        return Step(replace(here, phase="open"), opened=opened, moved=opened is not None)
    if fresh or at.phase == "open":
        return Step(replace(here, phase="closing"), closed=session.date, moved=True)
    if at.phase == "closing" and gate_open:
        return Step(replace(here, phase="closed"), moved=True)
    return Step(here)


def skipped(at: Position, to: date, calendar: TradingCalendar) -> list[TradingSession]:
    """The sessions that end unplayed when the next to open is the first on or after `to`.

    A session that is open now is among them.
    """
    first = at.session_date or date.min
    sessions = calendar.between(first, to - timedelta(days=1))
    return [s for s in sessions if s.close > at.market_at]
