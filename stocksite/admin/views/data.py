"""Market data: what is stored, who it comes from, and the days that wait for a decision."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from stocksite.admin import guard
from stocksite.admin.service import quality
from stocksite.admin.views import blueprint
from stocksite.market import admin_pages
from stocksite.market.sources import TITLES
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request


@blueprint.get("/stocks")
def stocks() -> str:
    """What is stored of every stock, and what is wrong with it."""
    faulty = request.args.get("show") == "faulty"
    page = quality.page(db.session(), page_request(), only_faulty=faulty)
    return render_template(
        "admin/stocks.html",
        stocks=page.results,
        page_view=guard.paged(page),
        page_url=page_path,
        faulty=faulty,
        titles=TITLES,
    )


@blueprint.get("/providers")
def providers() -> str:
    """How the providers are doing."""
    return render_template("admin/providers.html", **admin_pages.providers(db.session()))


@blueprint.get("/quarantine")
def quarantine() -> str:
    """Days that wait for an administrator."""
    return render_template("admin/quarantine.html", **admin_pages.quarantine(db.session()))


@blueprint.post("/quarantine/<int:bar_id>")
def decide(bar_id: int) -> Response:
    """Confirm or reject a held day."""
    verdict = request.form.get("verdict", "")
    said = admin_pages.decide(db.session(), bar_id, verdict)
    guard.note(f"bar.{verdict}ed", f"held day {bar_id}", said)
    return guard.done(said, url_for(".quarantine"))
