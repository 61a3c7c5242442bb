"""Jobs: a row in the database first, a message in the queue second.

`enqueue` writes the row in the caller's transaction; when that commits, the job's id goes to RQ.
If the queue is away, nothing is lost: `sweep` finds rows that wait too long and sends them again.
The worker claims a row by a conditional update, so a message delivered twice acts once.

    service ── enqueue(session, …) ──> job row ── commit ──> RQ message (id only) ──> run(id)
                                          ^                                             │
                                          └───────── sweep: waiting or abandoned ───────┘
"""

from __future__ import annotations

import importlib
import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Retry
from rq.serializers import JSONSerializer
from sqlalchemy import event, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from stocksite.core import logs
from stocksite.core.clock import wall_now
from stocksite.core.database import unit_of_work
from stocksite.core.models import Job

log = logging.getLogger(__name__)

QUEUES = ("market", "default", "research")
"""Order of service: what moves money first, research last."""
MAX_ATTEMPTS = 3
HEARTBEAT_S = 15.0
ABANDONED_AFTER = timedelta(seconds=60)
WAITING_TOO_LONG = timedelta(seconds=10)

_redis: Redis | None = None


def connect_queue(redis: Redis | None) -> None:
    """Say where messages go. With None jobs only gather in the database until a sweep."""
    global _redis
    _redis = redis


def connection() -> Redis | None:
    """The Redis this process talks to, or None."""
    return _redis


