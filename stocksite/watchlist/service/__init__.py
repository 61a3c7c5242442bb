"""The watchlist itself: a person's list is small, it is locked as a whole while it changes.

Beside it: `polling` (what a page has not seen yet), `levels` (they meet quotes), `notifications`
(what was told), `channels` and `delivery` (e-mail and webhooks).

poll: browser sends its cursor `<list revision>.<tick>` ─> equal to Redis' two counters? ─> 304
                                                        └─> cells changed since that tick
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis import Redis
from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core import cursors
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.database import lock_name, read
from stocksite.core.errors import InvalidInput, NotFound, RuleViolation
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState, StockQuote
from stocksite.market.service import bars, quotes, stocks
from stocksite.market.service import clock as market_clock
from stocksite.market.symbols import normalize
from stocksite.watchlist import alerts
from stocksite.watchlist.alerts import Arming, Levels, Seen
from stocksite.watchlist.models import Notification, NotificationSettings, WatchlistItem
from stocksite.watchlist.reading import WatchedStock, Watchlist

MAX_ITEMS = 200
SPARKLINE_SESSIONS = 30


def read_cursor(redis: Redis | None, user_id: int) -> str | None:
    """`<list revision>.<tick>` of now from Redis alone; None when Redis is away."""
    counters = cursors.read(redis, (_revision_key(user_id), market_clock.TICK_KEY))
    return None if counters is None else ".".join(counters)


def revision_of(cursor: str | None) -> str:
    """The list's part of a cursor; without one, a revision no poll will find unchanged."""
    return cursor.partition(".")[0] if cursor else "-"


def _revision_key(user_id: int) -> str:
    return f"watchlist:{user_id}"


def show(
    session: Session,
    actor: Actor,
    state: MarketState | None = None,
    *,
    revision: str = "-",
    sparklines: bool = True,
) -> Watchlist:
    """The actor's list with live quotes: two statements (three without `state`).

    `revision` is the list's as read before this call; see `read_cursor`.
    """
    state = state or market_clock.state(session)
    found = read(session, _SHOWN, {"user_id": actor.user_id}).all()
    ids = [row.id for row in found]
    recent = (
        bars.recent_closes(session, ids, SPARKLINE_SESSIONS, state) if sparklines and ids else {}
    )
    rows = tuple(_row(row, quotes.view_of(row), recent.get(row.id, [])) for row in found)
    return Watchlist(rows, f"{revision}.{state.tick}")


_OWN = (
    WatchlistItem.position,
    WatchlistItem.note,
    WatchlistItem.above,
    WatchlistItem.below,
    WatchlistItem.move_pct,
    WatchlistItem.above_armed,
    WatchlistItem.below_armed,
)

_SHOWN = (
    quotes.joinable()
    .join(WatchlistItem, WatchlistItem.stock_id == Stock.id)
    .where(WatchlistItem.user_id == bindparam("user_id"))
    .order_by(WatchlistItem.position, WatchlistItem.stock_id)
    .add_columns(*_OWN)
)


def _row(item: Any, quote: StockQuote, closes: Sequence[float] = ()) -> WatchedStock:
    """`item` is a result row with the columns of `_OWN`, or the ORM row itself."""
    return WatchedStock(
        position=item.position,
        note=item.note,
        above=item.above,
        below=item.below,
        move_pct=item.move_pct,
        quote=quote,
        closes=tuple(closes),
        above_armed=item.above_armed,
        below_armed=item.below_armed,
    )


def add(session: Session, actor: Actor, symbol: str, levels: Levels = Levels()) -> WatchedStock:
    """Put a stock at the end of the list; one that is there already stays where it is.

    Raises what `stocks.get` raises (a stock that is not listed yet may be watched), and
    RuleViolation past 200 rows.
    """
    stock = stocks.get(session, symbol, listed=False)
    _lock(session, actor)
    count, last = session.execute(
        select(func.count(), func.coalesce(func.max(WatchlistItem.position), -1)).where(
            WatchlistItem.user_id == actor.user_id
        )
    ).one()
    if count >= MAX_ITEMS:
        raise RuleViolation(
            f"A watchlist holds {MAX_ITEMS} stocks and yours is full. Remove one first.",
            code="watchlist-full",
        )
    _check(levels)
    quote = quotes.by_ids(session, [stock.id])[stock.id]
    armed = _armed(alerts.arm(Levels(), Arming(), levels, _seen(quote)))
    session.execute(
        insert(WatchlistItem)
        .values(
            user_id=actor.user_id,
            stock_id=stock.id,
            position=last + 1,
            added_at=wall_now(),
            note=levels.note,
            above=levels.above,
            below=levels.below,
            move_pct=levels.move_pct,
            levels_on=market_clock.state(session).session_date,
            **armed,
        )
        .on_conflict_do_nothing()
    )
    return one(session, actor, stock.symbol)


