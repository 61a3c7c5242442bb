"""What runs when, and what follows what. The clock process reads this table once a second.

    tick ─> market time and quotes move; at the open (and, to catch up, at the close) splits and
      │     dividends come to portfolios: one transaction, so new prices never meet old shares
      ├─ orders wait and met a quote?            ─> job: match
      ├─ quotes are newer than the last look     ─> significant events, price alerts: at once, in
      │     a transaction of their own (only the latest price is stored: a job would come too late)
      ├─ the session closed: AFTER_CLOSE, one step after the other ─> jobs
      │     (market time stands still until the last of them has ended)
      └─ every so often by wall time: PERIODIC   ─> jobs

Every job carries a key for its slot, unique in the database, and only the holder of the advisory
lock ticks: two clocks, or one that was killed half-way, still act once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from threading import Event

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.database import connect, lock_name, unit_of_work
from stocksite.core.models import Job
from stocksite.core.queue import connect_queue, enqueue, sweep
from stocksite.market.reading import MarketState, Tick
from stocksite.market.service import clock as market_clock
from stocksite.market.service import events
from stocksite.portfolios.service import corporate, matching
from stocksite.settings import Settings
from stocksite.watchlist.service import delivery, levels

log = logging.getLogger(__name__)

LEADER = "stocksite clock"
"""The advisory lock of the one clock that acts."""

TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job for every slot of `every_s` wall seconds."""

    name: str
    every_s: int
    function: str
    live: bool = False
    """Whether it belongs to a live market only."""


MATCH = "stocksite.portfolios.jobs.match_orders"
FILL_EVENTS = "stocksite.market.jobs.fill_events"
DELIVER = "stocksite.watchlist.jobs.deliver"

AFTER_CLOSE: tuple[tuple[str, str], ...] = (
    ("match", MATCH),
    ("snapshots", "stocksite.portfolios.jobs.take_snapshots"),
    ("strategies", "stocksite.backtest.jobs.place_orders"),
    ("forecasts", "stocksite.forecast.jobs.nightly"),
)
"""(name, job taking `day`) in order: each starts when the one before it has ended."""

PERIODIC: tuple[Periodic, ...] = (
    Periodic("housekeeping", 3600, "stocksite.desk.jobs.housekeeping"),
    Periodic("events", 300, FILL_EVENTS),
    Periodic("forecast-board", 86_400, "stocksite.forecast.jobs.fill_board"),
    Periodic("reports", 60, "stocksite.reports.jobs.run_schedules"),
    Periodic("sessions", 86_400, "stocksite.auth.jobs.purge_sessions"),
    Periodic("notifications", 86_400, "stocksite.watchlist.jobs.purge_notifications"),
    # Each asks first whether anything can be new: outside of its time it costs one statement.
    Periodic("quotes", 60, "stocksite.market.jobs.refresh_quotes", live=True),
    Periodic("bars", 900, "stocksite.market.jobs.refresh_sessions", live=True),
    Periodic("catch-up", 60, "stocksite.market.jobs.catch_up", live=True),
)

SWEEP_EVERY_S = 10
DELIVER_EVERY_S = 5


@dataclass(slots=True)
class Watch:
    """How far events and alerts have looked. Kept by the running clock only: a new one looks at
    every quote once more, which changes nothing."""

    threshold_pct: Decimal = Decimal(2)
    mail: bool = False
    """Whether the site can send e-mail."""
    tick: int = 0
    session_date: date | None = None

    @classmethod
    def of(cls, settings: Settings) -> Watch:
        """A watch that has seen nothing yet."""
        return cls(settings.event_threshold_pct, bool(settings.smtp_url))


def run_clock(database_url: str, redis_url: str, stop: Event) -> None:
    """Tick once a second until `stop` is set; waits in line while another clock is ticking."""
    engine = connect(database_url)
    redis = Redis.from_url(redis_url)
    connect_queue(redis)
    watch = Watch.of(Settings.from_env())
    while not stop.is_set():
        try:
            with _leadership(engine, stop) as leading:
                while leading and not stop.is_set():
                    began = wall_now()
                    step(redis, began, watch)
                    stop.wait(max(0.05, TICK_S - (wall_now() - began).total_seconds()))
        except OperationalError as error:
            log.warning("the database is away, the market stands still: %s", error)
            stop.wait(2)


