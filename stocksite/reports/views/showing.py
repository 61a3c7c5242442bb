"""One report: its page, its files, printing, sharing, deleting."""

from __future__ import annotations

from typing import Any

from flask import Response as FileResponse
from flask import render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.core.clock import wall_now
from stocksite.portfolios.views.answers import csv_file, done, me
from stocksite.reports import csv, drawing, plain
from stocksite.reports.content import Report
from stocksite.reports.reading import ReportView
from stocksite.reports.service import making, reads, sharing
from stocksite.reports.views import blueprint
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.format import slug


@blueprint.get("/reporting/<int:report_id>")
@login_required
def show(report_id: int) -> str:
    """The report as a page."""
    found = reads.view(db.session(), me(), report_id)
    return render_template("reports/show.html", **page_context(found), **_owner(found))


def page_context(found: ReportView) -> dict[str, Any]:
    """What `_body.html` needs."""
    report = plain.read(found.content)
    return {
        "report": report,
        "line": found.line,
        "id": found.line.report_id,
        "paper": False,
        "draw": drawing.draw,
        "legend": drawing.legend,
    }


def _owner(found: ReportView) -> dict[str, Any]:
    token = found.share_token
    link = url_for(".shared_report", token=token, _external=True) if token else ""
    return {"view": found, "share_url": link}


@blueprint.get("/reporting/<int:report_id>/live")
@login_required
def live(report_id: int) -> Response | str:
    """How the PDF stands, for polling; the page anew once it is there."""
    found = reads.view(db.session(), me(), report_id)
    if found.job is None or found.job.ended:
        return htmx.hx_refresh(request, url_for(".show", report_id=report_id))
    return htmx.fragment(render_template("reports/_progress.html", view=found))


@blueprint.get("/reporting/<int:report_id>/report.pdf")
@login_required
def pdf(report_id: int) -> FileResponse:
    """The PDF."""
    found = reads.view(db.session(), me(), report_id)
    return pdf_file(found, reads.pdf(db.session(), found))


def pdf_file(found: ReportView, data: bytes) -> FileResponse:
    """A PDF to look at or to keep."""
    answer = FileResponse(data, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{file_name(found)}.pdf"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def json_file(found: ReportView) -> FileResponse:
    """The stored JSON, byte for byte."""
    answer = FileResponse(found.content, mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def file_name(found: ReportView) -> str:
    """`portfolio-retirement-2013-01-04`: what a saved file is called."""
    return f"{found.line.kind}-{slug(found.line.title)[:40]}-{found.line.as_of:%Y-%m-%d}"


def table_file(report: Report, found: ReportView, key: str) -> FileResponse:
    """One table as CSV."""
    return csv_file(csv.table(report, key), f"{file_name(found)}-{slug(key)}")


@blueprint.get("/reporting/<int:report_id>/report.json")
@login_required
def json(report_id: int) -> FileResponse:
    """The same figures as JSON: the text whose SHA-256 the report is known by."""
    return json_file(reads.view(db.session(), me(), report_id))


@blueprint.get("/reporting/<int:report_id>/<key>.csv")
@login_required
def table(report_id: int, key: str) -> FileResponse:
    """One of its tables, every row."""
    found = reads.view(db.session(), me(), report_id)
    return table_file(plain.read(found.content), found, key)


@blueprint.post("/reporting/<int:report_id>/print")
@login_required
def order_pdf(report_id: int) -> Response:
    """Have the PDF written, again if need be."""
    found = reads.view(db.session(), me(), report_id)
    making.order_pdf(db.session(), me(), found.line.digest)
    return htmx.hx_redirect(request, url_for(".show", report_id=report_id))


@blueprint.post("/reporting/<int:report_id>/share")
@login_required
def share(report_id: int) -> Response:
    """Give it a link that whoever has it may open."""
    sharing.share(db.session(), me(), report_id, wall_now())
    target = url_for(".show", report_id=report_id, _anchor="share")
    return done("Whoever has the link can read this report until you revoke it.", target)


@blueprint.post("/reporting/<int:report_id>/revoke")
@login_required
def revoke(report_id: int) -> Response:
    """Take the link away."""
    sharing.revoke(db.session(), me(), report_id)
    return done("The link shows nothing any more.", url_for(".show", report_id=report_id))


@blueprint.route("/reporting/<int:report_id>/delete", methods=["GET", "POST"])
@login_required
def delete(report_id: int) -> Response | str:
    """Delete it with its PDF and its link."""
    session = db.session()
    if request.method == "POST":
        reads.delete_one(session, me(), report_id)
        return done("The report is deleted.", url_for(".index"))
    found = reads.view(session, me(), report_id)
    return render_template("reports/delete.html", line=found.line)
