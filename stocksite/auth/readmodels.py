"""What the services of this room return: frozen, safe to show to the person they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as they see themselves. Times are wall time, UTC."""

    id: int
    username: str
    email: str
    first_name: str
    last_name: str
    time_zone: str
    theme: str
    gain_colors: str
    date_joined: datetime
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRead:
    """A browser that is logged in."""

    id: int
    device: str
    """Browser and system in words, such as `Firefox on Linux`."""
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class TokenRead:
    """A personal token without its secret; `prefix` is what its owner recognizes it by."""

    id: int
    name: str
    prefix: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    is_expired: bool


@dataclass(frozen=True, slots=True)
class NewToken(TokenRead):
    """A token just made: the only time its secret is seen."""

    token: str


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A JWT to act with for five minutes, and one to get the next with for a day."""

    refresh: str
    access: str
