"""The bundled sample: real daily prices of five stocks, 2000 to 2013, and the walk through a day.

This is one of the three places that may see past market time: to walk a day it must know its end.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files

from stocksite.core.calendar import TradingSession
from stocksite.core.errors import ProviderUnavailable
from stocksite.market import path
from stocksite.market.providers.base import (
    ProviderAction,
    ProviderBar,
    ProviderCompany,
    ProviderQuote,
)

NAME = "sample"
PRICES_SHA256 = "5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd"
COMPANIES = (
    ProviderCompany("AAPL", "Apple Inc.", "Technology", "XNAS"),
    ProviderCompany("FB", "Facebook, Inc. (now Meta Platforms)", "Communication services", "XNAS"),
    ProviderCompany("GOOG", "Google Inc. (now Alphabet)", "Communication services", "XNAS"),
    ProviderCompany("IBM", "International Business Machines Corporation", "Technology", "XNYS"),
    ProviderCompany("MSFT", "Microsoft Corporation", "Technology", "XNAS"),
)


def prices_csv() -> str:
    """The price file's text: `Ticker,Date,Open,High,Low,Close,Volume,Adj Close`.

    Its rows are trusted because the file's hash is the known one. Raises ProviderUnavailable when
    it is not.
    """
    raw = _read("sample-prices.csv.gz")
    digest = hashlib.sha256(raw).hexdigest()
    if digest != PRICES_SHA256:
        raise ProviderUnavailable(
            f"The bundled sample prices are damaged (sha256 {digest[:12]}…, expected "
            f"{PRICES_SHA256[:12]}…). Install stocksite again."
        )
    return gzip.decompress(raw).decode("ascii")


@cache
def actions() -> tuple[ProviderAction, ...]:
    """The sample's splits and dividends, by symbol and ex-date."""
    rows = csv.DictReader(_read("sample-corporate-actions.csv").decode("ascii").splitlines())
    return tuple(_action(row) for row in rows)


def _action(row: dict[str, str]) -> ProviderAction:
    ex_date = date.fromisoformat(row["ex_date"])
    if row["kind"] == "dividend":
        return ProviderAction(row["symbol"], ex_date, "dividend", amount=Decimal(row["value"]))
    to, _, of = row["value"].partition(":")
    return ProviderAction(row["symbol"], ex_date, "split", int(to), int(of))


def _read(name: str) -> bytes:
    return files("stocksite.market").joinpath("data", name).read_bytes()


@dataclass(frozen=True, slots=True)
class SampleProvider:
    """The sample as a provider, read from the package's files."""

    name: str = NAME

    def companies(self) -> Sequence[ProviderCompany]:
        """The five companies with sample prices."""
        return COMPANIES

    def daily_bars(self, symbol: str, start: date, end: date) -> Sequence[ProviderBar]:
        """Raw bars with start ≤ date ≤ end, ascending; none for a symbol it does not have."""
        first, last = start.isoformat(), end.isoformat()
        return [
            ProviderBar(symbol, date.fromisoformat(day), *map(float, numbers[:5]))
            for ticker, day, *numbers in csv.reader(prices_csv().splitlines()[1:])
            if ticker == symbol and first <= day <= last
        ]

    def corporate_actions(self, symbol: str, start: date, end: date) -> Sequence[ProviderAction]:
        """Splits and dividends with start ≤ ex-date ≤ end, ascending."""
        return [a for a in actions() if a.symbol == symbol and start <= a.ex_date <= end]


def quotes(
    bars: Iterable[ProviderBar], session: TradingSession, at: datetime
) -> list[ProviderQuote]:
    """The market at `at`, within `session`, for the bars of that session's date."""
    minutes = int(session.seconds // 60)
    minute = int((at - session.open).total_seconds() // 60)
    return [_quote(bar, minutes, minute, at) for bar in bars]


def _quote(bar: ProviderBar, minutes: int, minute: int, at: datetime) -> ProviderQuote:
    day = path.DayBar(bar.open, bar.high, bar.low, bar.close, bar.volume)
    point = path.walk(bar.symbol, bar.date, day, minutes).at(minute)
    return ProviderQuote(
        bar.symbol, point.price, point.open, point.high, point.low, point.volume, at
    )
