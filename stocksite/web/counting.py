"""Counters that all processes share, shown by `/metrics`. Losing Redis only loses counts."""

from __future__ import annotations

from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

_KEY = "metrics"


def count(redis: Redis | None, name: str, result: str) -> None:
    """Count one `result` (a plain word) of something named."""
    if redis is not None:
        with suppress(RedisError):
            redis.hincrby(_KEY, f"{name}:{result}", 1)


def counts(redis: Redis | None) -> dict[str, dict[str, int]]:
    """All counts: name → result → how many. Empty without Redis."""
    if redis is None:
        return {}
    try:
        found = redis.hgetall(_KEY)
    except RedisError:
        return {}
    made: dict[str, dict[str, int]] = {}
    for key, value in sorted(found.items()):
        text = key.decode() if isinstance(key, bytes) else key
        name, _, result = text.partition(":")
        made.setdefault(name, {})[result] = int(value)
    return made
