"""Looking at stored reports, and deleting them. Everything goes through the owner."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import Session

from stocksite.core import jobs
from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, NotFound
from stocksite.core.models import Job
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.reports.models import Report, ReportSchedule
from stocksite.reports.reading import ReportLine, ReportView, line_id

_LIVE: Final = ("queued", "running")
_COLUMNS: Final = (
    *(Report.id, Report.kind, Report.subject, Report.title, Report.period, Report.digest),
    *(Report.as_of, Report.pdf_status, Report.pdf_error, Report.pdf_bytes, Report.pages),
    *(Report.share_token, Report.schedule_id, Report.job_id, Report.created_at),
)


def page(
    session: Session,
    actor: Actor,
    request: PageRequest,
    *,
    kind: str | None = None,
    schedule_id: int | None = None,
) -> Page[ReportLine]:
    """The actor's reports, newest first; two statements."""
    statement: Any = (
        select(*_COLUMNS, Job.status.label("job_status"), Job.message.label("job_message"))
        .outerjoin(Job, Job.id == Report.job_id)
        .where(Report.user_id == actor.user_id)
        .order_by(Report.id.desc())
    )
    if kind is not None:
        statement = statement.where(Report.kind == kind)
    if schedule_id is not None:
        statement = statement.where(Report.schedule_id == schedule_id)
    return paginate(session, statement, request, _line)


def view(session: Session, actor: Actor, report_id: int) -> ReportView:
    """One of the actor's reports; one statement. Raises NotFound."""
    mine = Report.user_id == actor.user_id
    return _one(session, mine & (Report.id == report_id), f"You have no report {report_id}.")


def by_digest(session: Session, actor: Actor, digest: str) -> ReportView:
    """The actor's report of a content. Raises NotFound."""
    mine = Report.user_id == actor.user_id
    return _one(session, mine & (Report.digest == digest), "You have no such report.")


def shared(session: Session, token: str) -> ReportView:
    """The report behind a share link, whoever asks. Raises NotFound once it is revoked."""
    return _one(session, Report.share_token == token, REVOKED)


FAULT: Final = "The PDF could not be written; the reason has been logged. Order it again."
REVOKED: Final = "Nothing is shared at this address. The link may have been revoked."


def _one(session: Session, where: ColumnElement[bool], absent: str) -> ReportView:
    row = session.execute(_statement().where(where)).one_or_none()
    if row is None:
        raise NotFound(absent)
    job = jobs.view_of(row.Job) if row.Job is not None else None
    return ReportView(
        line=_line(row, job.status if job else None, job.message if job else ""),
        content=row.content,
        share_token=row.share_token,
        job=job if job is not None and row.pdf_status == "queued" else None,
    )


def _statement() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS, Report.content, Job).outerjoin(Job, Job.id == Report.job_id)


def _line(row: Any, job_status: str | None = None, job_message: str = "") -> ReportLine:
    told = job_status if job_status is not None else getattr(row, "job_status", None)
    said = job_message or getattr(row, "job_message", None) or ""
    status, error = row.pdf_status, row.pdf_error
    if status == "queued" and told is not None:
        # The job knows better than the row how it stands: a worker may have died at it.
        status = told if told in _LIVE else "failed"
        error = "" if told in _LIVE else said if told == "canceled" else FAULT
    elif status == "queued":
        status, error = "failed", "Nobody is printing it any more. Order the PDF again."
    return ReportLine(
        id=row.id,
        report_id=line_id(row.digest),
        kind=row.kind,
        subject=row.subject,
        title=row.title,
        period=row.period,
        digest=row.digest,
        as_of=row.as_of,
        pdf_status=status,
        pdf_error=error,
        pdf_bytes=row.pdf_bytes,
        pages=row.pages,
        shared=row.share_token is not None,
        schedule=row.schedule_id,
        job=row.job_id,
        created_at=row.created_at,
    )


def pdf(session: Session, found: ReportView) -> bytes:
    """The PDF of a report that was looked up. Raises Conflict `pdf-not-there` without one."""
    if found.line.pdf_status != "done":
        why = found.line.pdf_error or "It is being printed; look again in a moment."
        if found.line.pdf_status == "none":
            why = "Nobody has ordered it yet."
        raise Conflict(f"This report has no PDF. {why}", code="pdf-not-there")
    data = session.scalar(select(Report.pdf).where(Report.id == found.line.id))
    return data or b""


def delete_one(session: Session, actor: Actor, report_id: int) -> None:
    """Delete a report with its PDF and its link. Raises NotFound."""
    gone = session.scalar(
        delete(Report)
        .where(Report.id == report_id, Report.user_id == actor.user_id)
        .returning(Report.id)
    )
    if gone is None:
        raise NotFound(f"You have no report {report_id}.")


def forget(session: Session, actor: Actor) -> None:
    """Delete all of a person's reports and schedules: their account is being deleted."""
    session.execute(delete(Report).where(Report.user_id == actor.user_id))
    session.execute(delete(ReportSchedule).where(ReportSchedule.user_id == actor.user_id))
