"""The stock resource: one stock with everything the market room knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stocksite.market.reading import StockQuote


@dataclass(frozen=True, slots=True)
class StockValues:
    """The latest session's prices as numbers; None without prices."""

    open: float | None
    high: float | None
    low: float | None
    close: float | None


@dataclass(frozen=True, slots=True)
class MarketCap:
    """A company's market value."""

    currency: str
    value: float


@dataclass(frozen=True, slots=True)
class Competitor:
    """A company in the same business."""

    name: str
    market_cap: MarketCap | None
    """None where the source has none."""


@dataclass(frozen=True, slots=True)
class PerformanceData:
    """The five horizons of `Performance`, rounded to 4 places of a percent point."""

    five_days: float | None
    one_month: float | None
    three_months: float | None
    year_to_date: float | None
    one_year: float | None


@dataclass(frozen=True, slots=True)
class StockResource:
    """The stock resource without what belongs to the caller (purchased amount and status)."""

    symbol: str
    name: str
    sector: str
    exchange: str
    currency: str
    listed: bool
    first_bar: date | None
    status: str
    """`active`, or `no_data` before the first price."""
    request_data: date | None
    """The date of the values: the session of the latest price."""
    company_code: str
    company_name: str
    stock_values: StockValues
    performance_data: PerformanceData
    competitors: tuple[Competitor, ...]
    """Empty in the sample market, which has no company data."""
    quote: StockQuote
