"""Daily history: its days, its adjustment, its cost."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.errors import InvalidInput
from stocksite.market.models import Bar, Stock
from stocksite.market.service import bars, quotes
from tests.market.conftest import Stand, statements

JAN_14 = date(2009, 1, 14)
SPLIT = date(2005, 2, 28)
"""AAPL, 2:1, a Monday."""


def stock_id(session: Session, symbol: str) -> int:
    found = session.scalar(select(Stock.id).where(Stock.symbol == symbol))
    assert found is not None
    return found


def raw_close(session: Session, symbol: str, day: date) -> float:
    found = session.scalar(
        select(Bar.close).join(Stock).where(Stock.symbol == symbol, Bar.date == day)
    )
    assert found is not None
    return found


def test_history_is_cut_to_the_days_asked_for(session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 12.0)
    days = [bar.date.day for bar in bars.history(session, "ibm", date(2009, 1, 8), JAN_14)]
    assert days == [8, 9, 12, 13, 14]
    until = bars.history(session, "IBM", date(2009, 1, 8), date(2009, 1, 13), "split", state)
    assert [bar.date.day for bar in until] == [8, 9, 12, 13]
    assert not any(bar.partial for bar in until)
    assert bars.history(session, "IBM", date(2031, 1, 1), state=state) == []
    assert bars.history(session, "IBM", None, date(1999, 1, 1), "total", state) == []


def test_history_refuses_nonsense(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    with pytest.raises(InvalidInput, match="lies after"):
        bars.history(session, "IBM", JAN_14, date(2009, 1, 1))
    with pytest.raises(InvalidInput, match="raw, split, total"):
        bars.history(session, "IBM", adjustment="dividend")


def test_arrays_and_rows_are_the_same(session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 12.0)
    ibm = stock_id(session, "IBM")
    loaded = bars.arrays(session, ibm, None, None, "total", state)
    rows = bars.history(session, "IBM", adjustment="total", state=state)
    assert loaded.close.dtype == np.float64
    assert [row.close for row in rows] == loaded.close.tolist()
    assert [row.date for row in rows] == loaded.days.tolist()
    assert [row.partial for row in rows[-2:]] == [False, True]


@pytest.mark.parametrize(("adjustment", "count"), [("raw", 0), ("split", 1), ("total", 1)])
def test_bars_cost_a_copy_and_a_statement(
    session: Session, stand: Stand, adjustment: str, count: int
) -> None:
    state = stand(JAN_14, 12.0)
    ibm = stock_id(session, "IBM")
    with statements(session) as seen:
        bars.arrays(session, ibm, None, None, adjustment, state)
    assert len(seen) == count


def test_recent_closes_end_at_the_price_of_now(session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 12.0)
    ids = list(session.scalars(select(Stock.id).order_by(Stock.symbol)))
    with statements(session) as seen:
        closes = bars.recent_closes(session, ids, 5, state)
    assert len(seen) == 1
    aapl, fb, _, ibm, _ = ids
    assert closes[fb] == []
    assert len(closes[aapl]) == len(closes[ibm]) == 5
    assert closes[ibm][-1] == float(quotes.of(session, "IBM").price)
    assert closes[ibm][-2] == raw_close(session, "IBM", date(2009, 1, 13))
    night = stand(JAN_14)
    assert bars.recent_closes(session, [ibm], 2, night)[ibm] == [
        raw_close(session, "IBM", date(2009, 1, 12)),
        raw_close(session, "IBM", date(2009, 1, 13)),
    ]
    assert bars.recent_closes(session, [], 5, state) == {}
    assert bars.recent_closes(session, [999_999], 5, state) == {}


def test_performance_from_real_closes(session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 16.0)
    ibm = stock_id(session, "IBM")
    found = bars.performance_of(session, ibm, state)
    now = raw_close(session, "IBM", JAN_14)
    for value, base in (
        (found.five_days, date(2009, 1, 7)),
        (found.one_month, date(2008, 12, 17)),
        (found.three_months, date(2008, 10, 15)),
        (found.year_to_date, date(2008, 12, 31)),
        (found.one_year, date(2008, 1, 16)),
    ):
        assert value == pytest.approx((now / raw_close(session, "IBM", base) - 1) * 100), base
    assert bars.performance_of(session, stock_id(session, "FB"), state).five_days is None
