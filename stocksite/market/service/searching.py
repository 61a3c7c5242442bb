"""Symbols the local directory lacks: asked of a provider once, then part of the directory."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.database import unit_of_work
from stocksite.core.models import Job
from stocksite.core.queue import enqueue
from stocksite.market import freshness
from stocksite.market.models import DirectoryEntry
from stocksite.market.providers.base import Capability, Instrument, Match

if TYPE_CHECKING:  # the web searches, but never asks: it need not load what speaks HTTP
    from stocksite.market.providers.setup import Desk

SEARCH = "stocksite.market.jobs.search_symbols"
SHORTEST = 2
_MATCHES = 50


def request_search(session: Session, text: str, now: datetime) -> str | None:
    """The id of the job that asks a provider for a text; None once it has been asked.

    A text is asked once while a search lives; what is found stays in the directory.
    """
    asked = " ".join(text.lower().split())
    if len(asked) < SHORTEST:
        return None
    slot = int(now.timestamp()) // int(freshness.LIVES["search"].total_seconds())
    key = f"search:{asked}:{slot}"
    made = enqueue(session, SEARCH, {"text": asked}, queue="market", dedupe_key=key)
    running = Job.status.in_(("queued", "running"))
    return made or session.scalar(select(Job.id).where(Job.dedupe_key == key, running))


def look_up(desk: Desk, text: str) -> int:
    """Add a provider's matches for a text to the directory; returns how many were new.

    Raises the most telling ProviderError when nobody could answer.
    """

    def call(provider: Any) -> list[Match]:
        return list(provider.search(text, _MATCHES))

    found = desk.chain.ask(Capability.SEARCH, call).value
    rows = {
        match.symbol: {"symbol": match.symbol, "name": match.name[:200]}
        for match in found
        if match.currency == "USD" and not Instrument(match.symbol).is_foreign
    }
    if not rows:
        return 0
    values = [row | {"industry": "", "indices": ""} for row in rows.values()]
    new = insert(DirectoryEntry).values(values).on_conflict_do_nothing()
    with unit_of_work() as session:
        return len(session.execute(new.returning(DirectoryEntry.symbol)).all())
