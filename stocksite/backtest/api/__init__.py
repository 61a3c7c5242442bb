"""JSON of the lab; each module adds its operations to `blueprint`."""

from __future__ import annotations

from stocksite.web.api import ApiBlueprint

blueprint = ApiBlueprint("backtest_api", __name__, url_prefix="/api")

from stocksite.backtest.api import paper, runs, sweeps  # noqa: E402  they add operations

__all__ = ["blueprint", "paper", "runs", "sweeps"]
