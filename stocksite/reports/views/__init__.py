"""Pages of the reports room; each module adds its routes to `blueprint`.

listing   the reports there are, the form of a new one, schedules
showing   one report: page, files, printing, sharing, deleting
shared    the same for whoever has its link
"""

from __future__ import annotations

from flask import Blueprint

from stocksite.auth.service import on_deleted
from stocksite.reports.service import reads

blueprint = Blueprint("reports", __name__, template_folder="../templates")

on_deleted.append(reads.forget)

from stocksite.reports.views import listing, shared, showing  # noqa: E402  they add routes

__all__ = ["blueprint", "listing", "shared", "showing"]
