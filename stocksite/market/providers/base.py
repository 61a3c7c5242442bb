"""What a provider of prices answers with, whichever it is, and what it declares it can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Floats = NDArray[np.float64]
SPARK_SYMBOLS = 15
"""Symbols in one keyless call for several prices."""


class Capability(StrEnum):
    """What a provider can be asked for. What it cannot is absent, never an exception."""

    DAILY_BARS = "daily_bars"
    OPEN_CLOSE = "open_close"
    QUOTE = "quote"
    BULK_QUOTES = "bulk_quotes"
    BULK_EOD = "bulk_eod"
    SEARCH = "search"
    PROFILE = "profile"
    PEERS = "peers"
    PERFORMANCE = "performance"
    CORPORATE_ACTIONS = "corporate_actions"


class Basis(StrEnum):
    """How prices of the past were adjusted by who gave them."""

    RAW = "raw"
    SPLIT = "split"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A security: canonical symbol (`BRK.B`) and the spellings single providers insist on."""

    symbol: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"

    @property
    def is_index(self) -> bool:
        """`^GSPC` and its like."""
        return self.symbol.startswith("^")

    @property
    def is_foreign(self) -> bool:
        """Whether the suffix names another exchange (`005930.KS`), not a share class (`BRK.B`)."""
        root, _, suffix = self.symbol.partition(".")
        return len(suffix) > 1 or root.isdigit()

    def spelled(self, provider: str, separator: str) -> str:
        """The provider's own spelling: its alias, else class shares with `separator`."""
        known = self.aliases.get(provider)
        if known:
            return known
        return self.symbol if self.is_foreign else self.symbol.replace(".", separator)


@dataclass(frozen=True, slots=True)
class ProviderBar:
    """One session's raw OHLCV."""

    symbol: str
    date: date
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """Bars of one symbol from one provider as arrays of one length, in the order they came.

    Nothing is known to be right about them before the quality gate has seen them: days may repeat
    or be out of order, prices may be NaN (a value that was not there).
    """

    symbol: str
    provider: str
    basis: Basis
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    fetched_at: datetime
    payload_hash: str
    note: str = ""
    """What is missing from what was asked for, in words."""

    def __len__(self) -> int:
        return len(self.days)

    @classmethod
    def of_rows(
        cls,
        symbol: str,
        provider: str,
        basis: Basis,
        rows: Sequence[tuple[date, float, float, float, float, float]],
        fetched_at: datetime,
        payload_hash: str,
        note: str = "",
    ) -> BarSeries:
        """From (day, open, high, low, close, volume)."""
        columns = list(zip(*rows, strict=True)) or [()] * 6
        days = np.array(columns[0], dtype="datetime64[D]")
        first, high, low, close, volume = (np.array(c, dtype=np.float64) for c in columns[1:])
        return cls(
            symbol,
            provider,
            basis,
            days,
            *(first, high, low, close, volume),
            fetched_at,
            payload_hash,
            note,
        )

    def where(self, kept: NDArray[Any]) -> BarSeries:
        """The bars that a mask or an array of positions selects."""
        names = ("days", "open", "high", "low", "close", "volume")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


@dataclass(frozen=True, slots=True)
class OpenClose:
    """One session's prices, with those outside the session where there are any."""

    bar: ProviderBar
    pre_market: float | None
    after_hours: float | None


@dataclass(frozen=True, slots=True)
class ProviderAction:
    """A split (`ratio_to`:`ratio_from`) or a cash dividend per share."""

    symbol: str
    ex_date: date
    kind: str
    ratio_to: int | None = None
    ratio_from: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ProviderQuote:
    """A price and the day so far. `as_of` is market time."""

    symbol: str
    price: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: float
    as_of: datetime


@dataclass(frozen=True, slots=True)
class LiveQuote:
    """A price of today's market. What a provider leaves out is None, never zero."""

    symbol: str
    provider: str
    price: Decimal
    session: date
    as_of: datetime
    """Market time of the price."""
    received_at: datetime
    delay: str
    """`realtime`, `delayed` or `eod`."""
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    previous_close: Decimal | None = None
    volume: float | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class ProviderCompany:
    """Who stands behind a symbol."""

    symbol: str
    name: str
    sector: str = ""
    exchange: str = "XNYS"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a company. Empty text or None where the provider says nothing."""

    symbol: str
    provider: str
    name: str
    description: str = ""
    sector: str = ""
    industry: str = ""
    exchange: str = ""
    """Market identifier code, such as XNAS."""
    currency: str = "USD"
    market_cap: Decimal | None = None
    shares_outstanding: Decimal | None = None
    employees: int | None = None
    homepage: str = ""
    listed_on: date | None = None
    kind: str = ""
    """`CS` (common stock), `ETF` …, as the provider calls it."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    currency: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Peer:
    """A company in the same business; its symbol or its market value may be unknown."""

    name: str
    symbol: str = ""
    market_cap: Money | None = None


@dataclass(frozen=True, slots=True)
class PerformanceFigures:
    """Percent points over five horizons as a page shows them; None where it shows none."""

    symbol: str
    provider: str
    five_days: Decimal | None = None
    one_month: Decimal | None = None
    three_months: Decimal | None = None
    year_to_date: Decimal | None = None
    one_year: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A line of a provider's symbol search. `symbol` is canonical, `spelling` the provider's."""

    symbol: str
    name: str
    spelling: str
    region: str = "United States"
    currency: str = "USD"
    kind: str = ""


class Provider(Protocol):
    """A source of daily history. Quotes differ too much between sources to be one method yet."""

    name: str

    def companies(self) -> Sequence[ProviderCompany]:
        """The companies it has prices of."""

    def daily_bars(self, symbol: str, start: date, end: date) -> Sequence[ProviderBar]:
        """Raw bars with start ≤ date ≤ end, ascending."""

    def corporate_actions(self, symbol: str, start: date, end: date) -> Sequence[ProviderAction]:
        """Splits and dividends with start ≤ ex-date ≤ end, ascending."""
