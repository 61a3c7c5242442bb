"""What splits and dividends have done to portfolios: who was touched, and what is still owed.

Keyed by stock, kind and ex-date, not by the row of the market's list: a list that is loaded anew
applies nothing twice.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Cash, Price, Shares, Utc
from stocksite.market.models import Stock


class AppliedAction(Base):
    """One split or dividend as one portfolio met it. The key makes a second time impossible."""

    __tablename__ = "applied_action"
    __table_args__ = (
        CheckConstraint("kind IN ('split', 'dividend')", name="kind"),
        CheckConstraint("quantity > 0 AND amount >= 0", name="not_negative"),
        CheckConstraint("(kind = 'split') = (quantity_after IS NOT NULL)", name="split"),
        CheckConstraint("(kind = 'dividend') = (pays_at IS NOT NULL)", name="dividend"),
        Index("ix_applied_action_ex_at", "ex_at"),
        Index("ix_applied_action_pays_at", "pays_at"),
        Index(
            "ix_applied_action_due",
            "pays_at",
            postgresql_where="kind = 'dividend' AND transaction_id IS NULL",
        ),
        Index("ix_applied_action_transaction", "transaction_id"),
    )

    portfolio_id: Mapped[int] = mapped_column(
        ForeignKey("portfolio.id", ondelete="CASCADE"), primary_key=True
    )
    stock_id: Mapped[int] = mapped_column(
        ForeignKey(Stock.id, ondelete="RESTRICT"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    ex_date: Mapped[date] = mapped_column(primary_key=True)
    ex_at: Mapped[datetime] = mapped_column(Utc)
    """Market time: the open of the ex-date's session."""
    quantity: Mapped[Decimal] = mapped_column(Shares)
    """Shares before a split; shares a dividend was earned on, in shares of the ex-date."""
    quantity_after: Mapped[Decimal | None] = mapped_column(Shares)
    """Shares after a split, before fractions were cashed; None for a dividend."""
    per_share: Mapped[Decimal | None] = mapped_column(Price)
    """Cash of a dividend per share."""
    amount: Mapped[Decimal] = mapped_column(Cash, default=Decimal(0))
    """Cash of a dividend: owed from `ex_at`, paid at `pays_at`."""
    pays_at: Mapped[datetime | None] = mapped_column(Utc)
    """Market time: the open of the first session on or after the pay-date."""
    transaction_id: Mapped[int | None] = mapped_column(
        ForeignKey("transaction.id", ondelete="CASCADE")
    )
    """The posting; None while a dividend is owed."""
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    """Wall time."""


class ProcessedAction(Base):
    """A split or dividend that has been brought to all portfolios there were."""

    __tablename__ = "processed_action"

    stock_id: Mapped[int] = mapped_column(
        ForeignKey(Stock.id, ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    ex_date: Mapped[date] = mapped_column(primary_key=True)
    portfolios: Mapped[int] = mapped_column(Integer)
    """How many it touched."""
    processed_at: Mapped[datetime] = mapped_column(Utc)
    """Wall time."""
