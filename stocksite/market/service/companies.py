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

from stocksite.market.live_models import CompanyProfile, Competitor
from stocksite.market.models import Stock


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


@dataclass(frozen=True, slots=True)
class CompetitorView:
    """A company in the same business; its market value is None where the source has none."""

    name: str
    symbol: str
    currency: str | None
    market_cap: Decimal | None
    source: str
    fetched_at: datetime


def profile_of(session: Session, stock_id: int) -> ProfileView | None:
    """A stock's company, or None before its first profile."""
    c = CompanyProfile
    row = session.execute(
        select(
            *(c.name, c.description, c.sector, c.industry, c.homepage, c.currency, c.market_cap),
            *(c.employees, c.listed_on, c.source, c.fetched_at),
        ).where(c.stock_id == stock_id)
    ).one_or_none()
    return None if row is None else ProfileView(*row)


def competitors_of(session: Session, stock_id: int) -> list[CompetitorView]:
    """A stock's competitors in their source's order."""
    c = Competitor
    rows = session.execute(
        select(c.name, c.symbol, c.currency, c.market_cap, c.source, c.fetched_at)
        .where(c.stock_id == stock_id)
        .order_by(c.rank)
    )
    return [CompetitorView(*row) for row in rows]


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
