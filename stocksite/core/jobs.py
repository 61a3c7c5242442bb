"""Looking at jobs, and canceling one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, NotFound
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


def purge(session: Session, now: datetime) -> int:
    """Forget jobs that ended over a week ago and answers kept over a day; returns how many."""
    old_jobs = session.execute(delete(Job).where(Job.finished_at < now - timedelta(days=7)))
    old_keys = purge_idempotency_keys(session, now)
    return int(old_jobs.rowcount) + old_keys  # type: ignore[attr-defined]
