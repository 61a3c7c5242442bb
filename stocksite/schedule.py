"""What runs when, and what follows what. The clock process reads this table once a second.

    tick ─> market time and quotes move (one transaction)
      ├─ orders wait and met a quote?            ─> job: match
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
from threading import Event

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.database import connect, lock_name, unit_of_work
from stocksite.core.models import Job
from stocksite.core.queue import connect_queue, enqueue, sweep
from stocksite.market.reading import MarketState, Tick
from stocksite.market.service import clock as market_clock
from stocksite.portfolios.service import matching

log = logging.getLogger(__name__)

TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job for every slot of `every_s` wall seconds."""

    name: str
    every_s: int
    function: str


MATCH = "stocksite.portfolios.jobs.match_orders"

AFTER_CLOSE: tuple[tuple[str, str], ...] = (
    ("match", MATCH),
    ("snapshots", "stocksite.portfolios.jobs.take_snapshots"),
)
"""(name, job taking `day`) in order: each starts when the one before it has ended."""

PERIODIC: tuple[Periodic, ...] = (
    Periodic("housekeeping", 3600, "stocksite.desk.jobs.housekeeping"),
    Periodic("sessions", 86_400, "stocksite.auth.jobs.purge_sessions"),
)

SWEEP_EVERY_S = 10


def run_clock(database_url: str, redis_url: str, stop: Event) -> None:
    """Tick once a second until `stop` is set; waits in line while another clock is ticking."""
    engine = connect(database_url)
    redis = Redis.from_url(redis_url)
    connect_queue(redis)
    while not stop.is_set():
        try:
            with _leadership(engine, stop) as leading:
                while leading and not stop.is_set():
                    began = wall_now()
                    step(redis, began)
                    stop.wait(max(0.05, TICK_S - (wall_now() - began).total_seconds()))
        except OperationalError as error:
            log.warning("the database is away, the market stands still: %s", error)
            stop.wait(2)


@contextmanager
def _leadership(engine: Engine, stop: Event) -> Iterator[bool]:
    """Hold the clock's advisory lock on a connection of its own, for as long as it lives."""
    with engine.connect() as connection:
        key = lock_name("stocksite clock")
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


def step(redis: Redis, now: datetime) -> Tick:
    """One tick: move the market, then enqueue what has become due."""
    with unit_of_work() as session:
        tick = market_clock.tick(session, now, lambda day: after_close_done(session, day))
        state = market_clock.state(session)
        if tick.moved and matching.work_waiting(session):
            enqueue(session, MATCH, queue="market", dedupe_key=f"match:{state.tick}")
        _periodic(session, now)
    _publish(redis, state)
    return tick


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


def _periodic(session: Session, now: datetime) -> None:
    seconds = int(now.timestamp())
    if seconds % SWEEP_EVERY_S == 0:
        sweep(session, now)
    for task in PERIODIC:
        slot = seconds // task.every_s
        if seconds % task.every_s < 5:  # a few chances to hit the start of the slot
            enqueue(session, task.function, dedupe_key=f"{task.name}:{slot}")


def _publish(redis: Redis, state: MarketState) -> None:
    try:
        market_clock.publish(redis, state)
    except RedisError as error:
        log.warning("the cache is away, pages read the clock from the database: %s", error)
