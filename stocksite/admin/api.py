"""The panel is for browsers: nothing of it can be reached with a token."""

from __future__ import annotations

from stocksite.web.api import ApiBlueprint

blueprint = ApiBlueprint("admin_api", __name__, url_prefix="/api")
