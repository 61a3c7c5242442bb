"""What the report on a portfolio is built from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from stocksite.forecast.reading import ForecastView
from stocksite.portfolios.parts import Holding
from stocksite.portfolios.reading_performance import Curves, PerformanceView
from stocksite.reports.building.common import Source


@dataclass(frozen=True, slots=True)
class Trade:
    """A posting of the span."""

    at: datetime
    type: str
    symbol: str | None
    quantity: Decimal
    price: Decimal | None
    fees: Decimal
    cash: Decimal
    realized: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class PortfolioInputs:
    """What the report is built from, read in one go."""

    view: PerformanceView
    """With `explain`."""
    curves: Curves | None
    description: str
    settings: tuple[tuple[str, str], ...]
    holdings: tuple[Holding, ...]
    trades: tuple[Trade, ...]
    trades_total: int
    forecasts: tuple[ForecastView, ...]
    """Of the largest holdings, matured by the end of the span."""
    sources: tuple[Source, ...]
    as_of: datetime
    sample: bool
