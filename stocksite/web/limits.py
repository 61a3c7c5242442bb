"""How often the JSON API may be called: per person, else per address; told in every answer.

Counting is Flask-Limiter's (its storage and strategy); the common limit lets requests pass while
its storage is away, a limit of an operation's own does not.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Final

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from packaging.version import Version
from redis.exceptions import RedisError

from stocksite.core.errors import TooManyRequests
from stocksite.web import extensions
from stocksite.web.operation import Operation

PEOPLE: Final = "6000 per minute"
STRANGERS: Final = "600 per minute"
_TESTS: Final = "1000000 per minute"

_parse = lru_cache(maxsize=64)(parse)


class _Counters(RedisStorage):
    """The storage of all `redis` addresses, which needs one client.

    The original also imports that of Valkey where it finds it.
    """

    STORAGE_SCHEME = ["redis", "rediss", "redis+unix"]  # noqa: RUF012 - as declared there
    DEPENDENCIES: dict[str, Version | None] = {"redis": Version("3.0")}  # noqa: RUF012


def check_common() -> None:
    """Count this request. Raises TooManyRequests when the common limit is reached."""
    known = current_user.is_authenticated
    limit = current_app.config["API_LIMIT_PEOPLE" if known else "API_LIMIT_STRANGERS"]
    try:
        _count(limit, "api")
    except RedisError as error:
        current_app.logger.warning("requests are not counted, the storage is away: %s", error)


def check_own(operation: Operation) -> None:
    """Count what has a limit of its own, once it is known who asks. Raises TooManyRequests."""
    if operation.limit:
        _count(operation.limit, str(request.endpoint))


def _count(limit: str, scope: str) -> None:
    if not extensions.limiter.enabled:
        return
    known = current_user.is_authenticated
    who = f"user:{current_user.get_id()}" if known else f"address:{request.remote_addr}"
    item, identifiers = _parse(limit), (scope, who)
    allowed = extensions.limiter.limiter.hit(item, *identifiers)
    g.rate_limit = (item, identifiers)
    if not allowed:
        _, wait_s = remaining(item, identifiers)
        raise TooManyRequests(
            f"At most {item.amount:,} requests per {_period(item)} are answered here. "
            f"Wait {wait_s} s, then go on.",
            retry_after_s=wait_s,
        )


def remaining(item: RateLimitItem, identifiers: tuple[str, str]) -> tuple[int, int]:
    """Requests left, and whole seconds until there are more."""
    stats = extensions.limiter.limiter.get_window_stats(item, *identifiers)
    return max(0, stats.remaining), max(1, round(stats.reset_time - time.time()))


def _period(item: RateLimitItem) -> str:
    name: str = item.GRANULARITY.name
    return f"{item.multiples} {name}s" if item.multiples > 1 else name


def _tell(response: Response) -> Response:
    counted = g.get("rate_limit")
    if counted is None:
        return response
    item, identifiers = counted
    try:
        left, reset_s = remaining(item, identifiers)
    except RedisError:
        return response
    response.headers["RateLimit-Limit"] = str(item.amount)
    response.headers["RateLimit-Remaining"] = str(left)
    response.headers["RateLimit-Reset"] = str(reset_s)
    return response


def init_app(app: Flask) -> None:
    """Set the limits and tell them in every answer that was counted."""
    tests = app.testing
    app.config.setdefault("API_LIMIT_PEOPLE", _TESTS if tests else PEOPLE)
    app.config.setdefault("API_LIMIT_STRANGERS", _TESTS if tests else STRANGERS)
    app.after_request(_tell)
