"""Quotes, stocks, bars and search: what they answer, and that none of them looks ahead."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.errors import DomainError, InvalidInput, NotFound, RuleViolation
from stocksite.core.paging import PageRequest
from stocksite.market.models import Bar, Stock
from stocksite.market.service import bars, clock, quotes, search, stocks
from stocksite.market.service.resource import resource
from tests.market.conftest import NOW, Stand, statements

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


# --- looking ahead -------------------------------------------------------------------------------

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
    for table, column in (("bar", "date"), ("corporate_action", "ex_date")):
        session.connection().exec_driver_sql(
            f"DELETE FROM {table} WHERE {column} > %s",
            (state.last_complete,),
        ) if table == "bar" else session.connection().exec_driver_sql(
            "DELETE FROM corporate_action WHERE ex_date > %s", (state.session_date,)
        )
    assert answers() == before
    session.rollback()


# --- splits --------------------------------------------------------------------------------------


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


# --- bars ----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("adjustment", "count"), [("raw", 1), ("split", 2), ("total", 2)])
def test_bars_cost_two_statements(
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


# --- quotes --------------------------------------------------------------------------------------


def test_quotes_are_one_statement(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    ids = list(session.scalars(select(Stock.id)))
    for read in (
        lambda: quotes.of(session, "AAPL"),
        lambda: quotes.by_ids(session, ids),
        lambda: quotes.changed_since(session, ids, 0),
        lambda: quotes.tracked(session, PageRequest()),
    ):
        with statements(session) as seen:
            assert read()
        assert len(seen) == 1


def test_nothing_asked_nothing_read(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    with statements(session) as seen:
        assert quotes.by_ids(session, []) == {}
        assert quotes.changed_since(session, [], 0) == {}
    assert seen == []
    assert quotes.by_ids(session, [10**9]) == {}


def test_changed_since_is_what_moved(session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 12.0)
    ids = list(session.scalars(select(Stock.id)))
    assert quotes.changed_since(session, ids, state.tick) == {}
    now = NOW + timedelta(hours=1)
    clock.tick(session, now, lambda _: True)
    seen = clock.state(session).tick
    clock.tick(session, now + timedelta(seconds=1), lambda _: True)
    changed = quotes.changed_since(session, ids, seen)
    assert {quote.symbol for quote in changed.values()} == {"AAPL", "GOOG", "IBM", "MSFT"}
    assert all(quote.tick == seen + 1 for quote in changed.values())
    assert quotes.changed_since(session, [stock_id(session, "FB")], 0) == {}


def test_a_stock_without_a_bar_today_keeps_its_price_and_is_stale(
    session: Session, stand: Stand
) -> None:
    ibm = stock_id(session, "IBM")
    session.connection().exec_driver_sql(
        "DELETE FROM bar WHERE stock_id = %s AND date = %s", (ibm, JAN_14)
    )
    try:
        stand(JAN_14, 12.0)
        quote = quotes.of(session, "IBM")
        assert quote.stale
        assert quote.session_date == date(2009, 1, 13)
        assert float(quote.price) == raw_close(session, "IBM", date(2009, 1, 13))
        assert not quotes.of(session, "AAPL").stale
    finally:
        session.rollback()
        restore(session, ibm)


def restore(session: Session, ibm: int) -> None:
    from stocksite.market.providers.sample import SampleProvider

    row = SampleProvider().daily_bars("IBM", JAN_14, JAN_14)[0]
    session.merge(
        Bar(
            stock_id=ibm,
            date=row.date,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            source="sample",
        )
    )
    session.commit()


def test_overnight_a_price_holds_and_is_not_stale(session: Session, stand: Stand) -> None:
    stand(date(2009, 1, 20))  # after a weekend and a holiday
    quote = quotes.of(session, "AAPL")
    assert quote.session_date == date(2009, 1, 16)
    assert not quote.stale


@pytest.mark.parametrize(
    ("ordering", "first"),
    [("symbol", "AAPL"), ("-symbol", "MSFT"), ("price", "MSFT"), ("name", "AAPL")],
)
def test_the_list_is_ordered(session: Session, stand: Stand, ordering: str, first: str) -> None:
    stand(JAN_14, 12.0)
    page = quotes.tracked(session, PageRequest(1, 2), ordering)
    assert page.results[0].symbol == first
    assert (page.count, page.pages, len(page.results)) == (5, 3, 2)
    assert (
        len(
            {
                q.symbol
                for n in (1, 2, 3)
                for q in quotes.tracked(session, PageRequest(n, 2), ordering).results
            }
        )
        == 5
    )


# --- stocks and search ---------------------------------------------------------------------------


def test_getting_a_stock(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    with statements(session) as seen:
        stock = stocks.get(session, " aapl ")
    assert len(seen) == 1
    assert (stock.symbol, stock.name, stock.listed, stock.status) == (
        "AAPL",
        "Apple Inc.",
        True,
        "active",
    )


@pytest.mark.parametrize(
    ("symbol", "error", "code"),
    [
        ("FB", RuleViolation, "not-listed-yet"),
        ("xom", RuleViolation, "not-in-sample-market"),
        ("brk-b", RuleViolation, "not-in-sample-market"),
        ("ZZZZZ", NotFound, "unknown-symbol"),
        ("^GSPC", NotFound, "unknown-symbol"),
        ("São", InvalidInput, "invalid-input"),
        ("", InvalidInput, "invalid-input"),
    ],
)
def test_what_cannot_be_had_says_why(
    session: Session, stand: Stand, symbol: str, error: type[DomainError], code: str
) -> None:
    stand(JAN_14, 12.0)
    with pytest.raises(error) as caught:
        stocks.get(session, symbol)
    assert (type(caught.value), caught.value.code) == (error, code)
    assert caught.value.detail.endswith(".")


def test_facebook_before_its_first_day(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    with pytest.raises(RuleViolation, match=r"not listed yet .* \(first session 2012-05-18\)"):
        stocks.get(session, "FB")
    assert not stocks.get(session, "FB", listed=False).listed
    quote = quotes.of(session, "fb")
    assert (quote.listed, quote.price, quote.first_bar) == (False, None, date(2012, 5, 18))
    with pytest.raises(RuleViolation):
        bars.history(session, "FB")


def test_facebook_on_its_first_day(session: Session, stand: Stand) -> None:
    stand(date(2012, 5, 18))
    assert not stocks.get(session, "FB", listed=False).listed
    stand(date(2012, 5, 18), 9.5)
    assert stocks.get(session, "FB").listed
    quote = quotes.of(session, "FB")
    assert (quote.price, quote.previous_close, quote.change_pct) == (Decimal("42.05"), None, None)


def test_tracking_answers_the_same_twice(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    once, twice = stocks.track(session, "goog"), stocks.track(session, "GOOG")
    assert once == twice
    assert (once.stock.symbol, once.history, once.job_id) == ("GOOG", "loaded", None)
    assert stocks.track(session, "FB").stock.symbol == "FB"
    with pytest.raises(RuleViolation, match="not available in the sample market"):
        stocks.track(session, "XOM")


def test_an_unprepared_market_lists_nothing(session: Session) -> None:
    session.connection().exec_driver_sql("DELETE FROM market_clock")
    assert not stocks.get(session, "AAPL", listed=False).listed
    assert search.find(session, "apple")[0].available is False


def test_search_finds_by_symbol_and_by_words(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)

    def symbols(text: str, limit: int = 10) -> list[str]:
        return [hit.symbol for hit in search.find(session, text, limit)]

    assert symbols("aapl") == ["AAPL"]
    assert symbols("app")[:3] == ["AAPL", "APP", "AMAT"]
    assert symbols("machines int")[0] == "IBM"
    assert symbols("google") == ["GOOG"]
    assert "MCD" in symbols("mcdonald")
    assert symbols("BRK-B") == symbols("brk/b") == ["BRK.B"]
    assert symbols("platforms meta")[0] == "FB"
    assert symbols("pple") == []
    assert len(symbols("a", 7)) == 7
    assert symbols("a")[0] == "AAPL"


def test_search_says_what_is_not_available(session: Session, stand: Stand) -> None:
    stand(JAN_14, 12.0)
    notes = {hit.symbol: (hit.available, hit.note) for hit in search.find(session, "f", 50)}
    assert notes["FB"] == (False, "Not listed yet, first session 2012-05-18")
    assert notes["FDX"] == (False, "Not available in the sample market")
    assert [hit.note for hit in search.find(session, "aapl")] == [""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "%",
        "_",
        "%%",
        "\\",
        "'",
        "a\x00b",
        "\ud800",
        "x" * 81,
        "📈",
        ";--",
        "a" * 80,
        "[",
        "(",
    ],
)
def test_search_survives_any_text(session: Session, stand: Stand, text: str) -> None:
    stand(JAN_14, 12.0)
    with statements(session) as seen:
        assert search.find(session, text) == []
    assert len(seen) <= 1


def test_the_stock_resource(session: Session, stand: Stand) -> None:
    stand(JAN_14, 16.0)
    with statements(session) as seen:
        found = resource(session, "ibm")
    assert len(seen) == 5
    values = found.stock_values
    assert (found.status, found.company_code, found.request_data) == ("active", "IBM", JAN_14)
    assert values.close == raw_close(session, "IBM", JAN_14)
    assert (
        values.low
        <= min(values.open, values.close)
        <= max(values.open, values.close)
        <= values.high
    )
    assert found.performance_data.year_to_date == pytest.approx(
        (values.close / raw_close(session, "IBM", date(2008, 12, 31)) - 1) * 100, abs=1e-4
    )
    assert found.competitors == ()
    ahead = resource(session, "FB")
    assert (ahead.status, ahead.listed, ahead.request_data) == ("no_data", False, None)
    assert ahead.stock_values.close is None
