"""Stock resources kept in Redis, one per stock, with what the market knows and nothing of a person.

key = stock, market tick, facts counter   a change of either leaves the old one unread
life = until a newer price can be there   (`freshness`), at most six hours
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cache
from typing import Final

from flask import current_app
from pydantic import TypeAdapter, ValidationError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from stocksite.core import cursors
from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.market import fragments, freshness
from stocksite.market.reading import MarketState
from stocksite.market.resources import StockResource
from stocksite.market.service.facts import CURSOR
from stocksite.market.service.resource import resource
from stocksite.market.symbols import normalize
from stocksite.web import counting

log = logging.getLogger(__name__)

COUNTER: Final = "stock_cache"
REPLAY_LIFE: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(hours=6)


@cache
def _adapter() -> TypeAdapter[StockResource]:
    return TypeAdapter(StockResource)


def of(session: Session, symbol: str) -> tuple[StockResource, str]:
    """The stock resource and `hit` or `miss`; three statements fewer on a hit.

    Raises what `resource` raises. Without Redis it is made each time.
    """
    name, state = normalize(symbol), fragments.state()
    redis: Redis | None = current_app.extensions.get("redis")
    counted = cursors.read(redis, (CURSOR,))
    if redis is None or counted is None:
        return resource(session, name, state), "miss"
    key = f"stock:{name}:{state.mode}:{state.tick}:{counted[0]}"
    found = _read(redis, key)
    said = "miss" if found is None else "hit"
    counting.count(redis, COUNTER, said)
    if found is None:
        found = resource(session, name, state)
        _keep(redis, key, found, _life(found, state))
    return found, said


def _life(found: StockResource, state: MarketState) -> timedelta:
    if state.is_sample or not found.quote.has_price:
        return REPLAY_LIFE
    now = wall_now()
    until = freshness.quote_lives_until(now, found.quote.delay, xnys())
    return min(max(until - now, timedelta(seconds=1)), LONGEST)


def _read(redis: Redis, key: str) -> StockResource | None:
    try:
        text = redis.get(key)
        return _adapter().validate_json(text) if isinstance(text, bytes) else None
    except (RedisError, ValidationError) as error:
        log.warning("%s is made anew: %s", key, error)
        return None


def _keep(redis: Redis, key: str, found: StockResource, life: timedelta) -> None:
    try:
        redis.set(key, _adapter().dump_json(found), px=int(life.total_seconds() * 1000))
    except RedisError as error:
        log.warning("%s is not kept, the cache is away: %s", key, error)
