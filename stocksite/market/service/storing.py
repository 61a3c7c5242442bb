"""What the database knows before a fetch, and what it is told after one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.market.adjust import Split
from stocksite.market.live_models import BarGap, QuarantinedBar, StockAlias
from stocksite.market.models import CorporateAction, DirectoryEntry, Stock
from stocksite.market.overlap import Known
from stocksite.market.providers.base import Instrument, ProviderAction
from stocksite.market.quality import Verdict
from stocksite.market.service import bulk, facts


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything about a symbol that a fetch has to know. `stock_id` None: not tracked yet."""

    inst: Instrument
    stock_id: int | None
    name: str
    """The directory's name, or the symbol."""
    known: Known
    source: str | None
    """Where the latest bar came from."""
    splits: tuple[Split, ...]
    confirmed: frozenset[date]


@dataclass(frozen=True, slots=True)
class Tracked:
    """A tracked stock with its latest bar; `last_day` None without one."""

    stock_id: int
    inst: Instrument
    last_day: date | None
    last_close: float | None
    source: str | None
    splits: tuple[Split, ...]
    """Those after the latest bar."""
    quote_delay: str | None = None
    quoted_at: datetime | None = None
    """Wall time of the stored quote."""


def stored(session: Session, symbol: str) -> Stored:
    """What is stored of a canonical symbol: five statements."""
    row = session.execute(select(Stock.id, Stock.name).where(Stock.symbol == symbol)).one_or_none()
    if row is None:
        name = session.scalar(select(DirectoryEntry.name).where(DirectoryEntry.symbol == symbol))
        return Stored(
            Instrument(symbol), None, name or symbol, Known.nothing(), None, (), frozenset()
        )
    columns = bulk.read(session, row.id, date(1, 1, 1), date(9999, 12, 31))
    source = session.scalar(
        text("SELECT source FROM bar WHERE stock_id = :id ORDER BY date DESC LIMIT 1"),
        {"id": row.id},
    )
    aliases = session.execute(
        select(StockAlias.provider, StockAlias.spelling).where(StockAlias.stock_id == row.id)
    )
    confirmed = session.scalars(
        select(QuarantinedBar.date).where(
            QuarantinedBar.stock_id == row.id, QuarantinedBar.status == "confirmed"
        )
    )
    return Stored(
        Instrument(symbol, {a.provider: a.spelling for a in aliases}),
        row.id,
        row.name,
        Known(columns.days, columns.close),
        source,
        tuple(splits_of(session, row.id)),
        frozenset(confirmed),
    )


def splits_of(session: Session, stock_id: int) -> list[Split]:
    """The stored splits of a stock, ascending."""
    rows = session.execute(
        select(CorporateAction.ex_date, CorporateAction.ratio_to, CorporateAction.ratio_from)
        .where(CorporateAction.stock_id == stock_id, CorporateAction.kind == "split")
        .order_by(CorporateAction.ex_date)
    )
    return [Split(row.ex_date, row.ratio_to or 1, row.ratio_from or 1) for row in rows]


_TRACKED = text("""
    SELECT s.id, s.symbol, b.date, b.close, b.source, a.aliases, c.splits,
           q.delay, q.received_at
    FROM stock s
    LEFT JOIN quote q ON q.stock_id = s.id
    LEFT JOIN LATERAL (
        SELECT date, close, source FROM bar WHERE stock_id = s.id ORDER BY date DESC LIMIT 1
    ) b ON true
    LEFT JOIN LATERAL (
        SELECT json_object_agg(provider, spelling) AS aliases
        FROM stock_alias WHERE stock_id = s.id
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_array(ex_date, ratio_to, ratio_from)) AS splits
        FROM corporate_action
        WHERE stock_id = s.id AND kind = 'split' AND ex_date > b.date
    ) c ON true
    ORDER BY s.symbol
""")


def tracked(session: Session) -> list[Tracked]:
    """Every tracked stock with its latest bar and the splits after it: one statement."""
    return [
        Tracked(
            row.id,
            Instrument(row.symbol, row.aliases or {}),
            row.date,
            row.close,
            row.source,
            tuple(Split(date.fromisoformat(d), to, of) for d, to, of in row.splits or ()),
            row.delay,
            row.received_at,
        )
        for row in session.execute(_TRACKED)
    ]


