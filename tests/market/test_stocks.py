"""Finding stocks: tracked, not listed yet, unknown; search; the stock resource."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.errors import DomainError, InvalidInput, NotFound, RuleViolation
from stocksite.market.models import Bar, Stock
from stocksite.market.service import bars, quotes, search, stocks
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
    once, twice = stocks.track(session, "goog", NOW), stocks.track(session, "GOOG", NOW)
    assert once == twice
    assert (once.symbol, once.history, once.job_id) == ("GOOG", "loaded", None)
    assert stocks.track(session, "FB", NOW).symbol == "FB"
    with pytest.raises(RuleViolation, match="not available in the sample market"):
        stocks.track(session, "XOM", NOW)


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
    assert len(seen) == 3, "the stock with its quote, the clock, splits; bars come by COPY"
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
