"""Asking for a stock that is not here yet: answered at once, fetched by a job."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.errors import NotFound, RuleViolation
from stocksite.core.models import Job
from stocksite.core.queue import enqueue
from stocksite.market import freshness
from stocksite.market.models import Stock
from stocksite.market.models_live import UnknownListing
from stocksite.market.providers.base import Instrument
from stocksite.market.symbols import normalize

ADD_STOCK = "stocksite.market.jobs_live.add_stock"


def request_stock(session: Session, symbol: str, user_id: int | None, now: datetime) -> str | None:
    """The id of the job that loads a symbol; None when it is tracked already.

    Whoever asks while a job is on its way gets that job. Raises InvalidInput for what is no
    symbol, RuleViolation `not-a-us-listing` for a listing elsewhere, and NotFound for a symbol
    that a provider said within the last day does not exist.
    """
    name = normalize(symbol)
    if Instrument(name).is_foreign:
        raise RuleViolation(
            f"{name} is listed outside the United States; only US listings can be traded here.",
            code="not-a-us-listing",
        )
    if session.scalar(select(Stock.id).where(Stock.symbol == name)) is not None:
        return None
    _must_not_be_unknown(session, name, now)
    running = session.scalar(
        select(Job.id)
        .where(Job.group_key == f"add:{name}", Job.status.in_(("queued", "running")))
        .limit(1)
    )
    if running is not None:
        return running
    # Two requests in the same minute meet in the key; a failed one can be repeated after it.
    slot = int(now.timestamp()) // 60
    made = enqueue(
        session,
        ADD_STOCK,
        {"symbol": name},
        queue="market",
        user_id=user_id,
        dedupe_key=f"add:{name}:{slot}",
        group_key=f"add:{name}",
        title=f"Load {name}",
    )
    return made or session.scalar(select(Job.id).where(Job.dedupe_key == f"add:{name}:{slot}"))


def _must_not_be_unknown(session: Session, symbol: str, now: datetime) -> None:
    fresh = now - freshness.LIVES["unknown"]
    known = select(UnknownListing.seen_at).where(
        UnknownListing.symbol == symbol, UnknownListing.seen_at > fresh
    )
    if session.scalar(known) is not None:
        raise NotFound(
            f"No stock has the symbol {symbol}. Search for it by the company's name.",
            code="unknown-symbol",
        )


def remember_unknown(session: Session, symbol: str, provider: str, now: datetime) -> None:
    """Keep that a symbol does not exist, for a day."""
    new = insert(UnknownListing).values(symbol=symbol, provider=provider, seen_at=now)
    kept = {"provider": new.excluded.provider, "seen_at": new.excluded.seen_at}
    session.execute(new.on_conflict_do_update(index_elements=["symbol"], set_=kept))
