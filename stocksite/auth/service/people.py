"""What the other services of this room need to know about a user row."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.core.actor import Actor
from stocksite.core.errors import NotFound

ACTOR_COLUMNS: Final = (
    User.id,
    User.username,
    User.is_admin,
    User.time_zone,
    User.theme,
    User.gain_colors,
)


def alive() -> ColumnElement[bool]:
    """Accounts that may act."""
    return and_(User.is_active, User.deleted_at.is_(None))


def to_actor(row: Any, via: str, *, scope: str = "write", session_id: int | None = None) -> Actor:
    """An Actor from a result row that holds ACTOR_COLUMNS under their names."""
    return Actor(
        user_id=row.id,
        username=row.username,
        is_admin=row.is_admin,
        via=via,
        scope=scope,
        session_id=session_id,
        time_zone=row.time_zone,
        theme=row.theme,
        gain_colors=row.gain_colors,
    )


def own_row(session: Session, actor: Actor, *, lock: bool = False) -> User:
    """The actor's user row, locked on demand. Raises NotFound when the account was closed."""
    statement = select(User).where(User.id == actor.user_id, alive())
    user = session.scalar(statement.with_for_update() if lock else statement)
    if user is None:
        raise NotFound("This account has been closed.")
    return user


def credential_version(session: Session, actor: Actor) -> int:
    """The version sessions and JWTs are bound to. Raises NotFound for a closed account."""
    version = session.scalar(
        select(User.credential_version).where(User.id == actor.user_id, alive())
    )
    if version is None:
        raise NotFound("This account has been closed.")
    return version
