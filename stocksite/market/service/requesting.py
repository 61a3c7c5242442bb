"""Asking for a stock that is not here yet: answered at once, fetched by a job."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.errors import NotFound, RuleViolation
from stocksite.core.jobs import JobView, view_of
from stocksite.core.models import Job
from stocksite.core.queue import enqueue
from stocksite.market import freshness
from stocksite.market.live_models import UnknownListing
from stocksite.market.models import Stock
from stocksite.market.providers.base import Instrument
from stocksite.market.symbols import normalize

ADD_STOCK = "stocksite.market.jobs.add_stock"


def request_stock(session: Session, symbol: str, now: datetime) -> str | None:
    """The id of the job that loads a symbol; None when it is tracked already.

    The job is nobody's own: whoever asks while it is on its way gets the same. Raises
    InvalidInput for what is no symbol, RuleViolation `not-a-us-listing` for a listing elsewhere,
    and NotFound for a symbol that a provider said within the last day does not exist.
    """
    name = normalize(symbol)
    if session.scalar(select(Stock.id).where(Stock.symbol == name)) is not None:
        return None
    absent = session.scalar(select(UnknownListing.seen_at).where(known_absent(name, now)))
    refuse(name, absent=absent is not None)
    return load(session, name, now).id


def load(session: Session, symbol: str, now: datetime) -> JobView:
    """The job that loads a canonical symbol that `refuse` lets pass, new or on its way.

    Within a minute of its end the last one stands for a new one: nobody is asked more often.
    """
    running = session.scalar(
        select(Job)
        .where(Job.group_key == f"add:{symbol}", Job.status.in_(("queued", "running")))
        .limit(1)
    )
    if running is not None:
        return view_of(running)
    # Two requests in the same minute meet in the key; a failed one can be repeated after it.
    key = f"add:{symbol}:{int(now.timestamp()) // 60}"
    title = f"Load {symbol}"
    made = enqueue(
        session,
        ADD_STOCK,
        {"symbol": symbol},
        queue="market",
        dedupe_key=key,
        group_key=f"add:{symbol}",
        title=title,
    )
    if made is not None:
        return JobView(made, title, "queued", 0.0, "", None, now, None, None, mine=False)
    return view_of(session.scalars(select(Job).where(Job.dedupe_key == key)).one())


def any_waiting(session: Session) -> bool:
    """Whether a stock somebody asked for still waits for a worker."""
    waiting = select(Job.id).where(Job.function == ADD_STOCK, Job.status == "queued").limit(1)
    return session.scalar(waiting) is not None


def known_absent(symbol: str, now: datetime) -> ColumnElement[bool]:
    """The condition on `UnknownListing` that a symbol was said not to exist within the last day."""
    fresh = now - freshness.LIVES["unknown"]
    return (UnknownListing.symbol == symbol) & (UnknownListing.seen_at > fresh)


def refuse(symbol: str, *, absent: bool) -> None:
    """Raises RuleViolation for a listing elsewhere, NotFound for a symbol known to be `absent`."""
    if Instrument(symbol).is_foreign:
        raise RuleViolation(
            f"{symbol} is listed outside the United States; only US listings can be traded here.",
            code="not-a-us-listing",
        )
    if absent:
        raise NotFound(
            f"No stock has the symbol {symbol}. Search for it by the company's name.",
            code="unknown-symbol",
        )


def remember_unknown(session: Session, symbol: str, provider: str, now: datetime) -> None:
    """Keep that a symbol does not exist, for a day."""
    new = insert(UnknownListing).values(symbol=symbol, provider=provider, seen_at=now)
    kept = {"provider": new.excluded.provider, "seen_at": new.excluded.seen_at}
    session.execute(new.on_conflict_do_update(index_elements=["symbol"], set_=kept))
