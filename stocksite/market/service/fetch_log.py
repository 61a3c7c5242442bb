"""The record of what providers answered: where every bar came from, and how each provider does."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.database import unit_of_work
from stocksite.market.live_models import ProviderFetch
from stocksite.market.providers.base import BarSeries
from stocksite.market.providers.errors import ProviderError
from stocksite.market.quality import Verdict


def log_fetch(
    session: Session,
    series: BarSeries,
    verdict: Verdict,
    stock_id: int | None,
    capability: str = "daily_bars",
) -> int:
    """Record a good answer and what the gate made of it; returns the fetch's id."""
    days = series.days
    values = {
        "provider": series.provider,
        "capability": capability,
        "stock_id": stock_id,
        "at": series.fetched_at,
        "outcome": "ok",
        "detail": series.note,
        "basis": str(series.basis),
        "first_day": days.min().item() if len(days) else None,
        "last_day": days.max().item() if len(days) else None,
        "payload_hash": series.payload_hash,
        "accepted": len(verdict.accepted),
        "held": len(verdict.holds),
        "refused": len(verdict.refused),
    }
    return int(
        session.execute(
            insert(ProviderFetch).values(values).returning(ProviderFetch.id)
        ).scalar_one()
    )


def log_note(
    session: Session,
    provider: str,
    capability: str,
    now: datetime,
    *,
    error: ProviderError | None = None,
    stock_id: int | None = None,
    accepted: int = 0,
    detail: str = "",
) -> int:
    """Record an answer that brought no series of bars, or a refusal."""
    values = {
        "provider": provider,
        "capability": capability,
        "stock_id": stock_id,
        "at": now,
        "outcome": type(error).__name__ if error else "ok",
        "detail": error.text if error else detail,
        "accepted": accepted,
        "held": 0,
        "refused": 0,
        "basis": "raw",
        "payload_hash": "",
    }
    return int(
        session.execute(
            insert(ProviderFetch).values(values).returning(ProviderFetch.id)
        ).scalar_one()
    )


def log_failure(
    error: ProviderError, capability: str, now: datetime, stock_id: int | None = None
) -> None:
    """Record a refusal in a transaction of its own; nothing when nobody was asked."""
    if error.asked:
        with unit_of_work() as session:
            log_note(session, error.provider, capability, now, error=error, stock_id=stock_id)


def tidy(session: Session, now: datetime, keep: timedelta = timedelta(days=60)) -> int:
    """Forget old refusals and answers that brought nothing; what bars refer to stays."""
    old = delete(ProviderFetch).where(ProviderFetch.at < now - keep, ProviderFetch.accepted == 0)
    return len(session.execute(old.returning(ProviderFetch.id)).all())
