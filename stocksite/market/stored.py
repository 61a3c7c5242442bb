"""One stock's whole stored history as arrays: what research reads."""

from __future__ import annotations

from dataclasses import dataclass

from stocksite.market.adjust import Days, Floats
from stocksite.market.reading import ActionView


@dataclass(frozen=True, slots=True, eq=False)
class StoredSeries:
    """Raw bars as arrays of one length, ascending by day, and all corporate actions."""

    stock_id: int
    symbol: str
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    actions: tuple[ActionView, ...]
