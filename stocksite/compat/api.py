"""No address of the replaced systems lies under /api."""

from __future__ import annotations

from stocksite.web.api import ApiBlueprint

blueprint = ApiBlueprint("compat_api", __name__, url_prefix="/api")
