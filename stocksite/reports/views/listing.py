"""The list of reports, the form of a new one, and what is made by itself."""

from __future__ import annotations

from typing import Any, Final

from flask import render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError, NotFound
from stocksite.core.paging import PageRequest
from stocksite.portfolios.views.answers import done, me, table_page
from stocksite.reports import native
from stocksite.reports.forms import FORMS, WishForm, offer
from stocksite.reports.reading import KINDS
from stocksite.reports.service import making, offering, reads, scheduling
from stocksite.reports.views import blueprint
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.pagination import page_size

Answer = Response | str | tuple[str, int]
LABELS: Final = {
    "portfolio": "Portfolio",
    "stock": "Stock",
    "backtest": "Backtest",
    "forecast": "Forecast",
}


@blueprint.get("/reporting/")
@login_required
def index() -> str:
    """One's reports, newest first, and the schedules."""
    session = db.session()
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    page = reads.page(session, me(), _page(), kind=kind or None)
    absent = native.missing()
    return render_template(
        "reports/index.html",
        lines=page.results,
        page=table_page(page),
        page_url=lambda number: url_for(".index", page=number, kind=kind or None),
        schedules=scheduling.schedules(session, me()),
        kind=kind,
        kinds=_kinds(kind),
        labels=LABELS,
        no_pdf=native.sentence(absent) if absent else "",
    )


def _page() -> PageRequest:
    text = request.args.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    return PageRequest(max(number, 1), min(page_size(), 25))


def _kinds(active: str) -> list[dict[str, Any]]:
    pairs = [("", "All"), *((kind, f"{label}s") for kind, label in LABELS.items())]
    return [
        {"label": label, "url": url_for(".index", kind=kind or None), "active": kind == active}
        for kind, label in pairs
    ]


@blueprint.get("/reporting/new")
@login_required
def new() -> Answer:
    """The form of a new report, filled with what the address says."""
    kind = request.args.get("kind", "portfolio")
    form = _form(kind, request.args)
    return _form_page(form)


@blueprint.post("/reporting/new")
@login_required
def create() -> Answer:
    """Make it, or have it made again and again."""
    form = _form(request.args.get("kind", "portfolio"), None)
    if form.validate():
        try:
            return _made(form)
        except DomainError as error:
            form.show(error)
    return _form_page(form), 422


def _made(form: WishForm) -> Response:
    session, now = db.session(), wall_now()
    wish = form.wish()
    view, new_ = making.make(session, me(), wish, now)
    target = url_for(".show", report_id=view.line.id)
    if form.every:
        scheduling.schedule(session, me(), wish, form.every, now)
        words = "week" if form.every == "weekly" else "month"
        return done(f"Made, and from now on after each {words} of the market.", target)
    if not new_:
        return done("This report was made before: nothing in it has changed.", target)
    return htmx.hx_redirect(request, target)


def _form(kind: str, args: Any) -> WishForm:
    if kind not in FORMS:
        raise NotFound(f"There are no reports on that. There are: {', '.join(KINDS)}.")
    form = FORMS[kind](args) if args is not None else FORMS[kind]()
    # What was linked to may be no longer, or not yet, among what is offered by itself.
    raw = request.form.get("id", "") or request.args.get("id", "")
    number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    offer(form, offering.choices(db.session(), me(), kind, number))
    return form


def _form_page(form: WishForm) -> str:
    tabs = [
        {"label": label, "url": url_for(".new", kind=kind), "active": kind == form.kind}
        for kind, label in LABELS.items()
    ]
    return render_template("reports/new.html", form=form, tabs=tabs, labels=LABELS)


@blueprint.post("/reporting/schedules/<int:schedule_id>/stop")
@login_required
def stop_schedule(schedule_id: int) -> Response:
    """End a schedule; its reports stay."""
    scheduling.stop(db.session(), me(), schedule_id)
    return done("Stopped. The reports it made stay.", url_for(".index"))
