"""Live quotes: stored only when plausible, never older than what is there, never zero.

A refused or missing price leaves the last good one in place; its age makes it stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.database import unit_of_work
from stocksite.core.money import from_observation
from stocksite.market import adjust, freshness
from stocksite.market.models import Quote
from stocksite.market.providers.base import Capability, Instrument, LiveQuote
from stocksite.market.providers.errors import (
    NoData,
    NoProvider,
    ProviderError,
    UnknownSymbol,
)
from stocksite.market.quality import MAX_MOVE
from stocksite.market.service import fetch_log, pacing, storing
from stocksite.market.service.storing import Tracked

if TYPE_CHECKING:
    from stocksite.market.providers.setup import Desk

SECOND_LOOK = 0.02
"""A second provider confirms a large move when its price is within this share."""

_NEXT_TICK = text("UPDATE market_clock SET tick = tick + 1 RETURNING tick")
_UPSERT = text("""
    INSERT INTO quote (stock_id, session_date, price, open, high, low, previous_close, volume,
                       opened_at, as_of, received_at, source, delay, tick)
    VALUES (:stock_id, :session_date, :price, :open, :high, :low, :previous_close, :volume,
            :opened_at, :as_of, :received_at, :source, :delay, :tick)
    ON CONFLICT (stock_id) DO UPDATE SET
        session_date = excluded.session_date, price = excluded.price, open = excluded.open,
        high = excluded.high, low = excluded.low, volume = excluded.volume,
        previous_close = coalesce(excluded.previous_close, quote.previous_close),
        opened_at = excluded.opened_at, as_of = excluded.as_of, source = excluded.source,
        received_at = excluded.received_at, delay = excluded.delay,
        tick = CASE WHEN (quote.price, quote.open, quote.high, quote.low, quote.volume,
                          quote.session_date, quote.previous_close)
                    IS DISTINCT FROM
                         (excluded.price, excluded.open, excluded.high, excluded.low,
                          excluded.volume, excluded.session_date,
                          coalesce(excluded.previous_close, quote.previous_close))
                    THEN excluded.tick ELSE quote.tick END
    WHERE excluded.as_of >= quote.as_of
""")
_LAST_TWO = text("""
    SELECT s.id, array_agg(b.date ORDER BY b.date DESC) AS days,
           array_agg(ARRAY[b.open, b.high, b.low, b.close, b.volume] ORDER BY b.date DESC) AS bars,
           (array_agg(b.source ORDER BY b.date DESC))[1] AS source,
           (SELECT json_agg(json_build_array(ex_date, ratio_to, ratio_from))
            FROM corporate_action c WHERE c.stock_id = s.id AND c.kind = 'split') AS splits
    FROM stock s
    CROSS JOIN LATERAL (
        SELECT * FROM bar WHERE stock_id = s.id ORDER BY date DESC LIMIT 2
    ) b
    WHERE s.id = ANY(:ids)
    GROUP BY s.id
