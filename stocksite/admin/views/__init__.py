"""Pages of the panel, all behind `guard.admit`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flask import Blueprint, request, url_for

from stocksite.admin import guard

blueprint = Blueprint("admin", __name__, url_prefix="/admin", template_folder="../templates")
blueprint.before_request(guard.admit)

TABS = (
    ("Overview", "admin.index", ()),
    ("People", "admin.people", ("admin.person",)),
    ("Market", "admin.market", ()),
    ("Stocks", "admin.stocks", ()),
    ("Providers", "admin.providers", ()),
    ("Quarantine", "admin.quarantine", ()),
    ("Jobs", "admin.jobs", ("admin.job",)),
    ("Models", "admin.models", ()),
    ("Ledger", "admin.transactions", ("admin.snapshots", "admin.forecasts")),
    ("Settings", "admin.settings", ()),
    ("Audit", "admin.trail", ()),
)


@blueprint.context_processor
def frame() -> dict[str, Any]:
    """The tabs of the panel."""
    return {
        "admin_tabs": [
            {
                "label": label,
                "url": url_for(endpoint),
                "active": request.endpoint in (endpoint, *inside),
            }
            for label, endpoint, inside in TABS
        ]
    }


for _name in ("site", "people", "data", "steering", "work", "ledger"):
    import_module(f"{__name__}.{_name}")
