"""What an administrator may do to somebody's account: close it for a while, end its sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth.models import User, UserSession
from stocksite.auth.readmodels import SessionRead
from stocksite.auth.service.sessions import end_all_sessions, list_sessions
from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, NotFound


def set_active(
    session: Session, actor: Actor, user_id: int, active: bool
) -> tuple[str, tuple[str, ...]]:
    """Let an account in, or keep it out: its sessions and JWTs die at once, its tokens are refused
    while it is inactive. What it owns stays.

    Returns its name and the hashes of the ended sessions. Raises NotFound, or Conflict for
    oneself and for what is so already.
    """
    user = session.get(User, user_id, with_for_update=True)
    if user is None or user.deleted_at is not None:
        raise NotFound("There is no such account.")
    if user.id == actor.user_id:
        raise Conflict("You cannot deactivate yourself. Another administrator can.")
    if user.is_active == active:
        raise Conflict(f"{user.username} is {'active' if active else 'inactive'} already.")
    user.is_active = active
    if active:
        session.flush()
        return user.username, ()
    user.credential_version += 1
    session.flush()
    return user.username, end_all_sessions(session, user.id)


def end_sessions_of(
    session: Session, user_id: int, session_id: int | None = None
) -> tuple[str, ...]:
    """End one session of an account, or all; returns the ended hashes. Raises NotFound."""
    if session_id is None:
        return end_all_sessions(session, user_id)
    row = session.get(UserSession, session_id, with_for_update=True)
    if row is None or row.user_id != user_id:
        raise NotFound("There is no such session. It may have ended already.")
    session.delete(row)
    session.flush()
    return (row.token_hash,)


def sessions_of(session: Session, actor: Actor, user_id: int, now: datetime) -> list[SessionRead]:
    """The live sessions of an account; `is_current` marks the one that asks."""
    person = Actor(user_id, "", session_id=actor.session_id)
    return list(list_sessions(session, person, now=now))


def logged_in_at(session: Session, actor: Actor) -> datetime | None:
    """When the actor's browser logged in (wall time); None for a script."""
    if actor.session_id is None:
        return None
    return session.scalar(select(UserSession.created_at).where(UserSession.id == actor.session_id))
