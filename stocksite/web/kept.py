"""Rendered text kept in Redis under a key that names all it was made from. Without Redis it is
made anew each time.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

_PREFIX = "kept:"


def find(key: str) -> str | None:
    """The text of a key; None when it is not there or Redis is away."""
    redis = connection()
    if redis is None:
        return None
    try:
        found = redis.get(_name(key))
    except RedisError:
        return None
    return found.decode() if isinstance(found, bytes) else None


def keep(key: str, text: str, seconds: int) -> None:
    """Keep the text of a key for some seconds."""
    redis = connection()
    if redis is not None:
        with suppress(RedisError):  # then it is made anew next time
            redis.set(_name(key), text.encode(), ex=seconds)


def connection() -> Redis | None:
    """The application's Redis, or None where it has none."""
    redis: Redis | None = current_app.extensions.get("redis")
    return redis


def _name(key: str) -> str:
    return _PREFIX + hashlib.sha256(key.encode()).hexdigest()


def version(template: str, folder: str) -> str:
    """What changes when a template or any module in a folder does: part of every key."""
    path = current_app.jinja_env.get_template(template).filename
    modified = Path(path).stat().st_mtime_ns if path else 0
    return f"{template}:{modified}:{_newest(folder)}"


@lru_cache(maxsize=16)
def _newest(folder: str) -> int:
    """When the newest module under a folder was written; once per process, as it is loaded once."""
    return max((file.stat().st_mtime_ns for file in Path(folder).rglob("*.py")), default=0)
