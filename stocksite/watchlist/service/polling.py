"""What an open watchlist has not seen yet: read every two seconds by everybody who looks at one."""

from __future__ import annotations

import re

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from stocksite.core.database import read
from stocksite.market.models import Quote, Stock
from stocksite.market.reading import StockQuote
from stocksite.market.service import quotes
from stocksite.watchlist.models import WatchlistItem
from stocksite.watchlist.service import revision_of


def tick_seen(now: str | None, seen: str) -> int | None:
    """The tick of the cursor a page holds; None when the list itself has changed since."""
    revision, _, tick = seen.partition(".")
    if now is None or revision != revision_of(now) or not re.fullmatch(r"[0-9]{1,18}", tick):
        return None
    return int(tick)


def ticked(session: Session, user_id: int, since: int) -> tuple[StockQuote, ...]:
    """The quotes of somebody's list that changed after a tick, in its order; one statement.

    For a page that shows this list already: of the person it says nothing new.
    """
    found = read(session, _TICKED, {"user_id": user_id, "since": since})
    return tuple(quotes.view_of(row) for row in found)


_TICKED = (
    quotes.joinable()
    .join(WatchlistItem, WatchlistItem.stock_id == Stock.id)
    .where(WatchlistItem.user_id == bindparam("user_id"), Quote.tick > bindparam("since"))
    .order_by(WatchlistItem.position, WatchlistItem.stock_id)
)
