"""Runs, sweeps, and strategies that trade on paper. Wall time, except where it says market time."""

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
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.auth.models import User
from stocksite.core.database import Base, Cash, Utc
from stocksite.portfolios.models import Portfolio

STATUSES = "'queued', 'running', 'done', 'failed', 'canceled', 'refused'"


class BacktestSweep(Base):
    """A strategy over a grid of parameters. What every combination came to is in `cells`."""

    __tablename__ = "backtest_sweep"
    __table_args__ = (
        Index("ix_backtest_sweep_user", "user_id", "id"),
        CheckConstraint(f"status IN ({STATUSES})", name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(10))
    ask: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As asked, the window pinned once it has run; `parameters` are the grid."""
    symbol_key: Mapped[str] = mapped_column(Text)
    combinations: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer, default=0)
    """Combinations whose money is known."""
    manifest: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    cells: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Figures of all combinations, as `backtest/cells.py` packs them."""
    job_id: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc)


class BacktestRun(Base):
    """One backtest. A deleted one keeps its ask: it was a try, and tries count."""

    __tablename__ = "backtest_run"
    __table_args__ = (
        Index("ix_backtest_run_user", "user_id", "id"),
        CheckConstraint(f"status IN ({STATUSES})", name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    sweep_id: Mapped[int | None] = mapped_column(
        ForeignKey("backtest_sweep.id", ondelete="SET NULL"), index=True
    )
    """The sweep it was picked from."""
    status: Mapped[str] = mapped_column(String(10))
    ask: Mapped[dict[str, Any]] = mapped_column(JSONB)
    symbol_key: Mapped[str] = mapped_column(Text)
    manifest: Mapped[dict[str, Any] | None] = mapped_column(JSONB, deferred=True)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB, deferred=True)
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSONB, deferred=True)
    """None until somebody has looked at it: the figures come first."""
    final_value: Mapped[float | None] = mapped_column(Double)
    total_return_pct: Mapped[float | None] = mapped_column(Double)
    holding_return_pct: Mapped[float | None] = mapped_column(Double)
    job_id: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc)
    deleted_at: Mapped[datetime | None] = mapped_column(Utc)


class AttachedStrategy(Base):
    """A strategy that places a portfolio's orders after each close."""

    __tablename__ = "attached_strategy"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'paused', 'detached')", name="status"),
        Index(
            "uq_attached_strategy_portfolio",
            "portfolio_id",
            unique=True,
            postgresql_where="status <> 'detached'",
        ),
        Index("ix_attached_strategy_user", "user_id", "id"),
        Index("ix_attached_strategy_active", "id", postgresql_where="status = 'active'"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    portfolio_id: Mapped[int] = mapped_column(
        ForeignKey(Portfolio.id, ondelete="CASCADE"), index=True
    )
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("backtest_run.id", ondelete="SET NULL"), index=True
    )
    """The backtest it came from."""
    ask: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What it trades, in cents and with the portfolio's costs; `start` is its first decision."""
    status: Mapped[str] = mapped_column(String(10))
    started_on: Mapped[date]
    """The session at whose close it decided first."""
    cash: Mapped[Decimal] = mapped_column(Cash)
    """What the portfolio had when it was attached."""
    baseline: Mapped[int] = mapped_column(BigInteger)
    """The portfolio's last posting before; what follows is this strategy's time."""
    created_at: Mapped[datetime] = mapped_column(Utc)
    """Market time."""
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    """Market time."""


class AttachedStep(Base):
    """What an attached strategy did after one close, or what was done to it."""

    __tablename__ = "attached_step"
    __table_args__ = (
        UniqueConstraint("attached_id", "day", "kind"),
        CheckConstraint(
            "kind IN ('decided', 'attached', 'paused', 'resumed', 'detached')", name="kind"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    attached_id: Mapped[int] = mapped_column(ForeignKey("attached_strategy.id", ondelete="CASCADE"))
    day: Mapped[date]
    """The session after whose close it happened, or that was running."""
    kind: Mapped[str] = mapped_column(String(8))
    orders: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    """{side, symbol, order (its id) or refused (the sentence)} per order it wanted to place."""
    at: Mapped[datetime] = mapped_column(Utc)
    """Market time."""
