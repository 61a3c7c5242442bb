"""Single flight: of many equal requests at once, in however many processes, one is made.

The leader holds a lock in Redis and leaves a note of how it ended; whoever comes while the note
lives is a follower and finds the result where the leader stored it. Threads of one process queue
up behind one of them before they ask Redis at all.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from redis import Redis
from redis.exceptions import RedisError

from stocksite.market.providers.errors import ControlUnavailable, ProviderError, revive

T = TypeVar("T")

_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Flight(Generic[T]):
    """How it went for one caller.

    `led`: this caller did the work, `value` is its result. `followed`: somebody else did, and
    what they stored is there. `pending`: it is still under way; show what is stored, as stale.
    """

    status: str
    value: T | None = None


class SingleFlight:
    """Runs work once for all who ask for the same thing at the same time."""

    def __init__(self, redis: Redis, *, longest_s: float = 120.0) -> None:
        self._redis: Any = redis
        self._longest_ms = int(longest_s * 1000)
        self._mine: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def run(
        self,
        key: str,
        work: Callable[[], T],
        *,
        fresh_s: float,
        failed_s: float = 5.0,
        wait_s: float = 2.0,
    ) -> Flight[T]:
        """Do `work` unless somebody is doing it or has done it within `fresh_s` seconds.

        `work` must have stored its result before it returns. A failure is everybody's for
        `failed_s` seconds (or as long as it says itself, up to a minute): the same ProviderError
        is raised. Raises ControlUnavailable without Redis.
        """
        deadline = time.monotonic() + wait_s
        local = self._local(key)
        if not local.acquire(timeout=wait_s):
            return Flight("pending")
        try:
            return self._fly(f"flight:{key}", work, fresh_s, failed_s, deadline)
        except RedisError:
            pass
        finally:
            local.release()
        raise ControlUnavailable("redis", "nobody can say whether this is being fetched already")

    def _local(self, key: str) -> threading.Lock:
        with self._guard:
            if len(self._mine) > 10_000:
                self._mine = {k: v for k, v in self._mine.items() if v.locked()}
            return self._mine.setdefault(key, threading.Lock())

    def _fly(
        self, key: str, work: Callable[[], T], fresh_s: float, failed_s: float, deadline: float
    ) -> Flight[T]:
        token = uuid.uuid4().hex
        while True:
            note = self._redis.get(f"{key}:note")
            if note is not None:
                return _followed(note)
            if self._redis.set(f"{key}:lock", token, nx=True, px=self._longest_ms):
                break
            if time.monotonic() >= deadline:
                return Flight("pending")
            time.sleep(_POLL_S)
        try:
            # The note may have been left between our look and our lock.
            note = self._redis.get(f"{key}:note")
            return _followed(note) if note is not None else self._lead(key, work, fresh_s, failed_s)
        finally:
            self._redis.eval(_UNLOCK, 1, f"{key}:lock", token)

    def _lead(self, key: str, work: Callable[[], T], fresh_s: float, failed_s: float) -> Flight[T]:
        try:
            value = work()
        except ProviderError as error:
            seconds = min(60.0, max(failed_s, error.retry_after_s or 0.0))
            self._note(key, {"error": error.as_dict()}, seconds)
            raise
        self._note(key, {}, fresh_s)
        return Flight("led", value)

    def _note(self, key: str, facts: dict[str, Any], seconds: float) -> None:
        self._redis.set(f"{key}:note", json.dumps(facts), px=max(1, int(seconds * 1000)))

    def forget(self, key: str) -> None:
        """Let the next caller fetch again. Raises RedisError."""
        self._redis.delete(f"flight:{key}:note")


def _followed(note: bytes) -> Flight[T]:
    facts = json.loads(note)
    if "error" in facts:
        raise revive(facts["error"])
    return Flight("followed")
