"""Stored reports and their schedules. Wall time, except `as_of`, which is market time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.auth.models import User
from stocksite.core.database import Base, Utc


class ReportSchedule(Base):
    """A report that is made anew after each week or month of the market."""

    __tablename__ = "report_schedule"
    __table_args__ = (
        UniqueConstraint("user_id", "subject", "every"),
        CheckConstraint("every IN ('weekly', 'monthly')", name="every"),
        CheckConstraint("kind IN ('portfolio', 'stock')", name="kind"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(80))
    ask: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What to report on, as `Wish.plain()` writes it."""
    title: Mapped[str] = mapped_column(Text)
    every: Mapped[str] = mapped_column(String(7))
    last_end: Mapped[date | None]
    """The last session of the week or month it has reported on."""
    error: Mapped[str] = mapped_column(Text, default="")
    """Why the last one could not be made."""
    created_at: Mapped[datetime] = mapped_column(Utc)


class Report(Base):
    """A report as it was built. Its content never changes; the PDF is written beside it."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("user_id", "digest"),
        UniqueConstraint("share_token"),
        Index("ix_report_user", "user_id", "id"),
        CheckConstraint(
            "kind IN ('portfolio', 'stock', 'backtest', 'forecast')",
            name="kind",
        ),
        CheckConstraint(
            "pdf_status IN ('none', 'queued', 'done', 'failed', 'missing')", name="pdf_status"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of `content`: the same inputs are the same report."""
    content: Mapped[str] = mapped_column(Text, deferred=True)
    """The report as canonical JSON."""
    as_of: Mapped[datetime] = mapped_column(Utc)
    """Market time of the last close it knows."""
    pdf_status: Mapped[str] = mapped_column(String(8))
    """`none` (not asked for), `queued`, `done`, `failed`, `missing` (no Pango here)."""
    pdf_error: Mapped[str] = mapped_column(Text, default="")
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    pdf_bytes: Mapped[int | None] = mapped_column(Integer)
    pages: Mapped[int | None] = mapped_column(Integer)
    job_id: Mapped[str | None] = mapped_column(String(32))
    share_token: Mapped[str | None] = mapped_column(String(43))
    """Kept as it is: whoever can read this row can read the report anyway."""
    shared_at: Mapped[datetime | None] = mapped_column(Utc)
    schedule_id: Mapped[int | None] = mapped_column(
        ForeignKey(ReportSchedule.id, ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Utc)
