"""`/report/<symbol>/` (PDF) and `/report/json/<symbol>/`: the report on a stock by its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for
from flask_login import current_user, login_required

from stocksite.backtest.ask import read_ask
from stocksite.backtest.service import runs
from stocksite.compat import reading
from stocksite.compat.views import blueprint
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import ProviderUnavailable
from stocksite.portfolios.periods import Span
from stocksite.reports.reading import ReportView, Wish
from stocksite.reports.service import making, reads
from stocksite.reports.views.showing import json_file, pdf_file
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.json import dumps


@blueprint.get("/report/<symbol>/")
@login_required
def report_pdf(symbol: str) -> Response:
    """The PDF, once a worker has printed it; until then 202 with where to look, to a browser the
    report's page.
    """
    return pdf_of(Wish.of("stock", None, symbol, Span()))


@blueprint.get("/report/json/<symbol>/")
@login_required
def report_json(symbol: str) -> Response:
    """The same figures as JSON, at once."""
    view, _ = making.make(db.session(), _me(), Wish.of("stock", None, symbol, Span()), wall_now())
    return json_file(view)


def pdf_of_backtest(raw: Mapping[str, Any]) -> Response:
    """The PDF of a backtest that was asked for by its address."""
    run = runs.make_once(db.session(), _me(), read_ask(raw))
    if run.result is None:
        told = {"backtest": run.id, "status": run.status}
        return Response(dumps(told), 202, mimetype="application/json")
    return pdf_of(Wish.of("backtest", run.id, None, Span()))


def pdf_of(wish: Wish) -> Response:
    """The PDF of a wish, or 202 while it is being printed.

    Raises ProviderUnavailable where no PDF can be made; page and JSON are there all the same.
    """
    session = db.session()
    view, _ = making.make(session, _me(), wish, wall_now())
    line = view.line
    if line.pdf_status == "done":
        return pdf_file(view, reads.pdf(session, view))
    if not reading.is_script(request):
        page: Response = htmx.hx_redirect(  # type: ignore[assignment]
            request, url_for("reports.show", report_id=line.id)
        )
        return page
    if line.pdf_status in ("failed", "missing"):
        raise ProviderUnavailable(line.pdf_error, code="pdf-unavailable")
    return _waiting(view)


def _waiting(view: ReportView) -> Response:
    line = view.line
    told = {
        "report": line.id,
        "status": line.pdf_status,
        "job": line.job,
        "url": url_for("reports.show", report_id=line.id),
        "pdf": url_for("reports.pdf", report_id=line.id),
        "json": url_for("reports.json", report_id=line.id),
    }
    answer = Response(dumps(told), 202, mimetype="application/json")
    answer.headers["Retry-After"] = "2"
    return answer


def _me() -> Actor:
    actor: Actor = current_user._get_current_object()
    return actor
