"""A stock's closes as a forecast may see them: up to the last complete session, never further."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.forecast.panel import Days, History
from stocksite.forecast.terms import Floats
from stocksite.market import adjust
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState
from stocksite.market.service import bars


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """One stock's complete sessions, oldest first."""

    stock_id: int
    symbol: str
    days: Days
    raw: Floats
    """As traded on the day."""
    split: Floats
    """In the shares of market time."""
    total: Floats
    """Adjusted for splits and dividends: only its returns mean anything."""

    def upto(self, count: int) -> History:
        """The first `count` sessions, as the rules take them."""
        return History(self.symbol, self.days[:count], self.total[:count])


def tracked(session: Session) -> list[tuple[int, str]]:
    """(id, symbol) of every stock with prices, by symbol."""
    rows = session.execute(
        select(Stock.id, Stock.symbol).where(Stock.status == "active").order_by(Stock.symbol)
    )
    return [(row.id, row.symbol) for row in rows]


def prices(session: Session, stock_id: int, symbol: str, state: MarketState) -> Prices:
    """Closes of one stock up to the last complete session; two statements."""
    known = state.last_complete or date.min
    found = bars.arrays(session, stock_id, None, known, "raw", state)
    actions = [a for a in bars.actions(session, stock_id, state) if a.ex_date <= known]
    splits = [
        adjust.Split(a.ex_date, a.ratio_to, a.ratio_from)
        for a in actions
        if a.ratio_to is not None and a.ratio_from is not None
    ]
    dividends = [adjust.Dividend(a.ex_date, float(a.amount)) for a in actions if a.amount]
    split = found.close * adjust.split_factors(found.days, splits, known)
    total = split * adjust.dividend_factors(found.days, found.close, dividends, known)
    return Prices(stock_id, symbol, found.days, found.close, split, total)


def origin_of(days: Days) -> date | None:
    """The last day there is, or None."""
    last: date | None = days[-1].astype(object) if len(days) else None
    return last


def base_rate(closes: Floats, horizon: int) -> tuple[float | None, int]:
    """(share of earlier windows that ended higher, how many): what a coin would have to beat."""
    if len(closes) <= horizon:
        return None, 0
    up = closes[horizon:] > closes[:-horizon]
    return float(np.mean(up)), len(up)