def enqueue(
    session: Session,
    function: str,
    arguments: dict[str, Any] | None = None,
    *,
    queue: str = "default",
    user_id: int | None = None,
    dedupe_key: str | None = None,
    group_key: str | None = None,
    title: str = "",
    message: str = "",
) -> str | None:
    """Record a job to run after the caller's commit; returns its id.

    `function` is the dotted name of a function in a room's `jobs.py` taking `arguments` as
    keywords. With a `dedupe_key` that exists already, nothing is recorded and None returned.
    """
    job_id = uuid.uuid4().hex
    statement = (
        insert(Job)
        .values(
            id=job_id,
            function=function,
            title=title,
            arguments=arguments or {},
            queue=queue,
            status="queued",
            progress=0.0,
            attempts=0,
            user_id=user_id,
            dedupe_key=dedupe_key,
            group_key=group_key,
            message=message,
            created_at=wall_now(),
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(Job.id)
    )
    if session.scalar(statement) is None:
        return None
    session.info.setdefault("outbox", []).append((queue, job_id))
    return job_id


@event.listens_for(Session, "after_commit")
def _send_outbox(session: Session) -> None:
    for queue, job_id in session.info.pop("outbox", []):
        _send(queue, job_id)


@event.listens_for(Session, "after_rollback")
def _forget_outbox(session: Session) -> None:
    session.info.pop("outbox", None)


def _send(queue: str, job_id: str) -> None:
    if _redis is None:
        return
    try:
        Queue(queue, connection=_redis, serializer=JSONSerializer).enqueue(
            "stocksite.core.queue.run",
            job_id,
            job_timeout=600,
            result_ttl=0,
            failure_ttl=7 * 86_400,
            retry=Retry(max=2),
        )
    except RedisError as error:  # the row stays; the sweep sends it when the queue is back
        log.warning("queue is away, job %s waits in the database: %s", job_id, error)


class Progress:
    """Handed to a job that asks for it: reports to the row which the page polls."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id

    def report(self, share: float, message: str = "") -> None:
        """Store how much is done, 0 to 1. Raises JobCanceled once somebody canceled the job."""
        with unit_of_work() as session:
            status = session.scalar(
                update(Job)
                .where(Job.id == self.job_id)
                .values(progress=share, message=message, heartbeat_at=wall_now())
                .returning(Job.status)
            )
        if status == "canceled":
            raise JobCanceled(self.job_id)


class JobCanceled(Exception):
    """Raised inside a job whose row was canceled."""


class NotYet(Exception):
    """Raised by a job that has to wait for something: its text is the row's message.

    The row goes back into the queue and the next sweep sends it again, so that no worker sleeps.
    Waiting is no failed attempt.
    """


class Interrupted(NotYet):
    """The worker has to stop. The row goes back and its message leaves at once: another worker
    begins the job anew."""


def run(job_id: str) -> None:
    """What RQ calls: claim the row, do the work once, record how it ended."""
    job = _claim(job_id)
    if job is None:
        return
    with logs.during_job(job_id, job.function):
        _work(job_id, job)


def _work(job_id: str, job: Job) -> None:
    try:
        with _alive(job_id):
            result = _resolve(job.function)(**_with_progress(job))
    except JobCanceled:
        _finish(job_id, "canceled", "Canceled.")
    except NotYet as pause:
        _put_back(job_id, str(pause))
        if isinstance(pause, Interrupted):
            _send(job.queue, job_id)
    except Exception as error:
        log.error("job %s (%s) failed\n%s", job_id, job.function, traceback.format_exc())
        again = job.attempts < MAX_ATTEMPTS
        _finish(job_id, "queued" if again else "failed", f"{type(error).__name__}: {error}")
        if again:
            _send(job.queue, job_id)
    else:
        _finish(job_id, "done", None, result if isinstance(result, str) else None)


@contextmanager
def _alive(job_id: str) -> Iterator[None]:
    """Beat the job's heart while it works: one that stops beating is taken over by the sweep."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_S):
            with suppress(SQLAlchemyError), unit_of_work() as session:
                session.execute(update(Job).where(Job.id == job_id).values(heartbeat_at=wall_now()))

    heart = threading.Thread(target=beat, name="heartbeat", daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()


def _claim(job_id: str) -> Job | None:
    with unit_of_work() as session:
        now = wall_now()
        return session.scalar(
            update(Job)
            .where(Job.id == job_id, Job.status == "queued")
            .values(status="running", started_at=now, heartbeat_at=now, attempts=Job.attempts + 1)
            .returning(Job)
        )


def _resolve(dotted: str) -> Callable[..., Any]:
    module, _, name = dotted.rpartition(".")
    if not module.startswith("stocksite."):
        raise ValueError(f"{dotted} is not one of our jobs")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _with_progress(job: Job) -> dict[str, Any]:
    wants = getattr(_resolve(job.function), "wants_progress", False)
    return {**job.arguments, "progress": Progress(job.id)} if wants else dict(job.arguments)


def _finish(job_id: str, status: str, message: str | None, result_url: str | None = None) -> None:
    """Record the end; without a message the job's own last one stands."""
    values: dict[str, Any] = {"status": status, "finished_at": wall_now()}
    if message is not None:
        values["message"] = message
    if status == "done":
        values |= {"progress": 1.0, "result_url": result_url}
    with unit_of_work() as session:
        session.execute(
            update(Job).where(Job.id == job_id, Job.status == "running").values(**values)
        )


def _put_back(job_id: str, message: str) -> None:
    """Let a job wait for the next sweep; what it has tried so far does not count."""
    with unit_of_work() as session:
        session.execute(
            update(Job)
            .where(Job.id == job_id, Job.status == "running")
            .values(status="queued", message=message, attempts=Job.attempts - 1)
        )


def sweep(session: Session, now: datetime) -> int:
    """Send again what waits too long or was abandoned by a dead worker; returns how many.

    A running job whose heartbeat is older than a minute goes back to the queue while it has
    attempts left, else it is marked failed: a poisonous job cannot loop for ever.
    """
    stale = (Job.status == "running") & (Job.heartbeat_at < now - ABANDONED_AFTER)
    session.execute(
        update(Job)
        .where(stale, Job.attempts >= MAX_ATTEMPTS)
        .values(status="failed", message="The worker died three times at it.", finished_at=now)
    )
    session.execute(update(Job).where(stale, Job.attempts < MAX_ATTEMPTS).values(status="queued"))
    waiting = session.execute(
        select(Job.queue, Job.id)
        .where(Job.status == "queued", Job.created_at < now - WAITING_TOO_LONG)
        .order_by(Job.created_at)
        .limit(500)
    ).all()
    session.info.setdefault("outbox", []).extend((row.queue, row.id) for row in waiting)
    return len(waiting)
