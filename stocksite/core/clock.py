"""The two clocks. Nobody else calls `datetime.now()`; entry points read here and hand it on.

Wall time: logins, tokens, limits, caches, jobs. Market time: quotes, orders, fills, snapshots.
Live, the two are equal; in the sample market, market time is the stored replay clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.errors import ProviderUnavailable
from stocksite.core.models import MarketClock

_CLOCK: Final = select(MarketClock)


def wall_now() -> datetime:
    """The real time, aware UTC."""
    return datetime.now(UTC)


def read_clock(session: Session) -> MarketClock:
    """The market clock's row. Raises ProviderUnavailable when the market was never set up."""
    clock: MarketClock | None = session.scalar(_CLOCK)
    if clock is None:
        raise ProviderUnavailable(
            "The market has not been set up yet. Run `flask prepare` once, then reload."
        )
    return clock


def market_now(session: Session) -> datetime:
    """What time it is on the market: the stored replay time, or wall time when live."""
    clock = read_clock(session)
    return wall_now() if clock.mode == "live" else clock.market_at
