"""Jobs of everybody, and another try for what failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from stocksite.admin.reading import JobLine
from stocksite.auth.models import User
from stocksite.core import jobs
from stocksite.core.errors import NotFound
from stocksite.core.models import Job
from stocksite.core.paging import Page, PageRequest, paginate

STATUSES: Final = ("failed", "queued", "running", "done", "canceled")


def page(session: Session, request: PageRequest, status: str = "") -> Page[JobLine]:
    """Jobs, newest first; of one status when it is given."""
    statement = _lines().order_by(Job.created_at.desc(), Job.id)
    if status in STATUSES:
        statement = statement.where(Job.status == status)
    return paginate(session, statement, request, lambda row: JobLine(*tuple(row)))


def one(session: Session, job_id: str) -> tuple[JobLine, dict[str, Any]]:
    """A job and what it was called with. Raises NotFound."""
    row = session.execute(_lines().add_columns(Job.arguments).where(Job.id == job_id)).first()
    if row is None:
        raise NotFound("There is no such job. Finished jobs are kept for a week.")
    return JobLine(*tuple(row)[:-1]), row[-1]


def retry(session: Session, job_id: str) -> None:
    """Queue a failed or canceled job again. Raises NotFound, or Conflict for any other status."""
    jobs.retry(session, job_id)


def retry_failed(session: Session) -> int:
    """Queue everything that failed again; returns how many."""
    return jobs.retry_failed(session)


def cancel(session: Session, job_id: str, now: datetime) -> None:
    """Cancel anybody's waiting or running job. Raises NotFound, or Conflict when it has ended."""
    jobs.cancel_any(session, job_id, now)


def _lines() -> Select[*tuple[Any, ...]]:
    return select(
        *(Job.id, Job.function, Job.title, Job.queue, Job.status, Job.progress, Job.message),
        *(Job.attempts, User.username, Job.created_at, Job.started_at, Job.finished_at),
    ).outerjoin(User, User.id == Job.user_id)
