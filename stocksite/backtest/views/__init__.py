"""Pages of the lab; each module adds its routes to `blueprint`.

making    the form of a backtest, the rule builder, the form of a sweep
results   one backtest: figures, verdict, files, the check, deleting
sweeps    one sweep: heatmap, walk-forward, progress, the report of a cell
history   one's runs and sweeps, and several of them side by side
papering  strategies on paper: attaching, parity, pausing, detaching
"""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("backtest", __name__, template_folder="../templates")

from stocksite.backtest.views import (  # noqa: E402  they add routes
    history,
    making,
    papering,
    results,
    sweeps,
)

__all__ = ["blueprint", "history", "making", "papering", "results", "sweeps"]
