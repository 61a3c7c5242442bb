"""Daily history up to market time and not a moment further, raw or adjusted as known then.

Bars of the running session do not exist yet for anyone who asks: its partial bar is made from the
quote. Everything is read as plain rows into arrays; no ORM object is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from stocksite.core.errors import InvalidInput
from stocksite.market import adjust, performance
from stocksite.market.adjust import (
    ADJUSTMENTS,
    Adjustment,
    Days,
    Dividend,
    Floats,
    Split,
)
from stocksite.market.models import CorporateAction
from stocksite.market.reading import ActionView, BarView, MarketState, Performance
from stocksite.market.service import bulk, clock, stocks


@dataclass(frozen=True, slots=True)
class BarArrays:
    """Bars as arrays of one length, ascending by day. Prices and volume are doubles."""

    days: Days
    """`datetime64[D]`."""
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    partial: bool = False
    """Whether the last bar is of a session that still runs."""

    def __len__(self) -> int:
        return len(self.days)

    def part(self, where: slice) -> BarArrays:
        """The bars of a slice."""
        kept = {name: getattr(self, name)[where] for name in _COLUMNS}
        ends = where.stop is None or where.stop >= len(self)
        return BarArrays(**kept, partial=self.partial and ends)


_COLUMNS = ("days", "open", "high", "low", "close", "volume")


def history(
    session: Session,
    symbol: str,
    start: date | None = None,
    end: date | None = None,
    adjustment: str = "split",
    state: MarketState | None = None,
) -> list[BarView]:
    """A stock's bars with start ≤ day ≤ end, ascending, in the shares of market time.

    Raises what `stocks.get` raises, and InvalidInput for a start after the end or an unknown
    adjustment. Bars later than market time do not exist.
    """
    if start and end and start > end:
        raise InvalidInput.of_field("start", f"The start {start} lies after the end {end}.")
    if adjustment not in ADJUSTMENTS:
        raise InvalidInput.of_field(
            "adjustment", f"Choose one of {', '.join(ADJUSTMENTS)} as adjustment."
        )
    stock = stocks.get(session, symbol)
    known: Adjustment = adjustment  # type: ignore[assignment]
    found = arrays(session, stock.id, start, end, known, state or clock.state(session))
    return views(found)


def views(bars: BarArrays) -> list[BarView]:
    """Arrays as rows."""
    rows = zip(*(getattr(bars, name).tolist() for name in _COLUMNS), strict=True)
    out = [BarView(*row) for row in rows]
    if bars.partial and out:
        out[-1] = replace(out[-1], partial=True)
    return out


def arrays(
    session: Session,
    stock_id: int,
    start: date | None,
    end: date | None,
    adjustment: Adjustment,
    state: MarketState,
) -> BarArrays:
    """A stock's bars as arrays; two statements (one for raw prices)."""
    # Dividends after the end are weighed by closes after the end.
    reach = None if adjustment == "total" else end
    bars = _load(session, stock_id, start, reach, state)
    if adjustment != "raw":
        bars = _adjusted(bars, actions(session, stock_id, state), adjustment, state)
    if end is not None and reach is None:
        last = int(np.searchsorted(bars.days, _day(end), side="right"))
        bars = bars.part(slice(0, last))
    return bars


def _load(
    session: Session, stock_id: int, start: date | None, end: date | None, state: MarketState
) -> BarArrays:
    """Complete bars up to market time, then the running session's, made from the quote.

    Live, the session's bar comes half an hour after its close; until then the quote serves.
    """
    complete = state.last_complete or date.min
    today = state.session_date
    outside = today is None or (start and today < start) or (end and today > end)
    from_quote = state.is_open or state.mode == "live"
    running = today if from_quote and not outside else None
    last = min(end, complete) if end else complete
    found = bulk.read(session, stock_id, start or date.min, last, running)
    partial = state.is_open and bool(len(found.days)) and found.days[-1] > _day(last)
    return BarArrays(
        found.days, found.open, found.high, found.low, found.close, found.volume, partial
    )


def _day(day: date) -> np.datetime64:
    return np.datetime64(day, "D")


