"""JSON routes of reports: what the pages do, for scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from flask import Response, url_for
from pydantic import Field
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.portfolios.periods import Span
from stocksite.reports import plain
from stocksite.reports.reading import ReportLine, ReportView, ScheduleView, Wish
from stocksite.reports.service import making, reads, scheduling, sharing
from stocksite.reports.views.showing import json_file, pdf_file, table_file
from stocksite.web.api import (
    ApiBlueprint,
    Body,
    DayIn,
    Page,
    PageQuery,
    Query,
    Reply,
    SymbolIn,
    page_size,
)
from stocksite.web.operation import ReportFile

blueprint = ApiBlueprint("reports_api", __name__, url_prefix="/api")

Kind = Literal["portfolio", "stock", "backtest", "forecast"]
Period = Literal["1w", "1m", "3m", "ytd", "1y", "all"]


@dataclass(frozen=True, slots=True)
class ReportLineOut:
    """A report in a list. `as_of` is market time; `status` is that of its PDF's making."""

    id: int
    report_id: str
    """What is printed on it."""
    kind: str
    subject: str
    """`portfolio:3`, `stock:AAPL`."""
    title: str
    period: str
    as_of: datetime
    status: str
    """`done` when all there is to make is made; else `queued, running, failed`."""
    pdf: str
    """`none` (not ordered), `queued, running, done, failed`, `missing` (no Pango here)."""
    pdf_error: str
    pdf_bytes: int | None
    pages: int | None
    sha256: str
    """Of the content: the same inputs give the same report."""
    job: str | None
    schedule: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReportOut:
    """A report with its content: every figure with the digits that page and PDF print."""

    id: int
    report_id: str
    kind: str
    subject: str
    title: str
    period: str
    as_of: datetime
    status: str
    pdf: str
    pdf_error: str
    pdf_bytes: int | None
    pages: int | None
    sha256: str
    job: str | None
    schedule: int | None
    created_at: datetime
    shared: str | None
    """The address for whoever has it; null unless shared."""
    content: dict[str, Any]
    """`sections` of `blocks`: figures (`value`, and `text` as printed), tables, charts, words."""


class ReportIn(Body):
    """What to report on: an `id` (portfolio, backtest, forecast) or a `symbol` (stock)."""

    kind: Kind
    id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    symbol: SymbolIn | None = None
    format: Literal["pdf", "json"] = "pdf"
    period: Period | None = None
    from_: DayIn | None = Field(None, alias="from")
    to: DayIn | None = None

    def wish(self) -> Wish:
        """The wish. Raises InvalidInput for what does not go together."""
        return Wish.of(self.kind, self.id, self.symbol, Span.of(self.period, self.from_, self.to))


class ReportQuery(PageQuery):
    """Which reports."""

    kind: Kind | None = None


class DownloadQuery(Query):
    """Which file."""

    format: Literal["pdf", "json", "csv"] = "pdf"
    table: Annotated[str, Field(max_length=40)] = Field("", description="Of a CSV: its key.")


class ScheduleIn(Body):
    """What is made after each week or month of the market."""

    kind: Literal["portfolio", "stock"]
    id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    symbol: SymbolIn | None = None
    period: Period | None = None
    every: Literal["weekly", "monthly"]


@dataclass(frozen=True, slots=True)
class ScheduleOut:
    """A schedule."""

    id: int
    kind: str
    subject: str
    title: str
    every: str
    period: str
    last_end: date | None
    """The last session it has reported on."""
    error: str
    reports: int


def _common(line: ReportLine) -> dict[str, Any]:
    status = "done" if line.pdf_status in ("none", "done") else line.pdf_status
    return {
        "id": line.id,
        "report_id": line.report_id,
        "kind": line.kind,
        "subject": line.subject,
        "title": line.title,
        "period": line.period,
        "as_of": line.as_of,
        "status": "failed" if status == "missing" else status,
        "pdf": line.pdf_status,
        "pdf_error": line.pdf_error,
        "pdf_bytes": line.pdf_bytes,
        "pages": line.pages,
        "sha256": line.digest,
        "job": line.job if line.pdf_status in ("queued", "running") else None,
        "schedule": line.schedule,
        "created_at": line.created_at,
    }


def _line(line: ReportLine) -> ReportLineOut:
    return ReportLineOut(**_common(line))


def _full(view: ReportView) -> ReportOut:
    token = view.share_token
    shared = url_for("reports.shared_report", token=token, _external=True) if token else None
    return ReportOut(**_common(view.line), shared=shared, content=json.loads(view.content))


@blueprint.operation(
    "GET",
    "/reports/",
    summary="List reports",
    tag="Reports",
    query=ReportQuery,
    returns=Page[ReportLineOut],
)
def list_reports(session: Session, actor: Actor, query: ReportQuery) -> Page[ReportLineOut]:
    """Your stored reports, newest first."""
    return reads.page(session, actor, query.request(page_size()), kind=query.kind).map(_line)


