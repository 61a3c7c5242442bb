"""Total returns of one stock on given days: what portfolios are measured against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.market import adjust
from stocksite.market.adjust import Dividend, Floats, Split

_HISTORY = text("""
SELECT s.id, b.days, b.closes, a.actions, s.first_bar
FROM stock s
LEFT JOIN LATERAL (
    SELECT array_agg(date ORDER BY date) AS days, array_agg(close ORDER BY date) AS closes
    FROM bar
    WHERE stock_id = s.id AND date <= :last
      AND date >= (SELECT max(date) FROM bar WHERE stock_id = s.id AND date <= :first)
) b ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(ex_date, ratio_to, ratio_from, amount)) AS actions
    FROM corporate_action WHERE stock_id = s.id AND ex_date > :first AND ex_date <= :last
) a ON true
WHERE s.symbol = :symbol
""")


def total_returns(
    session: Session, symbol: str, days: Sequence[date]
) -> tuple[Floats | None, date | None]:
    """Daily total returns (n - 1,) of a stock between n closes, dividends reinvested, and None; or
    None and the day its prices begin, when they do not reach back to the first. One statement.

    `days` are trading dates that have closed at market time, ascending. A day without a bar has
    the close before it. For an unknown symbol both are None.
    """
    row = session.execute(
        _HISTORY, {"symbol": symbol, "first": days[0], "last": days[-1]}
    ).one_or_none()
    if row is None or not row.days:
        return None, row.first_bar if row is not None else None
    return _returns(row, days), None


def _returns(row: Any, days: Sequence[date]) -> Floats:
    known = np.array(row.days, dtype="datetime64[D]")
    closes = np.array(row.closes, dtype=np.float64)
    splits, dividends = [], []
    for ex_date, to, of, amount in row.actions or ():
        day = date.fromisoformat(ex_date)
        if to is None:
            dividends.append(Dividend(day, float(amount)))
        else:
            splits.append(Split(day, to, of))
    factors = adjust.split_factors(known, splits, days[-1])
    factors = factors * adjust.dividend_factors(known, closes, dividends, days[-1])
    wanted = np.searchsorted(known, np.array(days, dtype="datetime64[D]"), side="right") - 1
    adjusted = (closes * factors)[wanted]
    returns: Floats = adjusted[1:] / adjusted[:-1] - 1.0
    return returns
