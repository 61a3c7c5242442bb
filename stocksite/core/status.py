"""How the site is doing: what `/readyz` and `/metrics` report, in two statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stocksite.core.models import Job, MarketClock


@dataclass(frozen=True, slots=True)
class JobCount:
    """Jobs of one queue in one state. `oldest_at` is wall time."""

    queue: str
    status: str
    count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class ClockState:
    """The market clock as stored. `ticked_at` is wall time, `market_at` market time."""

    mode: str
    phase: str
    market_at: datetime
    ticked_at: datetime
    tick: int
    paused: bool
    speed: float


def read_clock_state(session: Session) -> ClockState | None:
    """The clock, or None before the market was set up."""
    clock = session.scalar(select(MarketClock))
    if clock is None:
        return None
    return ClockState(
        mode=clock.mode,
        phase=clock.phase,
        market_at=clock.market_at,
        ticked_at=clock.ticked_at,
        tick=clock.tick,
        paused=clock.paused,
        speed=clock.speed,
    )


def count_jobs(session: Session) -> tuple[JobCount, ...]:
    """Jobs by queue and state."""
    rows = session.execute(
        select(Job.queue, Job.status, func.count(), func.min(Job.created_at))
        .group_by(Job.queue, Job.status)
        .order_by(Job.queue, Job.status)
    )
    return tuple(JobCount(*row) for row in rows)


def migration_heads(session: Session) -> frozenset[str]:
    """The revisions the database is at; empty when it was never migrated."""
    if session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return frozenset()
    rows: Any = session.scalars(text("SELECT version_num FROM alembic_version"))
    return frozenset(rows)
