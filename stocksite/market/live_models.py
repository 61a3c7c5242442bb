"""What live data adds to the market: provenance, quarantine, gaps, companies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Utc


class ProviderFetch(Base):
    """One answer of a provider (or its refusal), and what became of it. Times are wall time."""

    __tablename__ = "provider_fetch"
    __table_args__ = (Index("ix_provider_fetch_provider_at", "provider", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    capability: Mapped[str] = mapped_column(String(20))
    stock_id: Mapped[int | None] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(Utc)
    outcome: Mapped[str] = mapped_column(String(30))
    """`ok`, or the name of the error."""
    detail: Mapped[str] = mapped_column(Text, default="")
    """Redacted words of the error, or a note on what is missing."""
    basis: Mapped[str] = mapped_column(String(5), default="raw")
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    payload_hash: Mapped[str] = mapped_column(String(64), default="")
    accepted: Mapped[int] = mapped_column(Integer, default=0)
    held: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)


class QuarantinedBar(Base):
    """A bar that waits for an explanation of its move, or that an administrator has decided on."""

    __tablename__ = "quarantined_bar"
    __table_args__ = (
        UniqueConstraint("stock_id", "date"),
        CheckConstraint("status IN ('pending', 'confirmed', 'rejected')", name="status"),
        Index("ix_quarantined_bar_status", "status", "date"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    stock_id: Mapped[int] = mapped_column(ForeignKey("stock.id", ondelete="CASCADE"))
    date: Mapped[date]
    open: Mapped[float] = mapped_column(Double)
    high: Mapped[float] = mapped_column(Double)
    low: Mapped[float] = mapped_column(Double)
    close: Mapped[float] = mapped_column(Double)
    volume: Mapped[float] = mapped_column(Double)
    source: Mapped[str] = mapped_column(String(20))
    fetch_id: Mapped[int | None] = mapped_column(
        ForeignKey("provider_fetch.id", ondelete="SET NULL")
    )
    move: Mapped[float] = mapped_column(Double)
    """Share of the last believed close by which this close differs."""
    hint: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[str] = mapped_column(String(10), default="pending")
    created_at: Mapped[datetime] = mapped_column(Utc)
    decided_at: Mapped[datetime | None] = mapped_column(Utc)
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    """The administrator's user id."""


class BarGap(Base):
    """A session without a bar between sessions with one: a halt, or a provider's omission."""

    __tablename__ = "bar_gap"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    seen_at: Mapped[datetime] = mapped_column(Utc)


class UnknownListing(Base):
    """A symbol that a provider said does not exist: nobody is asked about it again for a day.

    Only an explicit absence comes here, never a gap, a limit or an outage.
    """

    __tablename__ = "unknown_listing"

    symbol: Mapped[str] = mapped_column(String(20), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    seen_at: Mapped[datetime] = mapped_column(Utc)


class StockAlias(Base):
    """How a provider spells a symbol, where it differs from what its rules would give."""

    __tablename__ = "stock_alias"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), primary_key=True
    )
    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    spelling: Mapped[str] = mapped_column(String(30))


class CompanyProfile(Base):
    """Who stands behind a stock, as one provider says."""

    __tablename__ = "company_profile"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    sector: Mapped[str] = mapped_column(String(80), default="")
    industry: Mapped[str] = mapped_column(String(120), default="")
    homepage: Mapped[str] = mapped_column(String(200), default="")
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    market_cap: Mapped[Decimal | None] = mapped_column(Numeric(24, 2))
    shares_outstanding: Mapped[Decimal | None] = mapped_column(Numeric(24, 2))
    employees: Mapped[int | None] = mapped_column(Integer)
    listed_on: Mapped[date | None]
    kind: Mapped[str] = mapped_column(String(20), default="")
    source: Mapped[str] = mapped_column(String(20))
    fetched_at: Mapped[datetime] = mapped_column(Utc)


class Competitor(Base):
    """A company in the same business, in the provider's order."""

    __tablename__ = "competitor"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), primary_key=True
    )
    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    symbol: Mapped[str] = mapped_column(String(20), default="")
    currency: Mapped[str | None] = mapped_column(String(3))
    market_cap: Mapped[Decimal | None] = mapped_column(Numeric(24, 2))
    source: Mapped[str] = mapped_column(String(20))
    fetched_at: Mapped[datetime] = mapped_column(Utc)
