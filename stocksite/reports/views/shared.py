"""A report for whoever has its link. Nothing says whose it is or links to what is theirs."""

from __future__ import annotations

from typing import TypeVar

from flask import Response as FileResponse
from flask import make_response, render_template
from werkzeug.wrappers import Response

from stocksite.core.errors import NotFound
from stocksite.reports import plain
from stocksite.reports.reading import ReportView
from stocksite.reports.service import reads
from stocksite.reports.views import blueprint
from stocksite.reports.views.showing import json_file, page_context, pdf_file, table_file
from stocksite.web import limits
from stocksite.web.extensions import db

Made = TypeVar("Made", bound=Response)
TOKEN_CHARS = 43


def _found(token: str) -> ReportView:
    limits.check_common()
    if len(token) != TOKEN_CHARS or not token.isascii():
        raise NotFound(reads.REVOKED)
    return reads.shared(db.session(), token)


def _quiet(answer: Made) -> Made:
    """The address is the secret: it is not sent on, not indexed, not kept."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.get("/shared/<token>")
def shared_report(token: str) -> FileResponse:
    """The report as a page."""
    found = _found(token)
    page = render_template("reports/shared.html", token=token, **page_context(found))
    return _quiet(make_response(page))


@blueprint.get("/shared/<token>/report.pdf")
def shared_pdf(token: str) -> FileResponse:
    """Its PDF."""
    found = _found(token)
    return _quiet(pdf_file(found, reads.pdf(db.session(), found)))


@blueprint.get("/shared/<token>/report.json")
def shared_json(token: str) -> FileResponse:
    """Its JSON."""
    return _quiet(json_file(_found(token)))


@blueprint.get("/shared/<token>/<key>.csv")
def shared_table(token: str, key: str) -> FileResponse:
    """One of its tables."""
    found = _found(token)
    return _quiet(table_file(plain.read(found.content), found, key))
