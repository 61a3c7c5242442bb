"""A minute's memory of which session tokens are good, for pages that poll.

Only ever a shortcut: a miss, an outage or a value that makes no sense sends the caller to the
database. A session that ends leaves a mark here which outlasts every answer that was under way
at that moment, so a slow request cannot bring it back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from stocksite.auth.service.secrets import digest

log = logging.getLogger(__name__)

KNOWN_FOR_S: Final = 60
_ENDED: Final = b"ended"


def known_session(redis: Redis | None, sid: str | None) -> int | None:
    """The user id of a session seen within the last minute; None means: ask the database."""
    if redis is None or not sid:
        return None
    try:
        value = redis.get(_key(digest(sid)))
    except RedisError:
        return None
    return int(value) if isinstance(value, bytes) and value.isdigit() else None


def remember_session(redis: Redis | None, sid: str, user_id: int) -> None:
    """Keep what the database just said, for a minute; never over the mark of an ended session."""
    if redis is None:
        return
    try:
        redis.set(_key(digest(sid)), str(user_id), ex=KNOWN_FOR_S, nx=True)
    except RedisError:
        log.debug("session not remembered, Redis is away")


def forget_sessions(redis: Redis | None, token_hashes: Iterable[str]) -> None:
    """Mark sessions as ended. Call it with the hashes a service returned."""
    hashes = tuple(token_hashes)
    if redis is None or not hashes:
        return
    try:
        pipe = redis.pipeline(transaction=False)
        for token_hash in hashes:
            pipe.set(_key(token_hash), _ENDED, ex=2 * KNOWN_FOR_S)
        pipe.execute()
    except RedisError:
        # With Redis away the shortcut is away too: known_session cannot answer either.
        log.warning("%d ended sessions could not be marked, Redis is away", len(hashes))


def _key(token_hash: str) -> str:
    return f"session:{token_hash}"
