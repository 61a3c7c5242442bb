"""The rate governor: no process sends a request before it has been counted in Redis.

Counting is the `limits` package's moving window, per provider and key. A request must fit every
window; background work also leaves each window's reserve free. What a server says about its own
limits becomes a cool-down that all processes keep. When Redis is away nothing can be counted, so
nothing is sent.

Redis keys: `governor:…` (the package's windows), `cooldown:{owner}`, `refused:{owner}:{feature}`.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from stocksite.market.providers.errors import (
    ControlUnavailable,
    ProviderError,
    QuotaExhausted,
    RateLimited,
)
from stocksite.market.traffic.accounts import MARGIN_S, Account, Window

PROBE_AFTER_S = 3600.0
"""After a daily notice: the hour of the reset is not documented, so ask again hourly."""
COOLDOWN_MIN_S, COOLDOWN_MAX_S = 15.0, 60.0
RETRY_AFTER_MAX_S = 900.0
"""A server may ask for more patience than this; it is asked again then, and says so again."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of a window is left."""

    window: Window
    left: int
    reset_s: float


class Governor:
    """Hands out permissions to send one request."""

    def __init__(
        self,
        redis: Redis,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._sleep = sleep
        self._made: MovingWindowRateLimiter | None = None

    def take(self, account: Account, *, interactive: bool = False, patience_s: float = 0.0) -> None:
        """Count one request, waiting up to `patience_s` for room.

        Raises RateLimited or QuotaExhausted with the time to wait, ControlUnavailable without
        Redis.
        """
        deadline = self._clock() + patience_s
        while True:
            with _counted(account.provider):
                refusal = self._cooling(account) or self._try(account, interactive)
            if refusal is None:
                return
            refusal.asked = False
            wait_s = refusal.retry_after_s or 1.0
            left_s = deadline - self._clock()
            if wait_s > left_s or isinstance(refusal, QuotaExhausted):
                raise refusal
            self._sleep(min(left_s, wait_s + random.uniform(0, 0.1)))

    def _try(self, account: Account, interactive: bool) -> ProviderError | None:
        """Count it in every window, or in none and say why."""
        with self._alone(account):
            for window in account.windows:
                need = 1 if interactive else min(1 + window.reserve, window.amount)
                if not self._limiter.test(_item(window), account.owner, cost=need):
                    return self._full(account, window, need)
            # A hit on several windows is not atomic; alone with the counters it cannot fail
            # half-way, and the longest goes first should the lock have run out.
            for window in account.windows:
                if not self._limiter.hit(_item(window), account.owner):
                    return self._full(account, window, 1)
        return None

    @contextmanager
    def _alone(self, account: Account) -> Iterator[None]:
        if len(account.windows) < 2:
            yield
            return
        lock = self._redis.lock(f"governor:lock:{account.owner}", timeout=5, blocking_timeout=5)
        with lock:
            yield

    def _full(self, account: Account, window: Window, need: int) -> ProviderError:
        stats = self._limiter.get_window_stats(_item(window), account.owner)
        wait_s = max(0.02, stats.reset_time - time.time())
        text = f"{window} are used up" if need == 1 else f"what is left of {window} is reserved"
        if window.seconds >= 86_400:
            return QuotaExhausted(account.provider, text, retry_after_s=wait_s)
        return RateLimited(account.provider, text, scope=window.scope, retry_after_s=wait_s)

    @property
    def _limiter(self) -> MovingWindowRateLimiter:
        if self._made is None:
            storage = RedisStorage(
                "redis://", connection_pool=self._redis.connection_pool, key_prefix="governor"
            )
            self._made = MovingWindowRateLimiter(storage)
        return self._made

    def learn(self, account: Account, error: ProviderError) -> None:
        """Keep the cool-down that a provider's own refusal asks for."""
        if isinstance(error, QuotaExhausted):
            seconds = max(PROBE_AFTER_S, error.retry_after_s or 0.0)
        elif isinstance(error, RateLimited):
            told = error.retry_after_s
            seconds = random.uniform(COOLDOWN_MIN_S, COOLDOWN_MAX_S) if told is None else told
            if error.scope == "second":
                seconds = min(seconds, 2.0) if told is None else seconds
        else:
            return
        kind = "day" if isinstance(error, QuotaExhausted) else "cooldown"
        facts = json.dumps({"scope": kind, "text": error.text})
        limit = PROBE_AFTER_S if kind == "day" else RETRY_AFTER_MAX_S
        with _counted(account.provider):
            self._redis.set(
                f"cooldown:{account.owner}", facts, px=int(1000 * min(max(seconds, 0.05), limit))
            )

    def _cooling(self, account: Account) -> ProviderError | None:
        key = f"cooldown:{account.owner}"
        facts = self._redis.get(key)
        if facts is None:
            return None
        left_ms = self._redis.pttl(key)
        wait_s = max(0.02, int(left_ms) / 1000)
        told = json.loads(facts)
        text = f"the provider asked for a pause: {told['text']}"
        if told["scope"] == "day":
            return QuotaExhausted(account.provider, text, retry_after_s=wait_s)
        return RateLimited(account.provider, text, scope="cooldown", retry_after_s=wait_s)

    def refuse(self, account: Account, feature: str, seconds: int) -> None:
        """Remember that this key's plan lacks a feature, so that it is not asked for again."""
        with _counted(account.provider):
            self._redis.set(f"refused:{account.owner}:{feature}", b"1", ex=seconds)

    def refused(self, account: Account, feature: str) -> bool:
        """Whether the plan was found to lack a feature."""
        with _counted(account.provider):
            return bool(self._redis.exists(f"refused:{account.owner}:{feature}"))

    def budget(self, account: Account) -> tuple[list[Budget], float]:
        """What is left of every window, and the seconds of a cool-down (0 for none)."""
        with _counted(account.provider):
            cooling = self._cooling(account)
            budgets = []
            for window in account.windows:
                stats = self._limiter.get_window_stats(_item(window), account.owner)
                left = max(0, stats.remaining)
                reset_s = max(0.0, stats.reset_time - time.time())
                budgets.append(Budget(window, left, reset_s if left < window.amount else 0.0))
        return budgets, (cooling.retry_after_s or 0.0) if cooling else 0.0


def _item(window: Window) -> RateLimitItem:
    return RateLimitItemPerSecond(window.amount, window.seconds + MARGIN_S)


@contextmanager
def _counted(provider: str) -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise ControlUnavailable(
            provider, f"requests cannot be counted, so none is made ({type(error).__name__})"
        ) from None
