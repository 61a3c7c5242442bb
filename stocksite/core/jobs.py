"""Looking at jobs, and canceling one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, DomainError, NotFound
from stocksite.core.idempotency import purge_idempotency_keys
from stocksite.core.models import Job


@dataclass(frozen=True, slots=True)
class JobView:
    """How a job stands. `progress` runs from 0 to 1; times are wall time."""

    id: str
    title: str
    status: str
    progress: float
    message: str
    result_url: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    mine: bool = True
    """Whether it is the actor's own, to be canceled by them."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ("done", "failed", "canceled")


def view(session: Session, actor: Actor, job_id: str) -> JobView:
    """One of the actor's jobs, or one that is nobody's own. Raises NotFound.

    What serves everybody (loading a stock) belongs to nobody; its id is known to those who asked.
    """
    mine = (Job.user_id == actor.user_id) | Job.user_id.is_(None)
    job = session.scalar(select(Job).where(Job.id == job_id, mine))
    if job is None:
        raise NotFound("There is no such job of yours. Finished jobs are kept for a week.")
    return view_of(job)


def view_of(job: Job) -> JobView:
    """How a job stands that the caller holds already."""
    return JobView(
        job.id,
        job.title,
        job.status,
        job.progress,
        job.message,
        job.result_url,
        job.created_at,
        job.started_at,
        job.finished_at,
        mine=job.user_id is not None,
    )


def cancel(session: Session, actor: Actor, job_id: str, now: datetime) -> JobView:
    """Cancel a job of the actor; a running one stops at its next report."""
    before = view(session, actor, job_id)
    if not before.mine:
        raise NotFound("There is no such job of yours. Finished jobs are kept for a week.")
    if before.ended:
        raise Conflict(f"The job is {before.status} already.", code="job-final")
    session.execute(update(Job).where(Job.id == job_id).values(status="canceled", finished_at=now))
    return view(session, actor, job_id)


def retry(session: Session, job_id: str) -> None:
    """Queue a failed or canceled job again, with all its attempts. Raises NotFound, or Conflict
    while it waits, runs or is done. For administrators.
    """
    if not _queue_again(session, Job.id == job_id, Job.status.in_(("failed", "canceled"))):
        raise _cannot(session, job_id, "Only a failed or canceled job can be tried again")


def retry_failed(session: Session) -> int:
    """Queue every failed job again; returns how many. For administrators."""
    return _queue_again(session, Job.status == "failed")


def _queue_again(session: Session, *which: ColumnElement[bool]) -> int:
    rows = session.execute(
        update(Job)
        .where(*which)
        .values(
            status="queued",
            attempts=0,
            progress=0.0,
            message="",
            started_at=None,
            heartbeat_at=None,
            finished_at=None,
        )
        .returning(Job.queue, Job.id)
    ).all()
    session.info.setdefault("outbox", []).extend((row.queue, row.id) for row in rows)
    return len(rows)


def cancel_any(session: Session, job_id: str, now: datetime) -> None:
    """Cancel anybody's waiting or running job; a running one stops at its next report.

    Raises NotFound, or Conflict when it has ended. For administrators.
    """
    found = session.scalar(
        update(Job)
        .where(Job.id == job_id, Job.status.in_(("queued", "running")))
        .values(status="canceled", finished_at=now)
        .returning(Job.id)
    )
    if found is None:
        raise _cannot(session, job_id, "Only a job that waits or runs can be canceled")


def _cannot(session: Session, job_id: str, why: str) -> DomainError:
    status = session.scalar(select(Job.status).where(Job.id == job_id))
    if status is None:
        return NotFound("There is no such job. Finished jobs are kept for a week.")
    return Conflict(f"{why}; this one is {status}.", code="job-state")


def purge(session: Session, now: datetime) -> int:
    """Forget jobs that ended over a week ago and answers kept over a day; returns how many."""
    old_jobs = session.execute(delete(Job).where(Job.finished_at < now - timedelta(days=7)))
    old_keys = purge_idempotency_keys(session, now)
    return int(old_jobs.rowcount) + old_keys  # type: ignore[attr-defined]
