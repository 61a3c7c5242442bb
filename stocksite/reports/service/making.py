"""Making reports: built where they are asked for, stored once, printed by a worker.

make: build (a tenth of a second) ─> canonical JSON ─> its SHA-256 known? ──yes─> that one
                                                          └──no─> row ─> job: print ─> PDF
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from stocksite.core.actor import Actor
from stocksite.core.errors import ProviderUnavailable, RuleViolation
from stocksite.core.models import Job
from stocksite.core.queue import JobCanceled, enqueue
from stocksite.reports import content as content_
from stocksite.reports import limits, plain, printing
from stocksite.reports.models import Report
from stocksite.reports.reading import ReportView, Wish
from stocksite.reports.service import gathering, reads

UnitOfWork = Callable[[], AbstractContextManager[Session]]
Progress = Callable[[float, str], None]

JOB: Final = "stocksite.reports.jobs.print_report"
MAX_REPORTS: Final = 300
"""Reports one person keeps."""
MAX_CONTENT: Final = 4_000_000
"""Characters of one report's JSON."""


def make(
    session: Session,
    actor: Actor,
    wish: Wish,
    now: datetime,
    *,
    pdf: bool = True,
    schedule_id: int | None = None,
) -> tuple[ReportView, bool]:
    """The report, and whether it is new: one with the same content is the same report.

    `pdf` has a worker print it, unless that was done already. Raises NotFound for what is not the
    actor's, RuleViolation `too-many-reports`.
    """
    built = gathering.build(session, actor, wish)
    content = plain.canonical(built)
    if len(content) > MAX_CONTENT:
        raise RuleViolation(
            f"The report would have {len(content):,} characters; one may have {MAX_CONTENT:,}. "
            "Choose a shorter span.",
            code="report-too-large",
        )
    digest = plain.digest(content)
    known = session.scalar(
        select(Report.id).where(Report.user_id == actor.user_id, Report.digest == digest)
    )
    if known is None:
        _check_room(session, actor)
        statement = _insert(built, actor, digest, content, now, schedule_id)
        made = session.scalar(statement)
    else:
        made = None
    if pdf:
        order_pdf(session, actor, digest)
    session.flush()
    return reads.by_digest(session, actor, digest), made is not None


def _insert(
    built: content_.Report,
    actor: Actor,
    digest: str,
    content: str,
    now: datetime,
    schedule_id: int | None,
) -> ReturningInsert[int]:
    """The row; nothing when another request was quicker with the same report."""
    return (
        insert(Report)
        .values(
            user_id=actor.user_id,
            kind=built.kind,
            subject=built.subject,
            title=built.title,
            period=built.period,
            digest=digest,
            content=content,
            as_of=built.as_of,
            pdf_status="none",
            pdf_error="",
            schedule_id=schedule_id,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["user_id", "digest"])
        .returning(Report.id)
    )


def order_pdf(session: Session, actor: Actor, digest: str) -> None:
    """Have a worker print a report, unless it is printed or being printed."""
    row = session.scalar(
        select(Report)
        .where(Report.user_id == actor.user_id, Report.digest == digest)
        .with_for_update()
    )
    if row is None or row.pdf_status == "done":
        return
    if row.pdf_status == "queued" and row.job_id is not None:
        job = session.scalar(select(Job.status).where(Job.id == row.job_id))
        if job in ("queued", "running"):
            return
    row.job_id = enqueue(
        session,
        JOB,
        {"report_id": row.id},
        queue="research",
        user_id=actor.user_id,
        title=f"PDF: {row.title}"[:120],
        message="Waiting for a worker",
    )
    row.pdf_status, row.pdf_error = "queued", ""


def _check_room(session: Session, actor: Actor) -> None:
    kept = session.scalar(
        select(func.count()).select_from(Report).where(Report.user_id == actor.user_id)
    )
    if (kept or 0) >= MAX_REPORTS:
        raise RuleViolation(
            f"You keep {kept} reports, as many as there may be. Delete some, then make this one.",
            code="too-many-reports",
            members={"kept": kept, "most": MAX_REPORTS},
        )


def work(unit_of_work: UnitOfWork, report_id: int, progress: Progress) -> str:
    """Print a stored report, in a job; returns the address of its page.

    What cannot be printed (no Pango, too long) is told on the report, which stays as it is.
    """
    with unit_of_work() as session:
        row = session.execute(
            select(Report.content, Report.digest, Report.pdf_status).where(Report.id == report_id)
        ).one_or_none()
    if row is None or row.pdf_status == "done":
        return f"/reporting/{report_id}" if row else "/reporting/"
    progress(0.05, "Reading the figures")
    try:
        with limits.bounded():
            id_ = plain.short_id(row.digest)
            printed = printing.print_pdf(
                plain.read(row.content), row.content, row.digest, id_, progress
            )
    except JobCanceled:
        _end(unit_of_work, report_id, "failed", "Canceled. Order the PDF again when you want it.")
        raise
    except ProviderUnavailable as error:
        _end(unit_of_work, report_id, "missing", error.detail)
    except (limits.OutOfTime, MemoryError) as error:
        took = "time" if isinstance(error, limits.OutOfTime) else "memory"
        _end(
            unit_of_work,
            report_id,
            "failed",
            f"The PDF took more {took} than one may ({limits.MAX_SECONDS} s, "
            f"{limits.MAX_MEGABYTES} MB). The page and the JSON have everything.",
        )
    else:
        _keep(unit_of_work, report_id, printed)
    return f"/reporting/{report_id}"


def _keep(unit_of_work: UnitOfWork, report_id: int, printed: printing.Printed) -> None:
    values = {
        "pdf": printed.pdf,
        "pdf_bytes": len(printed.pdf),
        "pages": printed.pages,
        "pdf_status": "done",
        "pdf_error": "",
    }
    with unit_of_work() as session:
        session.execute(update(Report).where(Report.id == report_id).values(values))


def _end(unit_of_work: UnitOfWork, report_id: int, status: str, why: str) -> None:
    with unit_of_work() as session:
        session.execute(
            update(Report)
            .where(Report.id == report_id, Report.pdf_status == "queued")
            .values(pdf_status=status, pdf_error=why)
        )