def ensure_stock(session: Session, symbol: str, name: str) -> int:
    """The id of a stock, made `no_data` when it is new."""
    statement = insert(Stock).values(symbol=symbol, name=name[:200], status="no_data", exchange="")
    same = statement.on_conflict_do_update(
        index_elements=["symbol"], set_={"symbol": statement.excluded.symbol}
    )
    return int(session.execute(same.returning(Stock.id)).scalar_one())


# One array each: as many parameters as there are days would have to be compiled every time.
_NOT_HELD = text("""
    DELETE FROM quarantined_bar
    WHERE stock_id = :id AND status = 'pending' AND date = ANY(CAST(:days AS date[]))
""")
_NO_GAP = text("DELETE FROM bar_gap WHERE stock_id = :id AND date = ANY(CAST(:days AS date[]))")


def store_verdict(
    session: Session, stock_id: int, verdict: Verdict, fetch_id: int, now: datetime
) -> int:
    """Store what was accepted and what is held; list gaps. Returns the number of new bars."""
    facts.touch(session)
    new = bulk.write(session, [bulk.Parcel(stock_id, verdict.accepted, fetch_id)])
    hold(session, stock_id, verdict, fetch_id, now)
    arrived = verdict.accepted.days.tolist()
    if arrived:
        # A bar that is believed now no longer waits, and its day is no gap.
        told = {"id": stock_id, "days": arrived}
        session.execute(_NOT_HELD, told)
        session.execute(_NO_GAP, told)
    if verdict.gaps:
        source = verdict.accepted.provider
        rows = [
            {"stock_id": stock_id, "date": day, "source": source, "seen_at": now}
            for day in verdict.gaps
        ]
        session.execute(insert(BarGap).values(rows).on_conflict_do_nothing())
    return new


def hold(
    session: Session, stock_id: int, verdict: Verdict, fetch_id: int | None, now: datetime
) -> None:
    """Put the held bars in quarantine; one that was decided on stays decided."""
    if not verdict.holds:
        return
    bars = verdict.held
    rows = [
        {
            "stock_id": stock_id,
            "date": held.day,
            "open": float(bars.open[i]),
            "high": float(bars.high[i]),
            "low": float(bars.low[i]),
            "close": float(bars.close[i]),
            "volume": float(bars.volume[i]),
            "source": bars.provider,
            "fetch_id": fetch_id,
            "move": held.move,
            "hint": held.hint,
            "status": "pending",
            "created_at": now,
        }
        for i, held in enumerate(verdict.holds)
    ]
    statement = insert(QuarantinedBar).values(rows)
    new = statement.excluded
    fresh = {name: new[name] for name in rows[0] if name not in ("stock_id", "date", "created_at")}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["stock_id", "date"],
            set_=fresh,
            where=QuarantinedBar.status == "pending",
        )
    )


def store_actions(
    session: Session, stock_id: int, actions: Sequence[ProviderAction], source: str
) -> int:
    """Store splits and dividends as facts; returns how many were new."""
    if not actions:
        return 0
    facts.touch(session)
    rows = [
        {
            "stock_id": stock_id,
            "ex_date": action.ex_date,
            "kind": action.kind,
            "ratio_to": action.ratio_to,
            "ratio_from": action.ratio_from,
            "amount": action.amount,
            "source": source,
        }
        for action in _merged(actions)
    ]
    statement = insert(CorporateAction).values(rows).on_conflict_do_nothing()
    return len(session.execute(statement.returning(CorporateAction.id)).all())


def _merged(actions: Iterable[ProviderAction]) -> list[ProviderAction]:
    """One row for a day and kind: a special dividend beside a regular one is paid with it."""
    found: dict[tuple[date, str], ProviderAction] = {}
    for action in actions:
        key = (action.ex_date, action.kind)
        before = found.get(key)
        if before is not None and action.amount is not None and before.amount is not None:
            total = before.amount + action.amount
            action = ProviderAction(action.symbol, action.ex_date, "dividend", amount=total)
        found[key] = action
    return list(found.values())


def set_facts(session: Session, stock_id: int, values: Mapping[str, Any]) -> None:
    """Fill a stock's own columns with what is known; empty values change nothing."""
    known = {name: value for name, value in values.items() if value}
    if known:
        facts.touch(session)
        session.execute(update(Stock).where(Stock.id == stock_id).values(**known))


def pending_days(session: Session, stock_id: int) -> int:
    """How many bars of a stock wait for an explanation."""
    waiting = select(func.count()).where(
        QuarantinedBar.stock_id == stock_id, QuarantinedBar.status == "pending"
    )
    return session.scalar(waiting) or 0
