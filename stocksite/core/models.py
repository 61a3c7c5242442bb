"""Tables that belong to no room: the market clock, jobs, idempotency keys."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Utc


class MarketClock(Base):
    """The one row that says what time it is on the market. Only the clock process moves it.

    In a live market `mode` is `live` and market time is wall time; in the sample market it is
    `replay` and `market_at` is the truth: it stops with the site and never goes back.
    """

    __tablename__ = "market_clock"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1)
    mode: Mapped[str] = mapped_column(String(10))
    phase: Mapped[str] = mapped_column(String(10))
    """`open`, `closing` (after-close jobs run), `closed`, `ended` (no bars left)."""
    market_at: Mapped[datetime] = mapped_column(Utc)
    session_date: Mapped[date | None]
    """The session that is open, or that closed last (exchange-local date)."""
    next_open: Mapped[datetime | None] = mapped_column(Utc)
    tick: Mapped[int] = mapped_column(BigInteger, default=0)
    """Counts every change of any quote: the cursor of polling pages."""
    speed: Mapped[float] = mapped_column(Float)
    paused: Mapped[bool] = mapped_column(default=False)
    ticked_at: Mapped[datetime] = mapped_column(Utc)
    """Wall time of the last tick."""


class Job(Base):
    """A unit of slow work. This row is the truth; the queue only carries its id."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_status", "status", "created_at"),
        Index("ix_job_group", "group_key"),
        UniqueConstraint("dedupe_key"),
        CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'canceled')", name="status"
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    function: Mapped[str] = mapped_column(String(200))
    """Dotted name of the function in some room's `jobs.py`."""
    title: Mapped[str] = mapped_column(String(120), default="")
    """What its owner calls it."""
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    queue: Mapped[str] = mapped_column(String(20), default="default")
    status: Mapped[str] = mapped_column(String(10), default="queued")
    progress: Mapped[float] = mapped_column(Float, default=0.0)
    message: Mapped[str] = mapped_column(Text, default="")
    result_url: Mapped[str | None] = mapped_column(String(300))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    """While the row exists no second job with this key is made: one slot, one effect."""
    group_key: Mapped[str | None] = mapped_column(String(100))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(Utc)
    started_at: Mapped[datetime | None] = mapped_column(Utc)
    heartbeat_at: Mapped[datetime | None] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc)


class IdempotencyKey(Base):
    """The first answer to a POST with an `Idempotency-Key`, kept 24 h (wall time)."""

    __tablename__ = "idempotency_key"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), index=True
    )
    """None for what strangers may do: registering."""
    key: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed digest of the user and the key they sent."""
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[str | None] = mapped_column(Text)
    """Sealed: some answers hold a secret that is shown once."""
    location: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(Utc, index=True)
