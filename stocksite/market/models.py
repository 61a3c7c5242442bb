"""What the market is made of. Bars are observations (doubles); quotes are money (6 places)."""

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
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Price, Utc
from stocksite.market.live_models import ProviderFetch


class Stock(Base):
    """A symbol that is tracked: it has, or is about to have, prices here."""

    __tablename__ = "stock"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(20), unique=True)
    """Upper case, class shares with a dot: `BRK.B`."""
    name: Mapped[str] = mapped_column(String(200))
    exchange: Mapped[str] = mapped_column(String(10), default="XNYS")
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    sector: Mapped[str] = mapped_column(String(80), default="")
    status: Mapped[str] = mapped_column(String(10), default="active")
    """`active`, or `no_data` while nothing is stored yet."""
    first_bar: Mapped[date | None]
    last_bar: Mapped[date | None]


class Bar(Base):
    """One session's raw OHLCV. Never rewritten for splits: adjusted views are computed.

    The key carries the values along, so that a range is read from the index alone.
    """

    __tablename__ = "bar"
    __table_args__ = (
        CheckConstraint("low > 0 AND low <= open AND low <= close", name="low"),
        CheckConstraint("high >= open AND high >= close", name="high"),
        PrimaryKeyConstraint(
            "stock_id",
            "date",
            postgresql_include=["open", "high", "low", "close", "volume"],
        ),
        Index("ix_bar_fetch_id", "fetch_id", postgresql_where=text("fetch_id IS NOT NULL")),
    )

    stock_id: Mapped[int] = mapped_column(ForeignKey("stock.id", ondelete="CASCADE"))
    date: Mapped[date]
    open: Mapped[float] = mapped_column(Double)
    high: Mapped[float] = mapped_column(Double)
    low: Mapped[float] = mapped_column(Double)
    close: Mapped[float] = mapped_column(Double)
    volume: Mapped[float] = mapped_column(Double)
    source: Mapped[str] = mapped_column(String(20))
    fetch_id: Mapped[int | None] = mapped_column(ForeignKey(ProviderFetch.id, ondelete="SET NULL"))
    """The answer it came in; None for the sample."""


class CorporateAction(Base):
    """A split (`ratio_to`:`ratio_from`, 2:1 doubles the shares) or a cash dividend per share."""

    __tablename__ = "corporate_action"
    __table_args__ = (
        UniqueConstraint("stock_id", "ex_date", "kind"),
        CheckConstraint("kind IN ('split', 'dividend')", name="kind"),
        CheckConstraint(
            "(kind = 'split' AND ratio_to > 0 AND ratio_from > 0 AND amount IS NULL)"
            " OR (kind = 'dividend' AND amount > 0 AND ratio_to IS NULL AND ratio_from IS NULL)",
            name="value",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    stock_id: Mapped[int] = mapped_column(ForeignKey("stock.id", ondelete="CASCADE"))
    ex_date: Mapped[date]
    kind: Mapped[str] = mapped_column(String(10))
    ratio_to: Mapped[int | None] = mapped_column(Integer)
    ratio_from: Mapped[int | None] = mapped_column(Integer)
    amount: Mapped[Decimal | None] = mapped_column(Price)
    pay_date: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(20))


class Quote(Base):
    """The latest price of a stock. `as_of` is market time, `received_at` wall time."""

    __tablename__ = "quote"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), primary_key=True
    )
    session_date: Mapped[date]
    price: Mapped[Decimal] = mapped_column(Price)
    open: Mapped[Decimal] = mapped_column(Price)
    """The session's first price: what a market order that waited for the open is filled at."""
    high: Mapped[Decimal] = mapped_column(Price)
    low: Mapped[Decimal] = mapped_column(Price)
    previous_close: Mapped[Decimal | None] = mapped_column(Price)
    """Last close before this session, adjusted to today's splits."""
    volume: Mapped[float] = mapped_column(Double)
    opened_at: Mapped[datetime] = mapped_column(Utc)
    """Market time of the session's first price."""
    as_of: Mapped[datetime] = mapped_column(Utc)
    received_at: Mapped[datetime] = mapped_column(Utc)
    source: Mapped[str] = mapped_column(String(20))
    delay: Mapped[str] = mapped_column(
        String(10), default="realtime", server_default=text("'realtime'")
    )
    """How far its source lags: `realtime`, `delayed`, or `eod` (a settled session's close)."""
    tick: Mapped[int] = mapped_column(BigInteger, index=True)
    """The market clock's tick that changed this row last: pages ask for rows newer than theirs."""


class DirectoryEntry(Base):
    """A symbol people may search for, whether or not there are prices for it here."""

    __tablename__ = "symbol_directory"
    __table_args__ = (Index("ix_symbol_directory_name", "name"),)

    symbol: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    industry: Mapped[str] = mapped_column(String(120), default="")
    indices: Mapped[str] = mapped_column(String(200), default="")


class SignificantEvent(Base):
    """A move against the previous close beyond the threshold: the first of a session and direction.

    `previous_price` is in the session's own shares, so no split makes an event. Never changed.
    """

    __tablename__ = "significant_event"
    __table_args__ = (
        UniqueConstraint("stock_id", "session_date", "direction"),
        CheckConstraint("direction IN ('up', 'down')", name="direction"),
        CheckConstraint("source IN ('quote', 'close')", name="source"),
        CheckConstraint("price > 0 AND previous_price > 0", name="prices"),
        Index("ix_significant_event_at", "at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    stock_id: Mapped[int] = mapped_column(ForeignKey("stock.id", ondelete="CASCADE"))
    session_date: Mapped[date]
    direction: Mapped[str] = mapped_column(String(4))
    price: Mapped[Decimal] = mapped_column(Price)
    previous_price: Mapped[Decimal] = mapped_column(Price)
    change_pct: Mapped[float] = mapped_column(Double)
    """Percent points, 4 places."""
    at: Mapped[datetime] = mapped_column(Utc)
    """Market time of the price."""
    source: Mapped[str] = mapped_column(String(5))
    """`quote` when the price was seen as it came, `close` when filled from a stored close."""


class EventHistory(Base):
    """How far a stock's stored closes have been searched for events."""

    __tablename__ = "event_history"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey("stock.id", ondelete="CASCADE"), primary_key=True
    )
    since: Mapped[date]
    through: Mapped[date]
