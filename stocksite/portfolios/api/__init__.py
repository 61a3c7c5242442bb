"""JSON routes of portfolios; each module adds its operations to `blueprint`."""

from __future__ import annotations

from stocksite.web.api import ApiBlueprint

blueprint = ApiBlueprint("portfolios_api", __name__, url_prefix="/api")

from stocksite.portfolios.api import books, history, orders, performance  # noqa: E402  they add

__all__ = ["blueprint", "books", "history", "orders", "performance"]
