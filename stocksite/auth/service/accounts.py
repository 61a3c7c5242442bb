"""Accounts: opening, proving who one is, changing and closing them. All times are wall time.

**E-mail addresses cannot be found out here, because nothing depends on one.** Without mail an
address is never verified, so it identifies nobody: several accounts may carry the same one, and
logging in takes the username. The usual answer, pretending success for a taken address, only
moves the leak: the account that was "made" does not let its owner in. Usernames are public, so a
taken one is said plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from stocksite.auth import fields, passwords
from stocksite.auth.models import User
from stocksite.auth.readmodels import Profile
from stocksite.auth.service.people import ACTOR_COLUMNS, alive, own_row, to_actor
from stocksite.auth.service.sessions import end_all_sessions
from stocksite.auth.service.throttle import Throttle, wrong_credentials
from stocksite.auth.service.tokens import revoke_all_tokens
from stocksite.core.actor import Actor
from stocksite.core.errors import DomainError, FieldError, InvalidInput

on_registered: Final[list[Callable[[Session, Actor], None]]] = []
"""What higher rooms add to a registration, in its transaction. They append; auth never imports
them, because a room must not know the rooms above it."""

on_deleted: Final[list[Callable[[Session, Actor], None]]] = []
"""The same for the end of an account, before its personal fields are emptied."""

UNUSABLE_PASSWORD: Final = "!"


def register(
    session: Session,
    *,
    username: str,
    email: str,
    password: str,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
    time_zone: str = "America/New_York",
    theme: str = "system",
    gain_colors: str = "green",
    is_admin: bool = False,
    any_password: bool = False,
    welcome: bool = True,
) -> Actor:
    """Open an account and run `on_registered`. Raises InvalidInput naming every failed field.

    `is_admin`, `any_password` (skips the password rules: the demo account's is printed anyway) and
    `welcome` (False skips the hooks) are for commands; no form or JSON field reaches them.
    """
    values = {"username": username, "email": email, "first_name": first_name}
    values |= {"last_name": last_name, "time_zone": time_zone}
    values |= {"theme": theme, "gain_colors": gain_colors}
    problem = None if any_password else passwords.objection(password, (username, email))
    cleaned = fields.clean(
        values, fields.CHECKS, [FieldError("password", problem)] if problem else []
    )
    user = User(
        **cleaned,
        password_hash=passwords.hash_password(password),
        is_admin=is_admin,
        date_joined=now,
    )
    with _unique_username(session, user.username):
        session.add(user)
    actor = to_actor(_actor_row(session, user.id), "session")
    for hook in on_registered if welcome else ():
        hook(session, actor)
    return actor


def promote(session: Session, username: str) -> bool | None:
    """Make an account an administrator's; None when there is none of this name, False when it
    was one already. For commands: no form or JSON field reaches it.
    """
    user = session.scalar(
        select(User).where(func.lower(User.username) == _storable(username).lower(), alive())
    )
    if user is None:
        return None
    was, user.is_admin = user.is_admin, True
    return not was


def authenticate(
    session: Session,
    throttle: Throttle,
    *,
    username: str,
    password: str,
    address: str,
    now: datetime,
    via: str = "session",
) -> Actor:
    """Who this is. Raises Unauthenticated, the same for every reason and after the same work.

    Also TooManyRequests past five wrong attempts a minute, ProviderUnavailable without Redis.
    """
    with throttle.attempt(username, address):
        row = session.execute(
            select(*ACTOR_COLUMNS, User.password_hash).where(
                func.lower(User.username) == _storable(username).lower(), alive()
            )
        ).one_or_none()
        if not passwords.matches(password, row.password_hash if row else None) or row is None:
            raise wrong_credentials()
    changes: dict[str, Any] = {"last_login_at": now}
    if passwords.needs_rehash(row.password_hash):
        changes["password_hash"] = passwords.hash_password(password)
    session.execute(update(User).where(User.id == row.id).values(**changes))
    return to_actor(row, via)


def get_profile(session: Session, actor: Actor) -> Profile:
    """The actor's own account. Raises NotFound when it was closed in the meantime."""
    return _profile(own_row(session, actor))


def update_profile(session: Session, actor: Actor, changes: dict[str, str]) -> Profile:
    """Change some of username, e-mail, names, time zone, theme and gain colors.

    Raises InvalidInput naming every field that failed, and nothing is changed.
    """
    cleaned = fields.clean(changes, fields.CHECKS)
    user = own_row(session, actor, lock=True)
    with _unique_username(session, cleaned.get("username", user.username)):
        for name, value in cleaned.items():
            setattr(user, name, value)
    return _profile(user)


def change_password(
    session: Session,
    throttle: Throttle,
    actor: Actor,
    *,
    current: str,
    new: str,
    address: str,
    revoke_tokens: bool = False,
) -> tuple[str, ...]:
    """Set a new password; every session and JWT of the account dies, tokens when asked to.

    Returns the hashes of the ended sessions, the actor's own included: a copy of its cookie must
    die too, so the caller opens a new one. Raises InvalidInput for a wrong current password (it
    counts as an attempt) or an unfit new one.
    """
    user = _confirmed(session, throttle, actor, current, address, field="current_password")
    problem = passwords.objection(new, (user.username, user.email))
    if problem is None and new == current:
        problem = "This is the password you have now. Choose another one."
    fields.refuse([FieldError("new_password", problem)] if problem else [])
    user.password_hash = passwords.hash_password(new)
    user.credential_version += 1
    if revoke_tokens:
        revoke_all_tokens(session, user.id)
    session.flush()
    return end_all_sessions(session, user.id)


def delete_account(
    session: Session,
    throttle: Throttle,
    actor: Actor,
    *,
    password: str,
    address: str,
    now: datetime,
) -> tuple[str, ...]:
    """Close the account for good: personal fields emptied, sessions and tokens gone, row kept.

    `on_deleted` runs first, so higher rooms put away what belongs to the person. Returns the
    hashes of the ended sessions. Raises InvalidInput for a wrong password (it counts).
    """
    user = _confirmed(session, throttle, actor, password, address, field="password")
    for hook in on_deleted:
        hook(session, actor)
    user.username = f"deleted-{user.id}"
    user.email = user.first_name = user.last_name = ""
    user.password_hash = UNUSABLE_PASSWORD
    user.time_zone, user.theme, user.gain_colors = "America/New_York", "system", "green"
    user.is_active = user.is_admin = False
    user.credential_version += 1
    user.last_login_at = None
    user.deleted_at = now
    revoke_all_tokens(session, user.id)
    session.flush()
    return end_all_sessions(session, user.id)


def _confirmed(
    session: Session, throttle: Throttle, actor: Actor, password: str, address: str, *, field: str
) -> User:
    """The actor's locked row, once they have proved again that it is them."""
    with throttle.attempt(actor.username, address):
        user = own_row(session, actor, lock=True)
        if not passwords.matches(password, user.password_hash):
            raise InvalidInput.of_field(field, "This is not your current password.")
    return user


@contextmanager
def _unique_username(session: Session, username: str) -> Iterator[None]:
    """A savepoint around a write; the unique index decides, so two at once cannot both win."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        raise _taken(username) from error


def _taken(username: str) -> DomainError:
    return InvalidInput.of_field(
        "username", f"The name {username} is taken. Choose another one.", code="username-taken"
    )


def _storable(text: str) -> str:
    """What a query can carry: no name has a NUL or a lone surrogate, so none is missed."""
    return text.encode("ascii", "replace").decode().replace("\0", "?")[:200]


def _actor_row(session: Session, user_id: int) -> Any:
    return session.execute(select(*ACTOR_COLUMNS).where(User.id == user_id)).one()


def _profile(user: User) -> Profile:
    return Profile(
        id=user.id,
        username=user.username,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        time_zone=user.time_zone,
        theme=user.theme,
        gain_colors=user.gain_colors,
        date_joined=user.date_joined,
        last_login_at=user.last_login_at,
    )
