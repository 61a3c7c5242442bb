"""Browser sessions as rows: a cookie is only as good as its row, and the row can be ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from stocksite.auth import agents
from stocksite.auth.models import User, UserSession
from stocksite.auth.readmodels import SessionRead
from stocksite.auth.service.people import ACTOR_COLUMNS, alive, credential_version, to_actor
from stocksite.auth.service.secrets import digest, new_sid
from stocksite.core.actor import Actor
from stocksite.core.database import read
from stocksite.core.errors import NotFound

ABSOLUTE: Final = timedelta(days=30)
IDLE: Final = timedelta(days=14)
SEEN_EVERY: Final = timedelta(minutes=1)


def open_session(
    session: Session, actor: Actor, *, now: datetime, agent: str = "", address: str = ""
) -> str:
    """Record a browser that just logged in; returns the secret for its cookie (stored nowhere)."""
    sid = new_sid()
    session.add(
        UserSession(
            user_id=actor.user_id,
            token_hash=digest(sid),
            credential_version=credential_version(session, actor),
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
            agent=agents.keepable(agent),
            address=address[:45],
        )
    )
    session.flush()
    return sid


_HOLDER: Final = (
    select(*ACTOR_COLUMNS, UserSession.id.label("session_id"), UserSession.last_seen_at)
    .join(User, User.id == UserSession.user_id)
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.expires_at > bindparam("now"),
        UserSession.last_seen_at > bindparam("awake_since"),
        UserSession.credential_version == User.credential_version,
        alive(),
    )
)
"""Built once: every request of a browser asks it."""


def actor_of_session(session: Session, sid: str, *, now: datetime) -> Actor | None:
    """Who holds this cookie, in one query; None when the session has ended or expired.

    Writes `last_seen_at`, at most once a minute.
    """
    values = {"token_hash": digest(sid), "now": now, "awake_since": now - IDLE}
    row = read(session, _HOLDER, values).one_or_none()
    if row is None:
        return None
    if now - row.last_seen_at >= SEEN_EVERY:
        session.execute(
            update(UserSession).where(UserSession.id == row.session_id).values(last_seen_at=now)
        )
    return to_actor(row, "session", session_id=row.session_id)


def list_sessions(session: Session, actor: Actor, *, now: datetime) -> tuple[SessionRead, ...]:
    """The actor's live sessions, the current one first, then by last use."""
    rows = session.execute(
        select(UserSession)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.user_id == actor.user_id,
            UserSession.expires_at > now,
            UserSession.last_seen_at > now - IDLE,
            UserSession.credential_version == User.credential_version,
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    ).scalars()
    found = [_read(row, actor) for row in rows]
    return tuple(sorted(found, key=lambda read: not read.is_current))


def _read(row: UserSession, actor: Actor) -> SessionRead:
    return SessionRead(
        id=row.id,
        device=agents.describe(row.agent),
        address=row.address,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=min(row.expires_at, row.last_seen_at + IDLE),
        is_current=row.id == actor.session_id,
    )


def end_session(session: Session, actor: Actor, session_id: int) -> tuple[str, ...]:
    """End one of the actor's sessions. Raises NotFound for any other's.

    Returns the ended hashes, for `forget_sessions`; so do the other functions that end sessions.
    """
    ended = session.scalars(
        delete(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == actor.user_id)
        .returning(UserSession.token_hash)
    ).all()
    if not ended:
        raise NotFound("There is no such session. It may have ended already.")
    return tuple(ended)


def end_other_sessions(session: Session, actor: Actor) -> tuple[str, ...]:
    """End all of the actor's sessions but the one that asks (all, when a script asks)."""
    statement = delete(UserSession).where(UserSession.user_id == actor.user_id)
    if actor.session_id is not None:
        statement = statement.where(UserSession.id != actor.session_id)
    return tuple(session.scalars(statement.returning(UserSession.token_hash)).all())


def end_all_sessions(session: Session, user_id: int) -> tuple[str, ...]:
    """End every session of a user: after a password change or the end of the account."""
    statement = delete(UserSession).where(UserSession.user_id == user_id)
    return tuple(session.scalars(statement.returning(UserSession.token_hash)).all())


def close_session(session: Session, sid: str) -> tuple[str, ...]:
    """Log out: end the session behind this cookie, if there is one."""
    statement = delete(UserSession).where(UserSession.token_hash == digest(sid))
    return tuple(session.scalars(statement.returning(UserSession.token_hash)).all())


def purge_sessions(session: Session, *, now: datetime) -> int:
    """Remove rows that can never be used again; returns how many."""
    gone = session.scalars(
        delete(UserSession)
        .where(or_(UserSession.expires_at <= now, UserSession.last_seen_at <= now - IDLE))
        .returning(UserSession.id)
    ).all()
    return len(gone)