@blueprint.operation(
    "POST",
    "/reports/",
    summary="Make a report",
    tag="Reports",
    body=ReportIn,
    returns=ReportOut,
    status=201,
    also={200: ReportOut, 202: ReportOut},
    errors=(404, 409, 422, 503),
    creates=True,
    example={"kind": "stock", "symbol": "AAPL", "format": "json"},
)
def make_report(session: Session, actor: Actor, body: ReportIn) -> Reply[ReportOut]:
    """The content is there at once. With `format` `pdf` a worker prints it: 202 until it has. The
    same inputs are the same report: 200.
    """
    view, new = making.make(session, actor, body.wish(), wall_now(), pdf=body.format == "pdf")
    location = url_for(".get_report", report_id=view.line.id)
    printing = body.format == "pdf" and view.line.pdf_status in ("queued", "running")
    return Reply(_full(view), 202 if printing else 201 if new else 200, location)


@blueprint.operation(
    "GET",
    "/reports/<int:report_id>/",
    summary="One report",
    tag="Reports",
    returns=ReportOut,
)
def get_report(session: Session, actor: Actor, report_id: int) -> ReportOut:
    """With its content."""
    return _full(reads.view(session, actor, report_id))


@blueprint.operation(
    "DELETE",
    "/reports/<int:report_id>/",
    summary="Delete a report",
    tag="Reports",
)
def delete_report(session: Session, actor: Actor, report_id: int) -> None:
    """With its PDF and its link."""
    reads.delete_one(session, actor, report_id)


@blueprint.operation(
    "GET",
    "/reports/<int:report_id>/download/",
    summary="A report's file",
    tag="Reports",
    query=DownloadQuery,
    returns=ReportFile,
    errors=(404, 409),
)
def download_report(
    session: Session, actor: Actor, report_id: int, query: DownloadQuery
) -> Response:
    """The PDF; or the JSON whose SHA-256 is `sha256`; or one table as CSV. 409 without a PDF."""
    found = reads.view(session, actor, report_id)
    if query.format == "json":
        return json_file(found)
    if query.format == "csv":
        return table_file(plain.read(found.content), found, query.table)
    return pdf_file(found, reads.pdf(session, found))


@blueprint.operation(
    "POST",
    "/reports/<int:report_id>/share/",
    summary="Share a report",
    tag="Reports",
    returns=ReportOut,
)
def share_report(session: Session, actor: Actor, report_id: int) -> ReportOut:
    """A link that shows this one report to whoever has it; one that has a link keeps it."""
    return _full(sharing.share(session, actor, report_id, wall_now()))


@blueprint.operation(
    "DELETE",
    "/reports/<int:report_id>/share/",
    summary="Revoke a report's link",
    tag="Reports",
    returns=ReportOut,
)
def revoke_report(session: Session, actor: Actor, report_id: int) -> ReportOut:
    """The link shows nothing any more."""
    return _full(sharing.revoke(session, actor, report_id))


@blueprint.operation(
    "GET",
    "/reports/schedules/",
    summary="List schedules",
    tag="Reports",
    returns=list[ScheduleOut],
)
def list_schedules(session: Session, actor: Actor) -> list[ScheduleOut]:
    """Reports that are made by themselves."""
    return [_schedule(found) for found in scheduling.schedules(session, actor)]


@blueprint.operation(
    "POST",
    "/reports/schedules/",
    summary="Schedule a report",
    tag="Reports",
    body=ScheduleIn,
    returns=ScheduleOut,
    status=201,
    errors=(404, 422),
    creates=True,
    example={"kind": "stock", "symbol": "AAPL", "every": "weekly"},
)
def make_schedule(session: Session, actor: Actor, body: ScheduleIn) -> ScheduleOut:
    """Made after each week or month of the market, on the whole of it; twelve are kept."""
    wish = Wish.of(body.kind, body.id, body.symbol, Span.of(body.period))
    made = scheduling.schedule(session, actor, wish, body.every, wall_now())
    found = next(each for each in scheduling.schedules(session, actor) if each.id == made)
    return _schedule(found)


@blueprint.operation(
    "DELETE",
    "/reports/schedules/<int:schedule_id>/",
    summary="Stop a schedule",
    tag="Reports",
)
def stop_schedule(session: Session, actor: Actor, schedule_id: int) -> None:
    """Its reports stay."""
    scheduling.stop(session, actor, schedule_id)


def _schedule(found: ScheduleView) -> ScheduleOut:
    return ScheduleOut(
        found.id,
        found.kind,
        found.subject,
        found.title,
        found.every,
        found.period,
        found.last_end,
        found.error,
        found.reports,
    )
