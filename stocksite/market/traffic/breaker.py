"""The circuit breaker: a provider that keeps failing at something is left alone for a while.

State lives in Redis per (provider, capability): closed, open until a time, then half open: one
probe decides. Each time a probe fails the pause doubles. A bot challenge opens it for hours at
once, a refused key for an hour. That a symbol is unknown, or a quota used up, says nothing about
health and does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from stocksite.market.providers.errors import (
    BotChallenge,
    CircuitOpen,
    ControlUnavailable,
    InvalidCredentials,
    NotEntitled,
    ProviderError,
)


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When to open, and for how long."""

    failures: int = 4
    open_s: float = 60.0
    longest_s: float = 3600.0
    challenge_s: float = 12 * 3600.0
    credentials_s: float = 3600.0
    entitlement_s: float = 24 * 3600.0
    probe_s: float = 60.0
    """A probe that says nothing for this long is taken for dead."""


@dataclass(frozen=True, slots=True)
class BreakerState:
    """How a breaker stands: `closed`, `open` or `half-open`."""

    state: str
    failures: int
    opens_again_s: float
    reason: str


class Breaker:
    """Asked before, told after every request for a capability."""

    def __init__(self, redis: Redis, rules: BreakerRules | None = None) -> None:
        self._redis: Any = redis
        self.rules = rules or BreakerRules()

    def check(self, provider: str, capability: str) -> None:
        """Raises CircuitOpen while the pause lasts, or while somebody else's probe is out."""
        key = _key(provider, capability)
        try:
            reason, left_ms = self._redis.get(f"{key}:open"), self._redis.pttl(f"{key}:open")
            if reason is not None:
                raise CircuitOpen(provider, _text(reason), retry_after_s=max(0.0, left_ms / 1000))
            if not self._redis.exists(f"{key}:trips"):
                return
            probe_ms = int(self.rules.probe_s * 1000)
            if self._redis.set(f"{key}:probe", b"1", nx=True, px=probe_ms):
                return
        except RedisError:
            raise ControlUnavailable(provider, "the breaker cannot be read") from None
        raise CircuitOpen(provider, "one request is finding out whether it works again")

    def succeeded(self, provider: str, capability: str) -> None:
        """Close it, and forget failures."""
        key = _key(provider, capability)
        try:
            self._redis.delete(*(f"{key}:{part}" for part in ("failures", "trips", "probe")))
        except RedisError:
            return

    def failed(self, provider: str, capability: str, error: ProviderError) -> None:
        """Count a failure; open it when there are enough, or when one says all."""
        key = _key(provider, capability)
        try:
            if not error.breaks and not isinstance(error, NotEntitled):
                self._redis.delete(f"{key}:probe")
                return
            at_once = self._at_once(error)
            trips = int(self._redis.get(f"{key}:trips") or 0)
            failures = self._redis.incr(f"{key}:failures")
            self._redis.expire(f"{key}:failures", 3600)
            if at_once or trips or failures >= self.rules.failures:
                self._open(key, at_once or self._pause(trips), str(error))
        except RedisError:
            return

    def _open(self, key: str, seconds: float, reason: str) -> None:
        pipe = self._redis.pipeline()
        pipe.set(f"{key}:open", reason.encode(), px=max(1, int(seconds * 1000)))
        pipe.incr(f"{key}:trips")
        pipe.expire(f"{key}:trips", int(seconds + 86_400))
        pipe.delete(f"{key}:probe", f"{key}:failures")
        pipe.execute()

    def _pause(self, trips: int) -> float:
        doubled: float = self.rules.open_s * 2 ** min(trips, 12)
        return min(doubled, self.rules.longest_s)

    def _at_once(self, error: ProviderError) -> float:
        if isinstance(error, BotChallenge):
            return self.rules.challenge_s
        if isinstance(error, InvalidCredentials):
            return self.rules.credentials_s
        if isinstance(error, NotEntitled) and not error.timeframe:
            return self.rules.entitlement_s
        return 0.0

    def state(self, provider: str, capability: str) -> BreakerState:
        """How it stands. Raises RedisError."""
        key = _key(provider, capability)
        names = ("open", "trips", "failures")
        reason, trips, failures = self._redis.mget(*(f"{key}:{name}" for name in names))
        if reason is not None:
            left_s = max(0.0, self._redis.pttl(f"{key}:open") / 1000)
            return BreakerState("open", int(failures or 0), left_s, _text(reason))
        return BreakerState("half-open" if trips else "closed", int(failures or 0), 0.0, "")

    def reset(self, provider: str, capability: str) -> None:
        """Close it by hand. Raises RedisError."""
        key = _key(provider, capability)
        self._redis.delete(*(f"{key}:{part}" for part in ("open", "failures", "trips", "probe")))


def _key(provider: str, capability: str) -> str:
    return f"breaker:{provider}:{capability}"


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="replace")
