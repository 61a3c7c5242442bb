"""Bearer tokens: short-lived JWTs in the shapes of simplejwt, and personal tokens.

HS256 only, whatever the token's header says, with a key of its own. Our claims besides the usual:
`aud`, and `ver`, the account's credential version, which a password change outdates.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from stocksite.auth.models import PersonalToken, User
from stocksite.auth.readmodels import TokenPair
from stocksite.auth.service.people import ACTOR_COLUMNS, alive, credential_version, to_actor
from stocksite.auth.service.secrets import TOKEN_MARK, digest
from stocksite.core.actor import Actor

ALGORITHM: Final = "HS256"
AUDIENCE: Final = "stocksite"
ACCESS_FOR: Final = timedelta(minutes=5)
REFRESH_FOR: Final = timedelta(days=1)
USED_EVERY: Final = timedelta(minutes=1)
_LONGEST: Final = 4_096
_USER_ID: Final = re.compile(r"[0-9]{1,18}")

INVALID: Final = "Token is invalid"
EXPIRED: Final = "Token is expired"
WRONG_TYPE: Final = "Token has wrong type"
_CLAIMS: Final = ("token_type", "exp", "iat", "jti", "user_id", "aud", "ver")


class BearerRefusal(Exception):
    """Why a token was refused, in the words existing clients look for.

    `reason` is about the token itself; `account` is set instead when the token is in order but
    the account behind it is not: (`detail`, `code`).
    """

    def __init__(self, reason: str, account: tuple[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.account = account


def issue_tokens(session: Session, actor: Actor, *, key: str, now: datetime) -> TokenPair:
    """A refresh and an access token for somebody who just proved who they are."""
    version = credential_version(session, actor)
    return TokenPair(
        refresh=_encode("refresh", actor.user_id, version, key, now, REFRESH_FOR),
        access=_encode("access", actor.user_id, version, key, now, ACCESS_FOR),
    )


def refresh_access(session: Session, token: str, *, key: str, now: datetime) -> str:
    """A new access token for a refresh token. Raises BearerRefusal."""
    claims = _decode(token, key, now)
    if claims["token_type"] != "refresh":
        raise BearerRefusal(WRONG_TYPE)
    row = _account(session, claims)
    if row is None or not row.is_active or row.deleted_at is not None:
        raise BearerRefusal(
            INVALID, ("No active account found for the given token.", "no_active_account")
        )
    if row.credential_version != claims["ver"]:
        raise BearerRefusal(INVALID)
    return _encode("access", row.id, row.credential_version, key, now, ACCESS_FOR)


def verify_token(session: Session, token: str, *, key: str, now: datetime) -> None:
    """Whether a token of either type would be honored now. Raises BearerRefusal if not."""
    claims = _decode(token, key, now)
    live = session.scalar(
        select(User.id).where(
            User.id == claims["user_id"], User.credential_version == claims["ver"], alive()
        )
    )
    if live is None:
        raise BearerRefusal(INVALID)


def actor_of_bearer(session: Session, token: str, *, key: str, now: datetime) -> Actor:
    """Who sends this bearer token, JWT or personal. One query; raises BearerRefusal."""
    if token.startswith(TOKEN_MARK):
        return _actor_of_personal(session, token, now)
    claims = _decode(token, key, now)
    if claims["token_type"] != "access":
        raise BearerRefusal(WRONG_TYPE)
    row = _account(session, claims)
    if row is None or row.deleted_at is not None:
        raise BearerRefusal(INVALID, ("User not found", "user_not_found"))
    if not row.is_active:
        raise BearerRefusal(INVALID, ("User is inactive", "user_inactive"))
    if row.credential_version != claims["ver"]:
        raise BearerRefusal(INVALID, ("The user's password has been changed.", "password_changed"))
    return to_actor(row, "jwt")


def _actor_of_personal(session: Session, token: str, now: datetime) -> Actor:
    row = session.execute(
        select(
            *ACTOR_COLUMNS,
            PersonalToken.id.label("token_id"),
            PersonalToken.scope,
            PersonalToken.expires_at,
            PersonalToken.last_used_at,
        )
        .join(User, User.id == PersonalToken.user_id)
        .where(PersonalToken.token_hash == digest(token), alive())
    ).one_or_none()
    if row is None:
        raise BearerRefusal(INVALID)
    if row.expires_at is not None and row.expires_at <= now:
        raise BearerRefusal(EXPIRED)
    if row.last_used_at is None or now - row.last_used_at >= USED_EVERY:
        session.execute(
            update(PersonalToken).where(PersonalToken.id == row.token_id).values(last_used_at=now)
        )
    return to_actor(row, "token", scope=row.scope)


def _account(session: Session, claims: dict[str, Any]) -> Any:
    return session.execute(
        select(*ACTOR_COLUMNS, User.credential_version, User.is_active, User.deleted_at).where(
            User.id == claims["user_id"]
        )
    ).one_or_none()


def _encode(
    kind: str, user_id: int, version: int, key: str, now: datetime, lasts: timedelta
) -> str:
    claims = {
        "token_type": kind,
        "exp": int((now + lasts).timestamp()),
        "iat": int(now.timestamp()),
        "jti": uuid.uuid4().hex,
        "user_id": str(user_id),
        "aud": AUDIENCE,
        "ver": version,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def _decode(token: str, key: str, now: datetime) -> dict[str, Any]:
    """The claims of a token we signed and that has not expired, `user_id` as a number."""
    if len(token) > _LONGEST or not token.isascii():
        raise BearerRefusal(INVALID)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            # The clock is ours to read, below; PyJWT would look at its own.
            options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, ValueError):
        raise BearerRefusal(INVALID) from None
    user_id, version, expires = claims["user_id"], claims["ver"], claims["exp"]
    if not (isinstance(user_id, str) and _USER_ID.fullmatch(user_id)):
        raise BearerRefusal(INVALID)
    if not (isinstance(version, int) and isinstance(expires, int)):
        raise BearerRefusal(INVALID)
    if expires <= now.timestamp():
        raise BearerRefusal(EXPIRED)
    return {**claims, "user_id": int(user_id)}
