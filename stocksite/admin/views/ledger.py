"""Ledger, snapshots and forecasts of everybody. There is no route here that changes any."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from stocksite.admin import guard
from stocksite.admin.service import ledger
from stocksite.admin.views import blueprint
from stocksite.forecast.service import reads
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request


@blueprint.get("/ledger/transactions")
def transactions() -> str:
    """Ledger rows, last posted first."""
    page = ledger.transactions(db.session(), page_request(), _owner())
    return _show("admin/transactions.html", page)


@blueprint.get("/ledger/snapshots")
def snapshots() -> str:
    """Daily values, latest first."""
    page = ledger.snapshots(db.session(), page_request(), _owner())
    return _show("admin/snapshots.html", page)


@blueprint.get("/ledger/forecasts")
def forecasts() -> str:
    """Forecasts, latest origin first."""
    return _show("admin/forecasts.html", reads.page(db.session(), page_request()))


def _owner() -> str:
    return request.args.get("owner", "").strip()[:40]


def _show(template: str, page: Any) -> str:
    pages = (
        ("Transactions", ".transactions"),
        ("Snapshots", ".snapshots"),
        ("Forecasts", ".forecasts"),
    )
    return render_template(
        template,
        rows=page.results,
        page_view=guard.paged(page),
        page_url=page_path,
        owner=_owner(),
        kinds=[
            {
                "label": label,
                "url": url_for(endpoint),
                "active": request.endpoint == f"admin{endpoint}",
            }
            for label, endpoint in pages
        ],
    )
