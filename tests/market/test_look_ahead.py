"""No service answers with anything later than market time, and no split shows as a change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.market.models import Bar, Stock
from stocksite.market.service import bars, quotes
from stocksite.market.service.resource import resource
from tests.market.conftest import Stand

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


MOMENTS = [
    (date(2000, 3, 1), None),
    (date(2000, 3, 1), 9.5),
    (date(2000, 6, 21), None),
    (date(2000, 6, 21), 10.0),
    (date(2003, 2, 18), 12.0),
    (SPLIT, None),
    (SPLIT, 9.5),
    (SPLIT, 16.0),
    (JAN_14, 11.7),
    (date(2012, 5, 17), 16.0),
    (date(2012, 5, 18), 9.5),
    (date(2012, 8, 9), 12.0),
    (date(2013, 3, 1), 16.0),
]


@pytest.mark.parametrize(("day", "hour"), MOMENTS)
def test_nothing_is_later_than_market_time(
    session: Session, stand: Stand, day: date, hour: float | None
) -> None:
    state = stand(day, hour)
    latest = state.session_date or date.min
    ids = list(session.scalars(select(Stock.id)))
    for quote in quotes.by_ids(session, ids).values():
        assert quote.as_of is None or quote.as_of <= state.at
        assert quote.session_date is None or quote.session_date <= latest
        assert quote.listed == (quote.first_bar <= latest)
        assert quote.has_price == quote.listed
    for each in ids:
        for adjustment in ("raw", "split", "total"):
            loaded = bars.arrays(session, each, None, None, adjustment, state)
            complete = state.last_complete or date.min
            assert all(
                d <= complete for d in loaded.days[: -1 if loaded.partial else None].tolist()
            )
            assert all(d <= latest for d in loaded.days.tolist())
            assert loaded.partial == bool(state.is_open and len(loaded))
            far = bars.arrays(session, each, None, date(2030, 1, 1), adjustment, state)
            assert far.days.tolist() == loaded.days.tolist()
            ahead = bars.arrays(session, each, latest + timedelta(1), None, adjustment, state)
            assert len(ahead) == 0
        assert all(action.ex_date <= latest for action in bars.actions(session, each, state))
        found, known = bars.charted(session, each, None, state)
        assert all(d <= latest for d in found.days.tolist())
        assert all(action.ex_date <= latest for action in known)


@pytest.mark.parametrize("hour", [9.5, 11.0, 13.3, 15.9])
def test_the_partial_bar_knows_only_the_quote(session: Session, stand: Stand, hour: float) -> None:
    state = stand(JAN_14, hour)
    quote = quotes.of(session, "AAPL")
    last = bars.history(session, "AAPL", state=state)[-1]
    assert last.partial
    assert last.date == JAN_14
    assert (last.open, last.high, last.low, last.close, last.volume) == (
        float(quote.open),
        float(quote.high),
        float(quote.low),
        float(quote.price),
        quote.volume,
    )


def test_what_the_future_holds_changes_no_answer(session: Session, stand: Stand) -> None:
    """Answers of today with all later bars and actions removed are the same answers."""
    state = stand(SPLIT, 12.0)
    aapl = stock_id(session, "AAPL")

    def answers() -> list[object]:
        return [
            quotes.of(session, "AAPL"),
            bars.history(session, "AAPL", adjustment="total", state=state),
            bars.recent_closes(session, [aapl], 30, state),
            bars.performance_of(session, aapl, state),
            bars.actions(session, aapl, state),
            resource(session, "AAPL"),
        ]

    before = answers()
    connection = session.connection()
    connection.exec_driver_sql("DELETE FROM bar WHERE date > %s", (state.last_complete,))
    connection.exec_driver_sql(
        "DELETE FROM corporate_action WHERE ex_date > %s", (state.session_date,)
    )
    assert answers() == before
    session.rollback()


@pytest.mark.parametrize(
    ("symbol", "day", "raw_pct"),
    [
        ("AAPL", date(2000, 6, 21), -45),
        ("MSFT", date(2003, 2, 18), -48),
        ("AAPL", SPLIT, -50),
    ],
)
def test_a_split_day_shows_no_false_change(
    session: Session, stand: Stand, symbol: str, day: date, raw_pct: float
) -> None:
    eve = xnys().previous(day).date
    before, after = raw_close(session, symbol, eve), raw_close(session, symbol, day)
    assert (after / before - 1) * 100 == pytest.approx(raw_pct, abs=1)
    state = stand(day, 16.0)
    quote = quotes.of(session, symbol)
    assert quote.previous_close == Decimal(repr(before)) / 2
    assert quote.change_pct == pytest.approx((after * 2 / before - 1) * 100)
    assert abs(quote.change_pct) < 12
    recent = bars.recent_closes(session, [quote.stock_id], 30, state)[quote.stock_id]
    assert recent[-1] == after
    assert recent[-2] == before / 2
    assert max(abs(b / a - 1) for a, b in pairwise(recent)) < 0.2
    assert bars.performance_of(session, quote.stock_id, state).five_days > -30


def test_in_the_night_before_a_split_prices_are_still_the_old_ones(
    session: Session, stand: Stand
) -> None:
    """The price shown is Friday's, so the chart has to be in Friday's shares, even on Monday."""
    state = stand(SPLIT)
    assert state.market_date == SPLIT
    friday = date(2005, 2, 25)
    quote = quotes.of(session, "AAPL")
    assert float(quote.price) == raw_close(session, "AAPL", friday)
    last = bars.history(session, "AAPL", state=state)[-1]
    assert (last.date, last.close) == (friday, raw_close(session, "AAPL", friday))


def test_volume_is_in_todays_shares_too(session: Session, stand: Stand) -> None:
    state = stand(SPLIT, 16.0)
    friday = date(2005, 2, 25)
    raw = bars.history(session, "AAPL", friday, friday, "raw", state)[0]
    split = bars.history(session, "AAPL", friday, friday, "split", state)[0]
    assert (split.close, split.volume) == (raw.close / 2, raw.volume * 2)


def test_the_crash_without_a_split_is_shown(session: Session, stand: Stand) -> None:
    stand(date(2000, 9, 29), 16.0)
    assert quotes.of(session, "AAPL").change_pct == pytest.approx(-51.9, abs=0.05)


def test_total_returns_do_not_depend_on_the_end_asked_for(session: Session, stand: Stand) -> None:
    state = stand(date(2012, 12, 3), 16.0)
    end = date(2012, 8, 1)
    part = bars.history(session, "AAPL", date(2012, 7, 30), end, "total", state)
    whole = [
        bar
        for bar in bars.history(session, "AAPL", adjustment="total", state=state)
        if date(2012, 7, 30) <= bar.date <= end
    ]
    assert part == whole
    assert part[0].close < raw_close(session, "AAPL", date(2012, 7, 30))
