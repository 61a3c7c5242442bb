"""Guessing passwords is slow: five wrong ones a minute per account and per address, then a wait.

An attempt is counted before the password is looked at and given back when it was right, so a
burst of parallel guesses cannot slip past the count, and a person who logs in often is not
slowed. No lockout outlasts the minute. Without Redis nobody can count, so nobody gets in (503).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from stocksite.core.errors import ProviderUnavailable, TooManyRequests, Unauthenticated

ATTEMPTS: Final = 5
REGISTRATIONS: Final = 100
WINDOW_S: Final = 60


@dataclass(frozen=True)
class Throttle:
    """Counts attempts in Redis; `redis` None (none configured) fails closed like an outage."""

    redis: Redis | None

    @contextmanager
    def attempt(self, account: str, address: str) -> Iterator[None]:
        """Count one try at `account` from `address` around the check of a password.

        Raises TooManyRequests when five were wrong within the minute. Leaving the block normally
        gives the attempt back; leaving it with Unauthenticated or any other error keeps it.
        """
        keys = (_key("account", account.casefold()), _key("address", _network(address)))
        wait_s = self._enter(keys, ATTEMPTS)
        if wait_s:
            raise TooManyRequests(
                f"There were {ATTEMPTS} wrong attempts within a minute. "
                f"Wait {wait_s} s, then try again.",
                retry_after_s=wait_s,
                code="too-many-attempts",
            )
        yield
        self._give_back(keys)

    def registration(self, address: str) -> None:
        """Count one registration from `address`. Raises TooManyRequests past 100 in a minute."""
        wait_s = self._enter((_key("register", _network(address)),), REGISTRATIONS)
        if wait_s:
            raise TooManyRequests(
                f"More than {REGISTRATIONS} accounts were asked for from your address within a "
                f"minute. Wait {wait_s} s, then try again.",
                retry_after_s=wait_s,
                code="too-many-registrations",
            )

    def _enter(self, keys: tuple[str, ...], limit: int) -> int:
        """Count, or say how many seconds to wait (a refused attempt is not counted)."""
        try:
            pipe = self._connected().pipeline(transaction=True)
            for key in keys:
                pipe.set(key, 0, ex=WINDOW_S, nx=True)
                pipe.incr(key)
                pipe.ttl(key)
            replies: list[int] = pipe.execute()
        except RedisError as error:
            raise _away() from error
        counts, waits = replies[1::3], replies[2::3]
        over = [wait for count, wait in zip(counts, waits, strict=True) if count > limit]
        if over:
            self._give_back(keys)
            return max(1, *over)
        return 0

    def _give_back(self, keys: tuple[str, ...]) -> None:
        try:
            pipe = self._connected().pipeline(transaction=True)
            for key in keys:
                # The window may have ended meanwhile: then this makes a key, which must end too.
                pipe.decr(key)
                pipe.expire(key, WINDOW_S, nx=True)
            pipe.execute()
        except RedisError as error:
            raise _away() from error

    def _connected(self) -> Redis:
        if self.redis is None:
            raise _away()
        return self.redis


def wrong_credentials() -> Unauthenticated:
    """The one answer to an unknown name, a wrong password and a disabled account."""
    return Unauthenticated("The username or the password is not right.", code="invalid-credentials")


def _away() -> ProviderUnavailable:
    return ProviderUnavailable(
        "Passwords cannot be checked right now, because the service that counts attempts is out "
        "of reach. Try again in a minute."
    )


def _key(kind: str, value: str) -> str:
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"throttle:{kind}:{digest}"


def _network(address: str) -> str:
    """The address, or its /64: one IPv6 customer owns that many addresses."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or IPv6Network((ip, 64), strict=False))
    return str(ip)
