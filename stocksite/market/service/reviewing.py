"""The quarantine: bars that wait for an administrator, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, InvalidInput, NotFound
from stocksite.market.live_models import QuarantinedBar
from stocksite.market.models import Stock
from stocksite.market.providers.base import BarSeries, Basis
from stocksite.market.quality import Evidence, examine
from stocksite.market.service import bulk, facts, quoting, storing


@dataclass(frozen=True, slots=True)
class HeldBar:
    """A bar in quarantine. `move` is a share of the last believed close; times are wall time."""

    id: int
    symbol: str
    date: date
    close: float
    move: float
    hint: str
    source: str
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision led to: bars of the stock that are believed now, and that still wait."""

    released: int
    waiting: int


def pending(session: Session, actor: Actor, limit: int = 100) -> list[HeldBar]:
    """Bars that wait, oldest day first. Raises NotFound for who is no administrator."""
    _admin(actor)
    bar = QuarantinedBar
    rows = session.execute(
        select(
            *(bar.id, Stock.symbol, bar.date, bar.close, bar.move, bar.hint, bar.source),
            *(bar.status, bar.created_at),
        )
        .join(Stock, Stock.id == bar.stock_id)
        .where(bar.status == "pending")
        .order_by(bar.date, Stock.symbol)
        .limit(limit)
    )
    return [HeldBar(*row) for row in rows]


def confirm(session: Session, actor: Actor, bar_id: int, now: datetime) -> Decision:
    """Believe a held bar: it and what follows plausibly from it are stored.

    Raises NotFound for who is no administrator or for no such bar, Conflict once decided.
    """
    held = _decide(session, actor, bar_id, "confirmed", now)
    released = release(session, held.stock_id, now)
    return Decision(released, storing.pending_days(session, held.stock_id))


def reject(session: Session, actor: Actor, bar_id: int, now: datetime) -> Decision:
    """Keep a held bar out for good; bars after it may still fit what was believed before it."""
    held = _decide(session, actor, bar_id, "rejected", now)
    released = release(session, held.stock_id, now)
    return Decision(released, storing.pending_days(session, held.stock_id))


def _decide(
    session: Session, actor: Actor, bar_id: int, status: str, now: datetime
) -> QuarantinedBar:
    _admin(actor)
    held = session.scalar(
        select(QuarantinedBar).where(QuarantinedBar.id == bar_id).with_for_update()
    )
    if held is None:
        raise NotFound("There is no such bar in quarantine.")
    if held.status != "pending":
        raise Conflict(f"The bar of {held.date} was {held.status} already.", code="decided")
    held.status, held.decided_at, held.decided_by = status, now, actor.user_id
    session.flush()
    return held


def release(session: Session, stock_id: int, now: datetime) -> int:
    """Judge a stock's held bars again, with the splits and confirmations there are now.

    Returns how many are stored because of it.
    """
    bars = session.scalars(
        select(QuarantinedBar)
        .where(QuarantinedBar.stock_id == stock_id, QuarantinedBar.status != "rejected")
        .order_by(QuarantinedBar.date)
    ).all()
    if not bars:
        return 0
    symbol = session.scalar(select(Stock.symbol).where(Stock.id == stock_id)) or ""
    have = storing.stored(session, symbol)
    new = 0
    for source in sorted({bar.source for bar in bars}):
        mine = [bar for bar in bars if bar.source == source]
        evidence = Evidence(mine[-1].date, have.known, have.splits, (), have.confirmed)
        verdict = examine(_series(symbol, mine, now), evidence)
        fetches = {bar.date: bar.fetch_id for bar in mine}
        days = verdict.accepted.days.tolist()
        for fetch_id in {fetches[day] for day in days}:
            chosen = [i for i, day in enumerate(days) if fetches[day] == fetch_id]
            part = bulk.Parcel(
                stock_id, verdict.accepted.where(np.array(chosen, dtype=int)), fetch_id
            )
            new += bulk.write(session, [part])
        session.execute(
            delete(QuarantinedBar).where(
                QuarantinedBar.stock_id == stock_id,
                QuarantinedBar.status == "pending",
                QuarantinedBar.date.in_(days),
            )
        )
    if new:
        facts.touch(session)
        quoting.quote_from_bars(session, now, [stock_id])
    return new


def _series(symbol: str, bars: Sequence[QuarantinedBar], now: datetime) -> BarSeries:
    rows = [(b.date, b.open, b.high, b.low, b.close, b.volume) for b in bars]
    return BarSeries.of_rows(symbol, bars[0].source, Basis.RAW, rows, now, "")


def purge(session: Session, actor: Actor, provider: str) -> dict[str, int]:
    """Delete everything that came from a provider, when its owner must not keep it any longer.

    Returns rows deleted by table. Raises NotFound for who is no administrator, InvalidInput for
    the sample, which is part of the site.
    """
    _admin(actor)
    if provider not in ("alpha_vantage", "massive", "yahoo", "marketwatch"):
        raise InvalidInput.of_field("provider", f"{provider} is no provider that can be purged.")
    facts.touch(session)
    gone: dict[str, int] = {}
    for table in _WITH_SOURCE:
        done = session.execute(
            text(f"DELETE FROM {table} WHERE source = :provider"), {"provider": provider}
        )
        gone[table] = int(done.rowcount)  # type: ignore[attr-defined]
    session.execute(text("DELETE FROM provider_fetch WHERE provider = :p"), {"p": provider})
    session.execute(_RESPAN)
    return gone


_WITH_SOURCE = (
    "bar",
    "quote",
    "corporate_action",
    "quarantined_bar",
    "bar_gap",
    "company_profile",
    "competitor",
)
_RESPAN = text("""
    UPDATE stock SET first_bar = span.first_day, last_bar = span.last_day,
                     status = CASE WHEN span.first_day IS NULL THEN 'no_data' ELSE 'active' END
    FROM (SELECT s.id, min(b.date) AS first_day, max(b.date) AS last_day
          FROM stock s LEFT JOIN bar b ON b.stock_id = s.id GROUP BY s.id) span
    WHERE stock.id = span.id
      AND (stock.first_bar, stock.last_bar) IS DISTINCT FROM (span.first_day, span.last_day)
""")


def _admin(actor: Actor) -> None:
    if not actor.is_admin:
        raise NotFound("There is no such page.")
