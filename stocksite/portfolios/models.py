"""The ledger and its projections. `transaction` is the truth and append-only (a trigger holds it).

Cash, positions and snapshots are projections: rebuilt by replay at any time, equal to it always.
CHECK constraints stand behind the code: no negative cash, no negative position.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.auth.models import User
from stocksite.core.database import Base, Cash, Price, Shares, Utc
from stocksite.market.models import Stock
from stocksite.portfolios.corporate_models import AppliedAction, ProcessedAction

__all__ = [
    "OPEN_STATUSES",
    "AppliedAction",
    "Order",
    "OrderEvent",
    "Portfolio",
    "PortfolioSnapshot",
    "Position",
    "ProcessedAction",
    "Transaction",
]

OPEN_STATUSES = ("accepted", "partially_filled")


class Portfolio(Base):
    """A book of virtual cash and shares, owned by one user."""

    __tablename__ = "portfolio"
    __table_args__ = (
        CheckConstraint("cash >= 0", name="cash_not_negative"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("cost_method IN ('average', 'fifo')", name="cost_method"),
        CheckConstraint("execution IN ('next_quote', 'instant')", name="execution"),
        CheckConstraint("fractions IN ('keep', 'cash')", name="fractions"),
        CheckConstraint("receivable >= 0", name="receivable_not_negative"),
        Index(
            "uq_portfolio_default",
            "user_id",
            unique=True,
            postgresql_where="is_default AND archived_at IS NULL",
        ),
        Index("ix_portfolio_user", "user_id"),
        Index("ix_portfolio_public", "id", postgresql_where="public AND archived_at IS NULL"),
        Index("ix_portfolio_dirty", "id", postgresql_where="dirty_from IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    starting_cash: Mapped[Decimal] = mapped_column(Cash)
    cost_method: Mapped[str] = mapped_column(String(10), default="average")
    benchmark: Mapped[str | None] = mapped_column(String(20))
    execution: Mapped[str] = mapped_column(String(12), default="next_quote")
    commission_pct: Mapped[Decimal] = mapped_column(Numeric(7, 4), default=Decimal(0))
    """Percent points of the traded amount: 0.1 is one tenth of a percent."""
    commission_per_trade: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    fractions: Mapped[str] = mapped_column(String(4), default="keep", server_default="keep")
    """Fractions of shares a split leaves: `keep` them, or `cash` them at the close before."""
    public: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its returns (never its money) are on the site's leaderboard."""
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Utc)
    """Market time."""
    archived_at: Mapped[datetime | None] = mapped_column(Utc)
    """Wall time. An archived portfolio is gone for its owner; its ledger stays."""

    cash: Mapped[Decimal] = mapped_column(Cash)
    reserved: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    """Cash held by waiting buy orders; buying power = cash − reserved."""
    net_deposits: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    realized_pnl: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    income: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    fees_charged: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    """Fees that are not part of a cost basis or of a sale's proceeds."""
    receivable: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0), server_default="0")
    """Dividends owed: earned on their ex-date, not paid yet."""
    snapshot_at: Mapped[datetime | None] = mapped_column(Utc)
    """Market time of the last close written down; what is posted before it is back-dated."""
    snapshot_revision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Goes up when days already written down are written anew: what is cached of them is old."""
    dirty_from: Mapped[date | None]
    """The first trading day whose snapshot a back-dated posting has made wrong."""


class Order(Base):
    """What somebody asked the market to do. Times are market time."""

    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("portfolio_id", "client_order_id"),
        Index("ix_order_portfolio", "portfolio_id", "submitted_at", "id"),
        Index("ix_order_open", "stock_id", postgresql_where="status = 'accepted'"),
        CheckConstraint("side IN ('buy', 'sell')", name="side"),
        CheckConstraint("type IN ('market', 'limit', 'stop', 'stop_limit')", name="type"),
        CheckConstraint(
            "status IN ('accepted', 'filled', 'partially_filled', 'canceled', 'expired',"
            " 'rejected')",
            name="status",
        ),
        CheckConstraint("(quantity IS NULL) <> (notional IS NULL)", name="quantity_or_notional"),
        CheckConstraint("quantity > 0 AND reserved >= 0", name="positive"),
        CheckConstraint("sizing IS NULL OR sizing IN ('all_in', 'up_to')", name="sizing"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    stock_id: Mapped[int] = mapped_column(ForeignKey(Stock.id, ondelete="RESTRICT"))
    client_order_id: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the request's content: a repeat with the same id must carry the same order."""
    side: Mapped[str] = mapped_column(String(4))
    type: Mapped[str] = mapped_column(String(10), default="market")
    time_in_force: Mapped[str] = mapped_column(String(3), default="day")
    quantity: Mapped[Decimal | None] = mapped_column(Shares)
    notional: Mapped[Decimal | None] = mapped_column(Cash)
    sizing: Mapped[str | None] = mapped_column(String(8))
    """How a strategy's buy becomes shares at its fill: with all free cash (`all_in`), or with the
    notional as far as cash goes (`up_to`). None: the notional or the quantity as asked."""
    whole_shares: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a notional buys whole shares only."""
    limit_price: Mapped[Decimal | None] = mapped_column(Price)
    stop_price: Mapped[Decimal | None] = mapped_column(Price)
    status: Mapped[str] = mapped_column(String(16))
    filled_quantity: Mapped[Decimal] = mapped_column(Shares, default=Decimal(0))
    average_fill_price: Mapped[Decimal | None] = mapped_column(Price)
    commission: Mapped[Decimal | None] = mapped_column(Cash)
    reserved: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    """Cash a waiting buy holds."""
    held_quantity: Mapped[Decimal] = mapped_column(Shares, default=Decimal(0))
    """Shares a waiting sale holds."""
    submitted_at: Mapped[datetime] = mapped_column(Utc)
    filled_at: Mapped[datetime | None] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    reason: Mapped[str] = mapped_column(Text, default="")
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The quote that filled it, its age, the rule that set the price, the commission."""