def one(session: Session, actor: Actor, symbol: str) -> WatchedStock:
    """One row of the list. Raises NotFound for a stock that is not on it."""
    item = _item(session, actor, symbol)
    return _row(item, quotes.by_ids(session, [item.stock_id])[item.stock_id])


def change(
    session: Session, actor: Actor, symbol: str, levels: Levels, position: int | None = None
) -> WatchedStock:
    """Set note and levels, and move the row to `position` (from 0) when one is given.

    A level that changes is armed anew, unless the price has passed it already.
    """
    _check(levels)
    _lock(session, actor)
    item = _item(session, actor, symbol)
    quote = quotes.by_ids(session, [item.stock_id])[item.stock_id]
    before = Arming(item.above_armed, item.below_armed, item.moved_on)
    stated = Levels(item.note, item.above, item.below, item.move_pct)
    for name, value in _armed(alerts.arm(stated, before, levels, _seen(quote))).items():
        setattr(item, name, value)
    item.note, item.above, item.below = levels.note, levels.above, levels.below
    item.move_pct = levels.move_pct
    item.levels_on = market_clock.state(session).session_date
    session.flush()
    if position is not None:
        _move(session, actor, item.stock_id, position)
    session.refresh(item)  # levels as they are stored, with their places: one number, one face
    return one(session, actor, symbol)


def _check(levels: Levels) -> None:
    if levels.above is not None and levels.below is not None and levels.above <= levels.below:
        raise InvalidInput.of_field(
            "above", f"The upper level must lie above the lower one ({levels.below:,f})."
        )


def _seen(quote: StockQuote) -> Seen:
    return Seen(quote.price, quote.previous_close, quote.session_date)


def _armed(arming: Arming) -> dict[str, Any]:
    return {
        "above_armed": arming.above,
        "below_armed": arming.below,
        "moved_on": arming.moved_on,
    }


def move(session: Session, actor: Actor, symbol: str, position: int) -> None:
    """Move a row to `position` (from 0); past the end means the end."""
    _lock(session, actor)
    _move(session, actor, _item(session, actor, symbol).stock_id, position)


def reorder(session: Session, actor: Actor, symbols: Sequence[str]) -> None:
    """Put the named rows first, in this order; the others keep theirs behind them."""
    _lock(session, actor)
    wanted = [normalize(symbol) for symbol in symbols]
    rows = session.execute(
        select(WatchlistItem.stock_id, Stock.symbol)
        .join(Stock, Stock.id == WatchlistItem.stock_id)
        .where(WatchlistItem.user_id == actor.user_id)
        .order_by(WatchlistItem.position, WatchlistItem.stock_id)
    ).all()
    rank = {symbol: number for number, symbol in enumerate(wanted)}
    ordered = sorted(rows, key=lambda row: rank.get(row.symbol, len(rank)))
    _store_order(session, actor, [row.stock_id for row in ordered])


def remove(session: Session, actor: Actor, symbol: str) -> None:
    """Take a stock off the list. Raises NotFound when it is not on it."""
    _lock(session, actor)
    item = _item(session, actor, symbol)
    session.execute(
        delete(WatchlistItem).where(
            WatchlistItem.user_id == actor.user_id, WatchlistItem.stock_id == item.stock_id
        )
    )


def forget(session: Session, actor: Actor) -> None:
    """The end of an account: its list, its notifications and its channels go."""
    _lock(session, actor)
    for table in (WatchlistItem, Notification, NotificationSettings):
        session.execute(delete(table).where(table.user_id == actor.user_id))


def watches(session: Session, actor: Actor, stock_id: int) -> bool:
    """Whether a stock is on the actor's list."""
    return session.get(WatchlistItem, (actor.user_id, stock_id)) is not None


def _item(session: Session, actor: Actor, symbol: str) -> WatchlistItem:
    name = normalize(symbol)
    item = session.scalar(
        select(WatchlistItem)
        .join(Stock, Stock.id == WatchlistItem.stock_id)
        .where(WatchlistItem.user_id == actor.user_id, Stock.symbol == name)
    )
    if item is None:
        raise NotFound(f"{name} is not on your watchlist.")
    return item


def _move(session: Session, actor: Actor, stock_id: int, position: int) -> None:
    ids = list(
        session.scalars(
            select(WatchlistItem.stock_id)
            .where(WatchlistItem.user_id == actor.user_id)
            .order_by(WatchlistItem.position, WatchlistItem.stock_id)
        )
    )
    ids.remove(stock_id)
    ids.insert(max(0, position), stock_id)
    _store_order(session, actor, ids)


def _store_order(session: Session, actor: Actor, ids: Sequence[int]) -> None:
    session.execute(
        update(WatchlistItem)
        .where(WatchlistItem.user_id == actor.user_id)
        .values(position=func.array_position(list(ids), WatchlistItem.stock_id) - 1)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def _lock(session: Session, actor: Actor) -> None:
    """One change of a person's list at a time; polling pages learn of it after the commit."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_name(_revision_key(actor.user_id))}
    )
    cursors.bump(session, _revision_key(actor.user_id))
