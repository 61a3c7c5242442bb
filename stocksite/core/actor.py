"""Who is acting: what services get instead of a request or a user row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A logged-in person or their script. Also serves Flask-Login as `current_user`."""

    user_id: int
    username: str
    is_admin: bool = False
    via: str = "session"
    """`session` (browser), `jwt` or `token` (personal token)."""
    scope: str = "write"
    """`read` forbids every unsafe method."""
    session_id: int | None = None
    """Row of the browser session, when there is one."""
    time_zone: str = "America/New_York"
    theme: str = "system"
    gain_colors: str = "green"

    @property
    def is_authenticated(self) -> bool:
        """Flask-Login asks; an Actor always is."""
        return True

    @property
    def is_active(self) -> bool:
        """Inactive users never become an Actor."""
        return True

    @property
    def is_anonymous(self) -> bool:
        """Flask-Login asks; an Actor never is."""
        return False

    def get_id(self) -> str:
        """What Flask-Login stores; our session cookie carries its own token, so only a label."""
        return str(self.user_id)
