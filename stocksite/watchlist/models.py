"""The rows of a user's watchlist with their alert levels, and what those levels led to."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.auth.models import User
from stocksite.core.database import Base, Price, Utc
from stocksite.market.models import Stock


class WatchlistItem(Base):
    """One stock somebody watches, in their order, with the levels they care about.

    A level is armed until it has fired; `alerts.py` says when it is armed again.
    """

    __tablename__ = "watchlist_item"
    __table_args__ = (
        Index("ix_watchlist_item_order", "user_id", "position"),
        Index(
            "ix_watchlist_item_levels",
            "stock_id",
            postgresql_where=text("above IS NOT NULL OR below IS NOT NULL OR move_pct IS NOT NULL"),
        ),
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
    above_armed: Mapped[bool] = mapped_column(default=True, server_default=true())
    below_armed: Mapped[bool] = mapped_column(default=True, server_default=true())
    moved_on: Mapped[date | None]
    """The session in which `move_pct` fired last, or was passed already when it was set."""
    levels_on: Mapped[date | None]
    """The session in whose shares `above` and `below` are stated; None without levels."""


class Notification(Base):
    """A level that was reached. `at` is market time, `created_at` and `read_at` wall time."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("user_id", "stock_id", "kind", "level", "session_date"),
        CheckConstraint("kind IN ('above', 'below', 'move')", name="kind"),
        Index("ix_notification_list", "user_id", "at", "id"),
        Index("ix_notification_unread", "user_id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notification_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    stock_id: Mapped[int] = mapped_column(ForeignKey(Stock.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(5))
    level: Mapped[Decimal] = mapped_column(Price)
    """A price, or percent points for `move`."""
    price: Mapped[Decimal] = mapped_column(Price)
    previous_close: Mapped[Decimal | None] = mapped_column(Price)
    session_date: Mapped[date]
    at: Mapped[datetime] = mapped_column(Utc)
    created_at: Mapped[datetime] = mapped_column(Utc)
    read_at: Mapped[datetime | None] = mapped_column(Utc)


class NotificationSettings(Base):
    """Where else than on the site somebody wants to be told."""

    __tablename__ = "notification_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    by_email: Mapped[bool] = mapped_column(default=False)
    webhook_url: Mapped[str] = mapped_column(String(500), default="")


class NotificationDelivery(Base):
    """One notification on its way through one channel, and how that went. All wall time."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'webhook')", name="channel"),
        CheckConstraint("status IN ('waiting', 'sending', 'sent', 'failed')", name="status"),
        Index(
            "ix_notification_delivery_due",
            "due_at",
            postgresql_where=text("status IN ('waiting', 'sending')"),
        ),
    )

    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notification.id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str] = mapped_column(String(10), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(Utc)
    """When the next attempt may begin; while `sending`, when the sender counts as dead."""
    outcome: Mapped[str] = mapped_column(String(300))
    """What the last attempt came to, in words."""
    finished_at: Mapped[datetime | None] = mapped_column(Utc)
