"""Loading the sample: complete, exact, once."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.errors import ProviderUnavailable
from stocksite.market import directory
from stocksite.market.models import Bar, CorporateAction, DirectoryEntry, Stock
from stocksite.market.providers import sample
from stocksite.market.service.load import LoadReport, load_sample

ROWS = {"AAPL": 3270, "FB": 196, "GOOG": 2148, "IBM": 3270, "MSFT": 3270}
DATA = Path(sample.__file__).parents[1] / "data"


@pytest.fixture
def empty(session: Session) -> Session:
    """The same database without a market, undone after the test."""
    session.execute(text("TRUNCATE stock, symbol_directory RESTART IDENTITY CASCADE"))
    return session


def test_everything_is_loaded_once(empty: Session) -> None:
    first = load_sample(empty)
    assert first == LoadReport(stocks=5, bars=sum(ROWS.values()), actions=95, symbols=1121)
    assert load_sample(empty) == LoadReport()
    assert empty.scalar(select(func.count()).select_from(Bar)) == sum(ROWS.values())


def test_every_stored_bar_is_the_files(session: Session) -> None:
    rows = session.execute(
        select(
            Stock.symbol, Bar.date, Bar.open, Bar.high, Bar.low, Bar.close, Bar.volume, Bar.source
        ).join(Bar, Bar.stock_id == Stock.id)
    )
    stored = {(row[0], row[1].isoformat()): tuple(row[2:7]) for row in rows}
    for row in csv.DictReader(sample.prices_csv().splitlines()):
        numbers = tuple(float(row[name]) for name in ("Open", "High", "Low", "Close", "Volume"))
        assert stored.pop((row["Ticker"], row["Date"])) == numbers
    assert stored == {}


def test_stocks_know_their_first_and_last_bar(session: Session) -> None:
    found = {s.symbol: s for s in session.scalars(select(Stock))}
    assert {symbol: found[symbol].first_bar for symbol in ROWS} == {
        "AAPL": date(2000, 3, 1),
        "FB": date(2012, 5, 18),
        "GOOG": date(2004, 8, 19),
        "IBM": date(2000, 3, 1),
        "MSFT": date(2000, 3, 1),
    }
    assert {stock.last_bar for stock in found.values()} == {date(2013, 3, 1)}
    assert all(stock.name and stock.sector and stock.status == "active" for stock in found.values())


def test_the_sample_has_exactly_the_exchanges_days(session: Session) -> None:
    days = set(session.scalars(select(Bar.date).join(Stock).where(Stock.symbol == "IBM")))
    assert days == {s.date for s in xnys().between(date(2000, 3, 1), date(2013, 3, 1))}


def test_a_half_loaded_stock_is_completed(empty: Session) -> None:
    load_sample(empty)
    empty.execute(text("DELETE FROM bar USING stock s WHERE s.id = stock_id AND s.symbol = 'FB'"))
    empty.execute(text("DELETE FROM symbol_directory WHERE symbol = 'XOM'"))
    assert load_sample(empty) == LoadReport(stocks=1, bars=196, actions=0, symbols=1)


def test_splits_and_dividends(session: Session) -> None:
    splits = session.execute(
        select(Stock.symbol, CorporateAction.ex_date, CorporateAction.ratio_to)
        .join(Stock)
        .where(CorporateAction.kind == "split")
        .order_by(CorporateAction.ex_date)
    ).all()
    assert [tuple(row) for row in splits] == [
        ("AAPL", date(2000, 6, 21), 2),
        ("MSFT", date(2003, 2, 18), 2),
        ("AAPL", date(2005, 2, 28), 2),
    ]


def test_damaged_prices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_read", lambda name: b"something else")
    with pytest.raises(ProviderUnavailable, match="damaged"):
        sample.prices_csv()


def test_the_file_is_the_published_one() -> None:
    raw = (DATA / "sample-prices.csv.gz").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == sample.PRICES_SHA256
    assert sample.PRICES_SHA256 in (DATA / "PROVENANCE.md").read_text("utf-8")


def test_the_directory_file_is_what_the_package_says() -> None:
    assert (DATA / directory.FILE).read_text("utf-8") == directory.regenerate()


def test_running_needs_no_directory_package() -> None:
    source = (Path(directory.__file__)).read_text("utf-8")
    assert "from pytickersymbols" not in source.split("def regenerate")[0]


def test_the_samples_own_names_win(session: Session) -> None:
    names = dict(
        tuple(row)
        for row in session.execute(
            select(DirectoryEntry.symbol, DirectoryEntry.name).where(
                DirectoryEntry.symbol.in_(["FB", "GOOG", "IBM", "META"])
            )
        )
    )
    assert names["FB"].startswith("Facebook")
    assert names["GOOG"].startswith("Google")
    assert names["IBM"] == "International Business Machines Corporation"
    assert names["META"] == "Meta Platforms"


@pytest.mark.parametrize(
    ("names", "industry"),
    [
        (["Software", "Information technology", "Technology"], "Information Technology"),
        (["E-commerce", "Online retail"], "E-commerce"),
        ([], ""),
    ],
)
def test_one_word_for_the_business(names: list[str], industry: str) -> None:
    assert directory.industry(names) == industry


def test_the_provider_answers_by_symbol_and_day() -> None:
    provider = sample.SampleProvider()
    bars = provider.daily_bars("FB", date(2012, 5, 1), date(2012, 5, 22))
    assert [bar.date.day for bar in bars] == [18, 21, 22]
    assert bars[0].open == 42.05
    assert provider.daily_bars("XOM", date.min, date.max) == []
    ibm = provider.corporate_actions("IBM", date(2000, 5, 1), date(2000, 5, 31))
    assert [str(action.amount) for action in ibm] == ["0.1300"]