def charted(
    session: Session, stock_id: int, start: date | None, state: MarketState
) -> tuple[BarArrays, list[ActionView]]:
    """Split-adjusted bars from `start` on, and all splits and dividends: two statements."""
    known = actions(session, stock_id, state)
    return _adjusted(_load(session, stock_id, start, None, state), known, "split", state), known


def _adjusted(
    bars: BarArrays, known: Sequence[ActionView], adjustment: Adjustment, state: MarketState
) -> BarArrays:
    today = state.session_date
    if today is None or not len(bars):
        return bars
    splits = [s for s in map(_split, known) if s]
    by_split = adjust.split_factors(bars.days, splits, today)
    factors = by_split
    if adjustment == "total":
        dividends = [Dividend(a.ex_date, float(a.amount)) for a in known if a.amount is not None]
        factors = by_split * adjust.dividend_factors(bars.days, bars.close, dividends, today)
    return BarArrays(
        bars.days,
        bars.open * factors,
        bars.high * factors,
        bars.low * factors,
        bars.close * factors,
        bars.volume / by_split,
        bars.partial,
    )


def _split(action: ActionView) -> Split | None:
    if action.ratio_to is None or action.ratio_from is None:
        return None
    return Split(action.ex_date, action.ratio_to, action.ratio_from)


def actions(session: Session, stock_id: int, state: MarketState) -> list[ActionView]:
    """Splits and dividends whose ex-date's session has opened at market time, ascending."""
    if state.session_date is None:
        return []
    action = CorporateAction
    rows = session.execute(
        select(action.ex_date, action.kind, action.ratio_to, action.ratio_from, action.amount)
        .where(action.stock_id == stock_id, action.ex_date <= state.session_date)
        .order_by(action.ex_date, action.kind)
    )
    return [ActionView(*row) for row in rows]


def performance_of(session: Session, stock_id: int, state: MarketState) -> Performance:
    """Returns over the five horizons from the latest price; two statements."""
    today = state.session_date
    if today is None:
        return Performance()
    start = today - timedelta(days=performance.LOOKBACK_DAYS)
    bars = arrays(session, stock_id, start, None, "split", state)
    if not len(bars):
        return Performance()
    return performance.measure(bars.days, bars.close, today, float(bars.close[-1]))


_RECENT = sql("""
    SELECT s.id, b.days, b.closes, a.splits, q.price::float8, q.session_date
    FROM stock s
    LEFT JOIN LATERAL (
        SELECT array_agg(t.date ORDER BY t.date) AS days,
               array_agg(t.close ORDER BY t.date) AS closes
        FROM (SELECT date, close FROM bar WHERE stock_id = s.id AND date <= :complete
              ORDER BY date DESC LIMIT :n) t
    ) b ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_array(ex_date, ratio_to, ratio_from)) AS splits
        FROM corporate_action
        WHERE stock_id = s.id AND kind = 'split' AND ex_date <= :today
          AND ex_date > b.days[1]
    ) a ON true
    LEFT JOIN quote q ON q.stock_id = s.id AND :running AND q.session_date = :today
    WHERE s.id = ANY(:ids)
""")


def recent_closes(
    session: Session, ids: Iterable[int], n: int, state: MarketState
) -> dict[int, list[float]]:
    """The last `n` closes of each stock, oldest first, in today's shares: one statement.

    While the market is open the last of them is the price of now. A stock without prices yet has
    an empty list.
    """
    wanted = list(ids)
    if not wanted or state.session_date is None:
        return {stock_id: [] for stock_id in wanted}
    rows = session.execute(
        _RECENT,
        {
            "ids": wanted,
            "n": n,
            "complete": state.last_complete or date.min,
            "today": state.session_date,
            "running": state.is_open,
        },
    )
    return {row.id: _closes(row, state.session_date)[-n:] for row in rows}


def _closes(row: Any, today: date) -> list[float]:
    closes = np.array(row.closes or [], dtype=np.float64)
    if row.splits:
        days = np.array(row.days, dtype="datetime64[D]")
        splits = [Split(date.fromisoformat(day), to, of) for day, to, of in row.splits]
        closes = closes * adjust.split_factors(days, splits, today)
    out: list[float] = closes.tolist()
    return out if row.price is None else [*out, row.price]
