"""What tests of the market clock share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from stocksite.core.models import MarketClock
from stocksite.market.models import Bar, Stock
from stocksite.market.reading import Tick
from stocksite.market.service import clock
from tests.market.conftest import NOW

JAN_14 = date(2009, 1, 14)


class Clock:
    """Ticks as the clock process does, once a second."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, NOW + timedelta(hours=1)
        session.execute(update(MarketClock).values(ticked_at=self.now))

    def __call__(self, wall_s: float = 1.0, gate: Callable[[date], bool] = lambda _: True) -> Tick:
        self.now += timedelta(seconds=wall_s)
        return clock.tick(self.session, self.now, gate)


def bar(session: Session, symbol: str, day: date) -> Bar:
    found = session.scalar(select(Bar).join(Stock).where(Stock.symbol == symbol, Bar.date == day))
    assert found is not None
    return found


def exact(price: float) -> Decimal:
    return Decimal(repr(price))
