"""Reading what is known of a company: its profile and its competitors, with source and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.market.models_live import CompanyProfile, Competitor


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
