"""What the worker runs for the market."""

from __future__ import annotations

from stocksite.core.clock import read_clock
from stocksite.core.database import unit_of_work
from stocksite.market.service.load import load_sample


def refresh() -> None:
    """Bring stored prices up to date. The sample's never change, so this only mends gaps."""
    with unit_of_work() as session:
        if read_clock(session).mode == "replay":
            load_sample(session)