class OrderEvent(Base):
    """One step of an order's life. `at` is market time, `recorded_at` wall time."""

    __tablename__ = "order_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(Utc)
    recorded_at: Mapped[datetime] = mapped_column(Utc)


class Transaction(Base):
    """A posting of the ledger. Never updated, never deleted; a correction is a reversal."""

    __tablename__ = "transaction"
    __table_args__ = (
        Index("ix_transaction_portfolio", "portfolio_id", "executed_at", "id"),
        Index("ix_transaction_executed_at", "executed_at"),
        Index("ix_transaction_portfolio_stock", "portfolio_id", "stock_id"),
        UniqueConstraint("reverses_id"),
        CheckConstraint(
            "type IN ('deposit', 'withdrawal', 'buy', 'sell', 'dividend', 'split', 'fee',"
            " 'reversal')",
            name="type",
        ),
        CheckConstraint("quantity >= 0 AND fees >= 0", name="not_negative"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("portfolio.id", ondelete="CASCADE"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(10))
    stock_id: Mapped[int | None] = mapped_column(ForeignKey(Stock.id, ondelete="RESTRICT"))
    quantity: Mapped[Decimal] = mapped_column(Shares, default=Decimal(0))
    price: Mapped[Decimal | None] = mapped_column(Price)
    fees: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    cash_amount: Mapped[Decimal] = mapped_column(Cash)
    """Signed effect on cash."""
    realized_pnl: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    ratio_to: Mapped[int | None] = mapped_column(Integer)
    ratio_from: Mapped[int | None] = mapped_column(Integer)
    reverses_id: Mapped[int | None] = mapped_column(
        ForeignKey("transaction.id", ondelete="CASCADE")
    )
    executed_at: Mapped[datetime] = mapped_column(Utc)
    """Market time."""
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    """Wall time."""
    note: Mapped[str] = mapped_column(String(200), default="")


class Position(Base):
    """Shares held: a projection of the ledger. A closed position has no row."""

    __tablename__ = "position"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("cost_basis >= 0", name="cost_not_negative"),
    )

    portfolio_id: Mapped[int] = mapped_column(
        ForeignKey("portfolio.id", ondelete="CASCADE"), primary_key=True
    )
    stock_id: Mapped[int] = mapped_column(
        ForeignKey(Stock.id, ondelete="RESTRICT"), primary_key=True, index=True
    )
    quantity: Mapped[Decimal] = mapped_column(Shares)
    cost_basis: Mapped[Decimal] = mapped_column(Cash)
    opened_at: Mapped[datetime] = mapped_column(Utc)


class PortfolioSnapshot(Base):
    """What a portfolio was worth at a session's close. One row per portfolio and trading day."""

    __tablename__ = "portfolio_snapshot"

    portfolio_id: Mapped[int] = mapped_column(
        ForeignKey("portfolio.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[date] = mapped_column(primary_key=True)
    closes_at: Mapped[datetime] = mapped_column(Utc)
    """Market time of the session's close: flows after it belong to the next day."""
    cash: Mapped[Decimal] = mapped_column(Cash)
    positions_value: Mapped[Decimal] = mapped_column(Cash)
    receivable: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0), server_default="0")
    """Dividends owed: past their ex-date, not paid yet."""
    total_value: Mapped[Decimal] = mapped_column(Cash)
    """cash + positions_value + receivable."""
    inflow: Mapped[Decimal] = mapped_column(Cash)
    outflow: Mapped[Decimal] = mapped_column(Cash)
    net_deposits: Mapped[Decimal] = mapped_column(Cash)
    """Deposits less withdrawals since the beginning."""
    realized_pnl: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0), server_default="0")
    income: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0), server_default="0")
    """Dividends paid and owed."""
    fees: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0), server_default="0")
    """All three since the beginning: value − net deposits − realized − income + fees is what the
    open positions have gained."""
    twr_index: Mapped[float] = mapped_column(Double)
    """Time-weighted return index: inflows at start of day, outflows at end; starts at 1."""
    peak_index: Mapped[float] = mapped_column(Double)
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    reported_value: Mapped[Decimal | None] = mapped_column(Cash)
    """What `total_value` was when the day was first written down; None while it still is."""
    reported_index: Mapped[float | None] = mapped_column(Double)
    corrected_at: Mapped[datetime | None] = mapped_column(Utc)
    """Wall time of the last correction by a back-dated posting."""
