"""The market clock: reading it, stepping it once a second, and the administrator's controls.

Only the clock process calls `tick`; its loop commits, then calls `publish` so that polling pages
see by one Redis read whether anything changed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import read_clock, wall_now
from stocksite.core.database import read
from stocksite.core.errors import Conflict, InvalidInput, ProviderUnavailable
from stocksite.core.models import MarketClock
from stocksite.market import replay
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState, Tick
from stocksite.market.service import sessions
from stocksite.settings import Settings, SettingsError

TICK_KEY = "market:tick"
_STANDING: Final = select(*MarketClock.__table__.columns)
AFTER_CLOSE = timedelta(seconds=1)
"""The market stands this long after a close while the day is booked: what is done then belongs to
the next day, and an order placed then does not meet the closing price."""
MIN_SPEED, MAX_SPEED = 0.1, 100_000.0


def state(session: Session) -> MarketState:
    """What time it is and what the market does. Raises ProviderUnavailable before the set-up."""
    clock = read(session, _STANDING).one_or_none()
    return state_of(read_clock(session) if clock is None else clock)


def state_of(clock: MarketClock | Row[Any]) -> MarketState:
    """The read model of a clock row one already holds."""
    live = clock.mode == "live"
    at = wall_now() if live else clock.market_at
    running = xnys().on(clock.session_date) if clock.session_date else None
    is_open = clock.phase == "open" and running is not None
    return MarketState(
        mode=clock.mode,
        phase=clock.phase,
        at=at,
        session_date=clock.session_date,
        closes_at=running.close if running and is_open else None,
        next_open=clock.next_open,
        is_sample=not live,
        paused=clock.paused,
        tick=clock.tick,
        waiting_for="the day's closing work" if clock.phase == "closing" else None,
        speed=clock.speed,
    )


def start(session: Session, settings: Settings, now: datetime) -> MarketState:
    """Set the market up, once per data folder; later calls only take over the speed.

    A new sample market stands in the night before `REPLAY_START` with every price at the last
    close before it. Raises SettingsError when the start lies outside the sample, or when the
    folder holds a market of the other mode.
    """
    mode = "replay" if settings.sample_market else "live"
    clock = _locked(session)
    if clock is None:
        position = _first_position(session, settings, now)
        row = {
            "id": 1,
            "mode": mode,
            "phase": position.phase,
            "market_at": position.market_at,
            "session_date": position.session_date,
            "next_open": position.next_open,
            "tick": 1,
            "paused": False,
            "speed": settings.replay_speed,
            "ticked_at": now,
        }
        session.execute(insert(MarketClock).values(row).on_conflict_do_nothing())
        if mode == "replay" and position.session_date:
            sessions.quote_close(session, position.session_date, now, tick=1)
        return state(session)
    if clock.mode != mode:
        raise SettingsError(
            f"This data folder holds a {clock.mode} market and MARKET asks for {mode}. "
            "Give the other market its own DATA_DIR or DATABASE_URL."
        )
    clock.speed = settings.replay_speed
    session.flush()
    return state_of(clock)


def _first_position(session: Session, settings: Settings, now: datetime) -> replay.Position:
    if not settings.sample_market:
        here = replay.Position("closed", now, None, None)
        return replay.follow(here, now, gate_open=True, calendar=xnys()).position
    first, last = session.execute(select(func.min(Stock.first_bar), func.max(Stock.last_bar))).one()
    if first is None or last is None:
        raise ProviderUnavailable("The sample prices are not loaded yet. Run `flask prepare`.")
    if not first <= settings.replay_start <= last:
        raise SettingsError(
            f"REPLAY_START is {settings.replay_start}; the sample has prices from {first} "
            f"to {last}."
        )
    return replay.begin(settings.replay_start, xnys())


def tick(session: Session, now: datetime, gate: Callable[[date], bool]) -> Tick:
    """One step of the market, in the caller's transaction; `now` is wall time.

    `gate(session_date)` says whether the after-close work of that session is done; it is asked
    only while the market waits for it. Four statements in an open market, two otherwise.
    """
    clock, last_day = _locked_with_last_day(session)
    wall_s = (now - clock.ticked_at).total_seconds()
    clock.ticked_at = now
    if clock.paused and clock.mode != "live":
        return Tick(tick=clock.tick)
    here = _position(clock)
    gate_open = _gate_open(clock, gate)
    if clock.mode == "live":
        step = replay.follow(here, now, gate_open, xnys())
    else:
        step = replay.step(here, wall_s, clock.speed, gate_open, last_day, xnys())
    _stand(clock, step.position)
    if step.moved:
        clock.tick += 1
        if clock.mode != "live" and (step.position.phase == "open" or step.closed):
            sessions.quote_moment(session, step.position.market_at, _day(step), now, clock.tick)
    if step.closed and clock.mode != "live":
        clock.market_at += AFTER_CLOSE
    session.flush()
    return Tick(step.opened, step.closed, step.moved, clock.tick)


def _gate_open(clock: MarketClock, gate: Callable[[date], bool]) -> bool:
    waiting = clock.phase == "closing" and clock.session_date is not None
    return waiting and gate(clock.session_date)  # type: ignore[arg-type]


def _day(step: replay.Step) -> date:
    if step.position.session_date is None:
        raise ValueError("an open market has a session")
    return step.position.session_date


def _position(clock: MarketClock) -> replay.Position:
    return replay.Position(clock.phase, clock.market_at, clock.session_date, clock.next_open)


def _stand(clock: MarketClock, position: replay.Position) -> None:
    clock.phase = position.phase
    clock.market_at = position.market_at
    clock.session_date = position.session_date
    clock.next_open = position.next_open


def _locked(session: Session) -> MarketClock | None:
    return session.scalar(
        select(MarketClock).with_for_update().execution_options(populate_existing=True)
    )


def _locked_with_last_day(session: Session) -> tuple[MarketClock, date]:
    last_bar = select(func.max(Stock.last_bar)).scalar_subquery()
    row = session.execute(
        select(MarketClock, last_bar)
        .with_for_update(of=MarketClock)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise ProviderUnavailable("The market has not been set up yet. Run `flask prepare` once.")
    return row[0], row[1] or date.max


def set_speed(session: Session, speed: float) -> MarketState:
    """Change how many market seconds pass per real second while open (0.1 to 100,000).

    Holds until the next start of the site, which takes `REPLAY_SPEED` over again.
    """
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise InvalidInput.of_field(
            "speed", f"The speed is a number from {MIN_SPEED:g} to {MAX_SPEED:,.0f}."
        )
    clock = _controlled(session)
    clock.speed = float(speed)
    return _controlled_state(session, clock)


def set_paused(session: Session, paused: bool) -> MarketState:
    """Stop market time, or let it go on from where it stopped."""
    clock = _controlled(session)
    clock.paused = paused
    return _controlled_state(session, clock)


def skip_to(session: Session, day: date, now: datetime) -> list[date]:
    """Move ahead so that the next session to open is the first one on or after `day`;
    `now` is wall time.

    Returns the sessions that were passed over, oldest first: their after-close work is still to
    be done, and the market waits in `closing` at the last one's close until `gate` agrees.
    Raises InvalidInput for a day that is past or beyond the sample, Conflict while a close is
    being worked on.
    """
    clock = _controlled(session)
    _, last_day = _locked_with_last_day(session)
    here = _position(clock)
    if clock.phase == "closing":
        raise Conflict("The day is being booked. Skip ahead when the market has closed.")
    today = here.session_date or date.min
    if day <= today:
        raise InvalidInput.of_field(
            "date", f"Market time never goes back: choose a day after {today}."
        )
    if day > last_day:
        raise InvalidInput.of_field("date", f"The sample prices end on {last_day}.")
    passed = replay.skipped(here, day, xnys())
    if not passed:
        return []
    _stand(clock, replay.closing(passed[-1], last_day, xnys()))
    _controlled_state(session, clock)
    sessions.quote_close(session, passed[-1].date, now, clock.tick)
    clock.market_at += AFTER_CLOSE
    return [s.date for s in passed]


def _controlled(session: Session) -> MarketClock:
    clock, _ = _locked_with_last_day(session)
    if clock.mode == "live":
        raise Conflict("A live market cannot be steered; only the sample market can.")
    return clock


def _controlled_state(session: Session, clock: MarketClock) -> MarketState:
    clock.tick += 1
    session.flush()
    return state_of(clock)


def publish(redis: Redis, state: MarketState) -> None:
    """Tell polling pages how far the market is; call it after the commit.

    Raises RedisError; pages then ask the database, and the next tick tries again.
    """
    redis.set(TICK_KEY, state.cursor)


def cursor(redis: Redis | None) -> str | None:
    """The published tick, or None when there is none to be had."""
    if redis is None:
        return None
    try:
        value = redis.get(TICK_KEY)
    except RedisError:
        return None
    return value.decode("ascii") if isinstance(value, bytes) else None