""")


@dataclass(frozen=True, slots=True)
class QuotesReport:
    """How a refresh went: symbols stored, implausible ones kept out, unknown ones left out."""

    stored: int
    implausible: tuple[str, ...]
    missing: tuple[str, ...]
    provider: str


def quote_from_bars(session: Session, now: datetime, ids: Iterable[int]) -> int:
    """Make the latest stored bar of each stock its quote where that is newer; two statements."""
    rows = session.execute(_LAST_TWO, {"ids": list(ids)}).all()
    values = [_of_bar(row, now) for row in rows]
    return _store(session, values)


def _of_bar(row: Any, now: datetime) -> dict[str, Any]:
    day: date = row.days[0]
    first, high, low, close, volume = row.bars[0]
    session = xnys().on(day)
    if session is None:
        raise ValueError(f"a bar is stored on {day}, which is no session")
    splits = [adjust.Split(date.fromisoformat(d), to, of) for d, to, of in row.splits or ()]
    before = None
    if len(row.days) > 1:
        before = adjust.previous_close(row.bars[1][3], row.days[1], splits, day)
    return {
        "stock_id": row.id,
        "session_date": day,
        "price": from_observation(close),
        "open": from_observation(first),
        "high": from_observation(high),
        "low": from_observation(low),
        "previous_close": before,
        "volume": volume,
        "opened_at": session.open,
        "as_of": session.close,
        "received_at": now,
        "source": row.source,
        "delay": "eod",
    }


def _store(session: Session, values: Sequence[dict[str, Any]]) -> int:
    if not values:
        return 0
    tick = session.scalar(_NEXT_TICK) or 0
    session.execute(_UPSERT, [{**row, "tick": tick} for row in values])
    return len(values)


def tell_stale(session: Session, now: datetime, since: timedelta) -> int:
    """Let polling pages show which prices went stale within `since`; returns how many did.

    Nothing changes in a price that has merely grown old, so no page would ask for it again.
    """
    rows = session.execute(select(Quote.stock_id, Quote.session_date, Quote.as_of, Quote.delay))
    gone = [
        row.stock_id
        for row in rows
        if freshness.quote_is_stale(row.session_date, row.as_of, row.delay, now, xnys())
        and not freshness.quote_is_stale(
            row.session_date, row.as_of, row.delay, now - since, xnys()
        )
    ]
    if gone:
        tick = session.scalar(_NEXT_TICK) or 0
        session.execute(update(Quote).where(Quote.stock_id.in_(gone)).values(tick=tick))
    return len(gone)


def refresh_quotes(
    desk: Desk, symbols: Sequence[str] | None = None, *, force: bool = False
) -> QuotesReport:
    """Fetch the prices of tracked stocks (all, or some) in as few calls as there are.

    Those whose price is still fresh are left alone unless `force` is set: outside of sessions
    nothing is asked, and an end-of-day source is asked once a session.
    Raises the most telling ProviderError when no provider answers; nothing is changed then.
    """
    with unit_of_work() as session:
        every = storing.tracked(session)
    named = [stock for stock in every if symbols is None or stock.inst.symbol in symbols]
    wanted = named if force else pacing.due(desk, named)
    if not wanted:
        return QuotesReport(0, (), (), "")
    quotes, provider = _ask(desk, [stock.inst for stock in wanted])
    good: list[dict[str, Any]] = []
    implausible = []
    for stock in wanted:
        quote = quotes.get(stock.inst.symbol)
        if quote is None:
            continue
        if _plausible(stock, quote) or _confirmed(desk, stock, quote):
            good.append(_values(stock, quote))
        else:
            implausible.append(stock.inst.symbol)
    with unit_of_work() as session:
        stored = _store(session, good)
        note = f"kept out as implausible: {', '.join(implausible)}" if implausible else ""
        fetch_log.log_note(
            session, provider, "quote", desk.now(), accepted=stored, detail=note[:300]
        )
    missing = tuple(s.inst.symbol for s in wanted if s.inst.symbol not in quotes)
    return QuotesReport(stored, tuple(implausible), missing, provider)


def _ask(desk: Desk, insts: Sequence[Instrument]) -> tuple[dict[str, LiveQuote], str]:
    """From a provider that gives many at once; else one by one while the budget lasts."""
    covered = [i for i in insts if any(desk.chain.candidates(Capability.BULK_QUOTES, i))]
    if covered:
        try:
            asked = desk.chain.ask(Capability.BULK_QUOTES, lambda p: p.quotes(covered))
        except ProviderError as error:
            fetch_log.log_failure(error, "quote", desk.now())
        else:
            for failure in asked.failures:
                fetch_log.log_failure(failure, "quote", desk.now())
            return dict(asked.value), asked.provider
    found: dict[str, LiveQuote] = {}
    provider = "none"
    for inst in insts:
        try:
            found[inst.symbol] = _one(desk, inst)
        except (NoProvider, UnknownSymbol, NoData):
            continue
        except ProviderError as error:
            # The budget is used up or they are all down: the rest would fare no better.
            fetch_log.log_failure(error, "quote", desk.now())
            if not found:
                raise
            break
        provider = found[inst.symbol].provider
    return found, provider


def _one(desk: Desk, inst: Instrument, skip: tuple[str, ...] = ()) -> LiveQuote:
    def call(provider: Any) -> LiveQuote:
        quote: LiveQuote = provider.quote(inst)
        return quote

    return desk.chain.ask(Capability.QUOTE, call, inst, skip=skip).value


def _plausible(stock: Tracked, quote: LiveQuote) -> bool:
    """Within 30 % of the last stored close in today's shares, and not from before it."""
    if quote.currency != stock.inst.currency:
        return False
    if stock.last_close is None or stock.last_day is None:
        return True
    if quote.session < stock.last_day:
        return False
    ratio = float(adjust.price_ratio(stock.splits, stock.last_day, quote.session))
    return abs(float(quote.price) / (stock.last_close * ratio) - 1) <= MAX_MOVE


def _confirmed(desk: Desk, stock: Tracked, quote: LiveQuote) -> bool:
    """Whether another provider has nearly the same price of the same session."""
    inst = stock.inst
    try:
        other = _one(desk, inst, skip=(quote.provider,))
    except ProviderError:
        return False
    near = abs(float(quote.price) / float(other.price) - 1) <= SECOND_LOOK
    return near and other.session == quote.session and quote.currency == inst.currency


def _values(stock: Tracked, quote: LiveQuote) -> dict[str, Any]:
    session = xnys().on(quote.session)
    if session is None:
        raise ValueError(f"a quote of {quote.session}, which is no session")
    before = quote.previous_close
    if stock.last_close is not None and stock.last_day is not None:
        previous = xnys().previous(quote.session)
        if previous is not None and stock.last_day == previous.date:
            before = adjust.previous_close(
                stock.last_close, stock.last_day, stock.splits, quote.session
            )
    first = quote.open or quote.price
    return {
        "stock_id": stock.stock_id,
        "session_date": quote.session,
        "price": quote.price,
        "open": first,
        "high": max(quote.high or quote.price, quote.price, first),
        "low": min(quote.low or quote.price, quote.price, first),
        "previous_close": before,
        "volume": quote.volume if quote.volume and quote.volume > 0 else 0.0,
        "opened_at": session.open,
        "as_of": quote.as_of,
        "received_at": quote.received_at,
        "source": quote.provider,
        "delay": quote.delay,
    }
