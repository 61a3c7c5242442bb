"""Personal tokens for scripts: made by their owner, shown once, revoked at any time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from stocksite.auth import fields
from stocksite.auth.models import PersonalToken
from stocksite.auth.readmodels import NewToken, TokenRead
from stocksite.auth.service.people import own_row
from stocksite.auth.service.secrets import digest, new_token
from stocksite.core.actor import Actor
from stocksite.core.errors import FieldError, NotFound, RuleViolation
from stocksite.core.paging import Page, PageRequest, paginate

MOST_TOKENS: Final = 50
LONGEST_DAYS: Final = 3_650
_CHECKS: Final = {"name": fields.label, "scope": fields.one_of(*fields.SCOPES)}


def create_token(
    session: Session,
    actor: Actor,
    *,
    name: str,
    scope: str = "write",
    expires_in_days: int | None = None,
    now: datetime,
) -> NewToken:
    """Make a token; its secret is in the answer and nowhere else.

    `scope` is `read` or `write`; `expires_in_days` 1 to 3650, or None for no end. Raises
    InvalidInput, and RuleViolation past 50 tokens or when a token asks for another.
    """
    if actor.via == "token":
        raise RuleViolation(
            "A personal token cannot make another one. Log in, or use a JWT from /api/token/.",
            code="token-not-enough",
        )
    cleaned = _clean(name, scope, expires_in_days)
    own_row(session, actor, lock=True)  # two requests at once must not both be the fiftieth
    held = session.scalar(select(func.count()).select_from(PersonalToken).where(_owned_by(actor)))
    if held is not None and held >= MOST_TOKENS:
        raise RuleViolation(
            f"You have {held} tokens; {MOST_TOKENS} is the most. Revoke one you no longer use.",
            code="too-many-tokens",
            members={"held": held, "limit": MOST_TOKENS},
        )
    secret, prefix = new_token()
    row = PersonalToken(
        user_id=actor.user_id,
        name=cleaned["name"],
        prefix=prefix,
        token_hash=digest(secret),
        scope=cleaned["scope"],
        created_at=now,
        expires_at=now + timedelta(days=expires_in_days) if expires_in_days else None,
    )
    session.add(row)
    session.flush()
    return NewToken(**asdict(_read(row, now)), token=secret)


def list_tokens(
    session: Session, actor: Actor, request: PageRequest | None = None, *, now: datetime
) -> Page[TokenRead]:
    """The actor's tokens, newest first: at most 50, so one page holds all unless told otherwise."""
    statement = select(PersonalToken).where(_owned_by(actor)).order_by(PersonalToken.id.desc())
    return paginate(
        session, statement, request or PageRequest(size=MOST_TOKENS), lambda row: _read(row[0], now)
    )


def get_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> TokenRead:
    """One of the actor's tokens. Raises NotFound for any other's."""
    row = session.scalar(
        select(PersonalToken).where(PersonalToken.id == token_id, _owned_by(actor))
    )
    if row is None:
        raise _no_such_token()
    return _read(row, now)


def revoke_token(session: Session, actor: Actor, token_id: int) -> None:
    """Remove a token: it stops working at once. Raises NotFound for any other's."""
    gone = session.scalar(
        delete(PersonalToken)
        .where(PersonalToken.id == token_id, _owned_by(actor))
        .returning(PersonalToken.id)
    )
    if gone is None:
        raise _no_such_token()


def revoke_all_tokens(session: Session, user_id: int) -> None:
    """Remove every token of a user."""
    session.execute(delete(PersonalToken).where(PersonalToken.user_id == user_id))


def _clean(name: str, scope: str, expires_in_days: int | None) -> dict[str, str]:
    problems: list[FieldError] = []
    if expires_in_days is not None and not 1 <= expires_in_days <= LONGEST_DAYS:
        problems.append(
            FieldError("expires_in_days", f"Use a whole number of days from 1 to {LONGEST_DAYS}.")
        )
    return fields.clean({"name": name, "scope": scope}, _CHECKS, problems)


def _owned_by(actor: Actor) -> ColumnElement[bool]:
    return PersonalToken.user_id == actor.user_id


def _no_such_token() -> NotFound:
    return NotFound("There is no such token. It may have been revoked already.")


def _read(row: PersonalToken, now: datetime) -> TokenRead:
    return TokenRead(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scope=row.scope,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        is_expired=row.expires_at is not None and row.expires_at <= now,
    )
