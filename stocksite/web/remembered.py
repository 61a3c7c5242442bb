"""Parts of pages that are dear to draw and seldom change, kept in Redis as they were drawn.

Only ever a shortcut: without Redis the part is drawn again. What is kept carries the version of
what it shows, so nothing has to be invalidated: whoever draws says whether it is still current.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from flask import current_app
from markupsafe import Markup
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

KEPT_S: Final = 3600

Draw = Callable[[str | None], tuple[str, str] | None]
"""Given the version that is kept: None when it is current, else the new version and the markup."""


def remembered(key: str, draw: Draw) -> Markup:
    """The part `key`, kept or drawn anew. The key names the reader; the markup is trusted."""
    name = f"part:{key}"
    kept = _read(name)
    if kept is not None:
        version, _, markup = kept.partition("\n")
        drawn = draw(version)
        if drawn is None:
            return Markup(markup)
    else:
        drawn = draw(None)
    if drawn is None:
        raise ValueError(f"{name}: nothing is kept, so it has to be drawn")
    _write(name, "\n".join(drawn))
    return Markup(drawn[1])


def _redis() -> Redis | None:
    found: Redis | None = current_app.extensions.get("redis")
    return found


def _read(name: str) -> str | None:
    redis = _redis()
    if redis is None:
        return None
    try:
        value = redis.get(name)
    except RedisError as error:
        log.debug("%s is drawn again, the cache is away: %s", name, error)
        return None
    return value.decode() if isinstance(value, bytes) else None


def _write(name: str, value: str) -> None:
    redis = _redis()
    if redis is None:
        return
    try:
        redis.set(name, value.encode(), ex=KEPT_S)
    except RedisError as error:
        log.debug("%s is not kept, the cache is away: %s", name, error)
