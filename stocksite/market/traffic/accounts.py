"""Whose requests are counted together: a provider, the key it is asked with, and its limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stocksite.market.providers.redaction import Secret

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_WINDOW = re.compile(r"(\d{1,6})/(?:(\d{1,7})|(second|minute|hour|day))")

MARGIN_S = 1
"""Every window is kept this much longer than stated: requests arrive later than they leave."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """At most `amount` requests in any `seconds`."""

    seconds: int
    amount: int

    @property
    def reserve(self) -> int:
        """Requests that background work leaves for people who are waiting."""
        if self.seconds >= 3600:
            return self.amount * 2 // 5
        return self.amount // 5 if self.seconds >= 60 else 0

    @property
    def scope(self) -> str:
        """`second`, `minute`, `hour` or `day`: the nearest of them that is not shorter."""
        return next((name for name, s in _SECONDS.items() if self.seconds <= s), "day")

    def __str__(self) -> str:
        named = {seconds: word for word, seconds in _SECONDS.items()}
        within = named.get(self.seconds)
        return f"{self.amount:,} a {within}" if within else f"{self.amount:,} in {self.seconds} s"


def parse_windows(text: str) -> tuple[Window, ...]:
    """`25/day 1/second 5/90` → windows, longest first. Raises ValueError naming the wrong word."""
    windows = []
    for word in text.replace(",", " ").split():
        found = _WINDOW.fullmatch(word)
        amount = int(found[1]) if found else 0
        seconds = (int(found[2]) if found[2] else _SECONDS[found[3]]) if found else 0
        if not amount or not seconds:
            raise ValueError(f"{word!r} is no limit; write it like 25/day, 5/minute or 5/90")
        windows.append(Window(seconds, amount))
    return tuple(sorted(windows, reverse=True))


@dataclass(frozen=True, slots=True)
class Account:
    """A provider as one installation uses it."""

    provider: str
    base_url: str
    key: Secret | None
    windows: tuple[Window, ...]

    @property
    def owner(self) -> str:
        """Names the counters: the provider and its key's digest, never the key."""
        return f"{self.provider}:{self.key.digest if self.key else 'nokey'}"
