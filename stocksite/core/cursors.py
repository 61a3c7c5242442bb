"""Counters in Redis that polling pages compare: one read tells whether anything changed.

`bump` raises a counter once the caller's transaction has committed, never before: a page that
sees the new count also sees the new rows. Losing Redis costs only extra reads of the database.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from stocksite.core import queue

log = logging.getLogger(__name__)


def bump(session: Session, name: str) -> None:
    """Raise the counter `name` after the commit; a rollback forgets it."""
    session.info.setdefault("cursors", set()).add(name)


def read(redis: Redis | None, names: Sequence[str]) -> tuple[str, ...] | None:
    """The counters as text ("0" where never raised); None when Redis is away."""
    if redis is None:
        return None
    try:
        values = redis.mget(names)
    except RedisError:
        return None
    return tuple(_text(value) if value else "0" for value in values)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@event.listens_for(Session, "after_commit")
def _raise(session: Session) -> None:
    names = session.info.pop("cursors", ())
    redis = queue.connection()
    if not names or redis is None:
        return
    try:
        for name in names:
            redis.incr(name)
    except RedisError as error:
        log.warning("the cache is away, polling pages may lag: %s", error)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("cursors", None)
