"""A market that stands where a test wants it, driven by the clock's own ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import NEW_YORK
from stocksite.market.reading import MarketState
from stocksite.market.service import clock, events
from stocksite.settings import Settings

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Stand = Callable[..., MarketState]


@pytest.fixture
def stand(session: Session) -> Stand:
    """`stand(date(2009, 1, 14), 11.7)`: the market at that hour of New York's day, committed.

    Without an hour it stands in the night before the day's session.
    """

    def at(day: date, hour: float | None = None) -> MarketState:
        session.execute(text("DELETE FROM quote"))
        session.execute(text("DELETE FROM market_clock"))
        clock.start(session, replaying(day), NOW)
        if hour is not None:
            run_until(session, day, hour)
        session.commit()
        return clock.state(session)

    return at


def replaying(day: date, speed: float = 390.0) -> Settings:
    """Settings of a sample market that starts on a day."""
    return Settings(replay_start=day, replay_speed=speed)


def run_until(session: Session, day: date, hour: float) -> None:
    """Let the night pass, then the session run up to an hour of New York's day."""
    now, opened = NOW, None
    while opened is None:
        now += timedelta(seconds=3)
        opened = clock.tick(session, now, gate=lambda _: True).opened
    assert opened == day
    wanted = datetime.combine(day, time(), NEW_YORK) + timedelta(hours=hour)
    seconds = (wanted - clock.state(session).at).total_seconds()
    if seconds:
        clock.set_speed(session, seconds)
        clock.tick(session, now + timedelta(seconds=1), gate=lambda _: False)
        clock.set_speed(session, 390.0)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """The SQL a session's connection runs inside the block."""
    seen: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    target = session.get_bind()
    event.listen(target, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(target, "before_cursor_execute", note)


@pytest.fixture
def browser(login, actor, session, stand):
    """Somebody logged in, in the morning of 14 January 2009, with the events of all history."""
    stand(date(2009, 1, 14), 11)
    events.fill_history(session, Decimal(2))
    session.commit()
    return login(actor)
