"""Reading what is known of a company: its profile and its competitors, with source and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, Text, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from stocksite.market import sources
from stocksite.market.live_models import CompanyProfile, Competitor
from stocksite.market.models import Stock
from stocksite.market.reading import StockQuote
from stocksite.market.service import quotes, stocks
from stocksite.market.symbols import normalize


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A company as its source describes it. `fetched_at` is wall time."""

    name: str
    description: str
    sector: str
    industry: str
    homepage: str
    currency: str
    market_cap: Decimal | None
    employees: int | None
    listed_on: date | None
    source: str
    fetched_at: datetime

    @property
    def source_title(self) -> str:
        """What people call the source."""
        return sources.title(self.source)


@dataclass(frozen=True, slots=True)
class CompetitorView:
    """A company in the same business; its market value is None where the source has none."""

    name: str
    symbol: str
    currency: str | None
    market_cap: Decimal | None
    source: str
    fetched_at: datetime

    @property
    def source_title(self) -> str:
        """What people call the source."""
        return sources.title(self.source)


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """A stock's latest price, the company behind it (None before its first profile), its rivals."""

    quote: StockQuote
    profile: ProfileView | None
    competitors: list[CompetitorView]


def page_of(session: Session, symbol: str) -> CompanyPage:
    """What a stock's page shows beside its chart: one statement.

    Raises what `stocks.get` raises for a symbol that is not tracked.
    """
    name = normalize(symbol)
    c = CompanyProfile
    about: tuple[Any, ...] = (
        *(c.name, c.description, c.sector, c.industry, c.homepage, c.currency, c.market_cap),
        *(c.employees, c.listed_on, c.source, c.fetched_at),
    )
    row = session.execute(
        quotes.joinable()
        .outerjoin(c, c.stock_id == Stock.id)
        .add_columns(of_row().label("rivals"), *(x.label(f"about_{x.key}") for x in about))
        .where(Stock.symbol == name)
    ).one_or_none()
    if row is None:
        stocks.get(session, name)
        raise LookupError(f"{name} was stored while it was looked up")
    profile = None
    if row.about_source is not None:
        profile = ProfileView(*(getattr(row, f"about_{x.key}") for x in about))
    return CompanyPage(quotes.view_of(row), profile, from_row(row.rivals))


def of_row() -> ScalarSelect[Any]:
    """A stock's competitors as one column of a select over `Stock`; `from_row` reads it."""
    c = Competitor
    each = func.json_build_array(
        c.name, c.symbol, c.currency, cast(c.market_cap, Text), c.source, c.fetched_at
    )
    return (
        select(func.json_agg(aggregate_order_by(each, c.rank)))
        .where(c.stock_id == Stock.id)
        .correlate(Stock)
        .scalar_subquery()
    )


def from_row(found: Sequence[Sequence[Any]] | None) -> list[CompetitorView]:
    """The competitors in a column of `of_row`."""
    return [
        CompetitorView(
            name,
            symbol,
            currency,
            Decimal(cap) if cap else None,
            source,
            datetime.fromisoformat(at),
        )
        for name, symbol, currency, cap, source, at in found or ()
    ]
