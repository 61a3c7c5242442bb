"""The rows of a user's watchlist."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.auth.models import User
from stocksite.core.database import Base, Price, Utc
from stocksite.market.models import Stock


class WatchlistItem(Base):
    """One stock somebody watches, in their order, with the levels they care about."""

    __tablename__ = "watchlist_item"
    __table_args__ = (
        Index("ix_watchlist_item_order", "user_id", "position"),
        CheckConstraint("above > 0 AND below > 0 AND move_pct > 0", name="levels"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    stock_id: Mapped[int] = mapped_column(
        ForeignKey(Stock.id, ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(200), default="")
    above: Mapped[Decimal | None] = mapped_column(Price)
    below: Mapped[Decimal | None] = mapped_column(Price)
    move_pct: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
    added_at: Mapped[datetime] = mapped_column(Utc)
