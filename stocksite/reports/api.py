"""JSON routes of reports: what the pages do, for scripts."""

from __future__ import annotations

from flask import Response, url_for
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.portfolios.periods import Span
from stocksite.reports import plain
from stocksite.reports.reading import Wish
from stocksite.reports.schemas import (
    DownloadQuery,
    ReportIn,
    ReportLineOut,
    ReportOut,
    ReportQuery,
    ScheduleIn,
    ScheduleOut,
    full_out,
    line_out,
    schedule_out,
)
from stocksite.reports.service import making, reads, scheduling, sharing
from stocksite.reports.views.showing import json_file, pdf_file, table_file
from stocksite.web.api import (
    ApiBlueprint,
    Page,
    Reply,
    page_size,
)
from stocksite.web.operation import ReportFile

blueprint = ApiBlueprint("reports_api", __name__, url_prefix="/api")


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
    return reads.page(session, actor, query.request(page_size()), kind=query.kind).map(line_out)


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
    return Reply(full_out(view), 202 if printing else 201 if new else 200, location)


@blueprint.operation(
    "GET",
    "/reports/<int:report_id>/",
    summary="One report",
    tag="Reports",
    returns=ReportOut,
)
def get_report(session: Session, actor: Actor, report_id: int) -> ReportOut:
    """With its content."""
    return full_out(reads.view(session, actor, report_id))


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
    return full_out(sharing.share(session, actor, report_id, wall_now()))


@blueprint.operation(
    "DELETE",
    "/reports/<int:report_id>/share/",
    summary="Revoke a report's link",
    tag="Reports",
    returns=ReportOut,
)
def revoke_report(session: Session, actor: Actor, report_id: int) -> ReportOut:
    """The link shows nothing any more."""
    return full_out(sharing.revoke(session, actor, report_id))


@blueprint.operation(
    "GET",
    "/reports/schedules/",
    summary="List schedules",
    tag="Reports",
    returns=list[ScheduleOut],
)
def list_schedules(session: Session, actor: Actor) -> list[ScheduleOut]:
    """Reports that are made by themselves."""
    return [schedule_out(found) for found in scheduling.schedules(session, actor)]


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
    return schedule_out(found)


@blueprint.operation(
    "DELETE",
    "/reports/schedules/<int:schedule_id>/",
    summary="Stop a schedule",
    tag="Reports",
)
def stop_schedule(session: Session, actor: Actor, schedule_id: int) -> None:
    """Its reports stay."""
    scheduling.stop(session, actor, schedule_id)
