"""The job behind a run or a sweep, which knows better than the row how it stands."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.backtest.reading import JobState
from stocksite.core.models import Job

JOB_COLUMNS: Final = (Job.status.label("job_status"),)


def job_state(session: Session, job_id: str) -> JobState | None:
    """The job; None once it is forgotten."""
    row = session.execute(
        select(Job.id, Job.status, Job.progress, Job.message).where(Job.id == job_id)
    ).one_or_none()
    return None if row is None else JobState(*row)


def effective_status(own: str, job: str | None) -> str:
    """The status to show: a job that runs or ended badly speaks for a row that waits."""
    if own not in ("queued", "running") or job is None:
        return own
    return "running" if job == "done" else job