@contextmanager
def _leadership(engine: Engine, stop: Event) -> Iterator[bool]:
    """Hold the clock's advisory lock on a connection of its own, for as long as it lives."""
    with engine.connect() as connection:
        key = lock_name(LEADER)
        while not stop.is_set():
            if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
                connection.commit()
                try:
                    yield True
                finally:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
                    connection.commit()
                return
            connection.rollback()
            stop.wait(1)
        yield False


def step(redis: Redis, now: datetime, watch: Watch | None = None) -> Tick:
    """One tick: move the market, then enqueue what has become due and watch the new quotes."""
    with unit_of_work() as session:
        tick = market_clock.tick(session, now, lambda day: after_close_done(session, day))
        state = market_clock.state(session)
        if tick.opened or state.phase == "closing":
            corporate.apply_due(session, state)
        if (tick.moved or state.mode == "live") and matching.work_waiting(session):
            enqueue(session, MATCH, queue="market", dedupe_key=_match_key(state, now))
        _periodic(session, now, live=state.mode == "live")
    _publish(redis, state)
    _look(watch or Watch(), state, now)
    return tick


def _match_key(state: MarketState, now: datetime) -> str:
    """Live, prices come between the clock's own moves: then at most once a minute for a tick."""
    minute = f":{int(now.timestamp()) // 60}" if state.mode == "live" else ""
    return f"match:{state.tick}{minute}"


def _look(watch: Watch, state: MarketState, now: datetime) -> None:
    """Events and alerts of the quotes that are new. A fault here is logged; the market goes on."""
    try:
        with unit_of_work() as session:
            if watch.session_date != state.session_date:
                levels.follow_splits(session, state)
            if watch.tick < state.tick:
                events.detect(session, watch.threshold_pct, watch.tick)
                levels.evaluate(session, now, watch.tick, watch.mail)
            if state.phase == "closing" and state.session_date is not None:
                levels.rearm(session, state.session_date)
                enqueue(session, FILL_EVENTS, dedupe_key=f"events:{state.session_date}")
            seconds = int(now.timestamp())
            if seconds % DELIVER_EVERY_S == 0 and delivery.any_due(session, now):
                enqueue(session, DELIVER, dedupe_key=f"deliver:{seconds}")
    except SQLAlchemyError:
        log.exception(
            "quotes up to tick %d were not watched; the next tick tries again", state.tick
        )
    else:
        watch.tick, watch.session_date = state.tick, state.session_date


def after_close_done(session: Session, day: date) -> bool:
    """Whether the after-close work of a session has ended; starts the next step when it may.

    A step that failed for good is logged and does not hold the market up for ever.
    """
    keys = [f"close:{day}:{name}" for name, _ in AFTER_CLOSE]
    found = session.execute(select(Job.dedupe_key, Job.status).where(Job.dedupe_key.in_(keys)))
    statuses = {row.dedupe_key: row.status for row in found}
    for key, (name, function) in zip(keys, AFTER_CLOSE, strict=True):
        status = statuses.get(key)
        if status is None:
            enqueue(
                session,
                function,
                {"day": day.isoformat()},
                queue="market",
                dedupe_key=key,
                group_key=f"close:{day}",
            )
            return False
        if status in ("queued", "running"):
            return False
        if status == "failed":
            log.error("after-close step %s of %s failed; see its job", name, day)
    return True


def _periodic(session: Session, now: datetime, *, live: bool) -> None:
    seconds = int(now.timestamp())
    if seconds % SWEEP_EVERY_S == 0:
        sweep(session, now)
    for task in PERIODIC:
        if task.live and not live:
            continue
        slot = seconds // task.every_s
        if seconds % task.every_s < 5:  # a few chances to hit the start of the slot
            queue = "market" if task.live else "default"
            enqueue(session, task.function, queue=queue, dedupe_key=f"{task.name}:{slot}")


def _publish(redis: Redis, state: MarketState) -> None:
    try:
        market_clock.publish(redis, state)
    except RedisError as error:
        log.warning("the cache is away, pages read the clock from the database: %s", error)
