from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.models import PersonalToken, User
from stocksite.auth.service import BearerRefusal
from stocksite.auth.service.secrets import digest
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import InvalidInput, NotFound, RuleViolation

NOW = wall_now()
KEY = "a key of at least thirty-two bytes"
OTHER_KEY = "b key of at least thirty-two bytes"


def refused(session: Session, token: str, **more: Any) -> BearerRefusal:
    with pytest.raises(BearerRefusal) as raised:
        service.actor_of_bearer(session, token, key=KEY, now=more.get("now", NOW))
    return raised.value


# --- personal tokens ------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_digest(session: Session, actor: Actor) -> None:
    made = service.create_token(session, actor, name=" notebook ", scope="read", now=NOW)
    row = session.scalar(select(PersonalToken))
    assert row is not None
    assert made.token.startswith("ss_")
    assert made.token.startswith(made.prefix)
    assert len(made.prefix) == 11
    assert len(made.token) >= 11 + 43
    assert row.token_hash == digest(made.token)
    assert made.token not in repr(vars(row))
    assert (made.name, made.scope, made.expires_at) == ("notebook", "read", None)
    listed = service.list_tokens(session, actor, now=NOW).results
    assert [read.id for read in listed] == [made.id]
    assert not hasattr(listed[0], "token")


def test_a_token_acts_as_its_owner(session: Session, actor: Actor) -> None:
    made = service.create_token(session, actor, name="x", scope="read", now=NOW)
    found = service.actor_of_bearer(session, made.token, key=KEY, now=NOW)
    assert (found.user_id, found.via, found.scope) == (actor.user_id, "token", "read")
    assert refused(session, made.token[:-1]).reason == "Token is invalid"
    assert refused(session, made.prefix).reason == "Token is invalid"
    assert refused(session, digest(made.token)).reason == "Token is invalid"


def test_last_used_is_written_once_a_minute(session: Session, actor: Actor) -> None:
    made = service.create_token(session, actor, name="x", now=NOW)
    for seconds, seen in ((0, 0), (59, 0), (60, 60), (61, 60)):
        service.actor_of_bearer(session, made.token, key=KEY, now=NOW + timedelta(seconds=seconds))
        used = session.scalar(select(PersonalToken.last_used_at))
        assert used == NOW + timedelta(seconds=seen)


def test_a_token_expires(session: Session, actor: Actor) -> None:
    made = service.create_token(session, actor, name="x", expires_in_days=1, now=NOW)
    before, after = NOW + timedelta(hours=23), NOW + timedelta(days=1)
    assert service.actor_of_bearer(session, made.token, key=KEY, now=before)
    assert refused(session, made.token, now=after).reason == "Token is expired"
    assert service.get_token(session, actor, made.id, now=after).is_expired


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": NOW}])
def test_a_token_dies_with_its_account(
    session: Session, actor: Actor, change: dict[str, Any]
) -> None:
    made = service.create_token(session, actor, name="x", now=NOW)
    session.execute(update(User).where(User.id == actor.user_id).values(**change))
    assert refused(session, made.token).reason == "Token is invalid"


def test_tokens_belong_to_one_person(session: Session, make_user: Callable[..., Actor]) -> None:
    owner, stranger = make_user(), make_user()
    made = service.create_token(session, owner, name="x", now=NOW)
    assert service.list_tokens(session, stranger, now=NOW).count == 0
    with pytest.raises(NotFound):
        service.get_token(session, stranger, made.id, now=NOW)
    with pytest.raises(NotFound):
        service.revoke_token(session, stranger, made.id)
    service.revoke_token(session, owner, made.id)
    assert refused(session, made.token).reason == "Token is invalid"
    with pytest.raises(NotFound):
        service.revoke_token(session, owner, made.id)


def test_a_token_cannot_make_tokens(session: Session, actor: Actor) -> None:
    script = Actor(actor.user_id, actor.username, via="token")
    with pytest.raises(RuleViolation, match="cannot make another"):
        service.create_token(session, script, name="x", now=NOW)


def test_fifty_tokens_are_the_most(session: Session, actor: Actor) -> None:
    for number in range(50):
        service.create_token(session, actor, name=f"token {number}", now=NOW)
    with pytest.raises(RuleViolation, match="50") as raised:
        service.create_token(session, actor, name="one more", now=NOW)
    assert raised.value.members == {"held": 50, "limit": 50}
    assert service.list_tokens(session, actor, now=NOW).count == 50


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "x", "scope": "admin"}, "scope"),
        ({"name": "x", "expires_in_days": 0}, "expires_in_days"),
        ({"name": "x", "expires_in_days": -1}, "expires_in_days"),
        ({"name": "x", "expires_in_days": 10**200}, "expires_in_days"),
    ],
)
def test_wrong_tokens_are_not_made(
    session: Session, actor: Actor, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        service.create_token(session, actor, **values, now=NOW)
    assert raised.value.fields[0].field == field
    assert service.list_tokens(session, actor, now=NOW).count == 0


# --- JWT ------------------------------------------------------------------------------------------


def test_claims(session: Session, actor: Actor) -> None:
    pair = service.issue_tokens(session, actor, key=KEY, now=NOW)
    for token, kind, lasts in ((pair.access, "access", 300), (pair.refresh, "refresh", 86_400)):
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
        claims = jwt.decode(token, KEY, algorithms=["HS256"], audience="stocksite")
        assert set(claims) == {"token_type", "exp", "iat", "jti", "user_id", "aud", "ver"}
        assert claims["token_type"] == kind
        assert claims["user_id"] == str(actor.user_id)
        assert claims["exp"] - claims["iat"] == lasts
    again = service.issue_tokens(session, actor, key=KEY, now=NOW)
    assert again.access != pair.access  # jti


def test_access_lives_five_minutes_refresh_a_day(session: Session, actor: Actor) -> None:
    pair = service.issue_tokens(session, actor, key=KEY, now=NOW)
    for seconds in (0, 298):
        later = NOW + timedelta(seconds=seconds)
        found = service.actor_of_bearer(session, pair.access, key=KEY, now=later)
        assert (found.user_id, found.via) == (actor.user_id, "jwt")
    assert refused(session, pair.access, now=NOW + timedelta(seconds=301)).reason == (
        "Token is expired"
    )
    later = NOW + timedelta(hours=23)
    access = service.refresh_access(session, pair.refresh, key=KEY, now=later)
    assert service.actor_of_bearer(session, access, key=KEY, now=later).user_id == actor.user_id
    with pytest.raises(BearerRefusal, match="Token is expired"):
        service.refresh_access(
            session, pair.refresh, key=KEY, now=NOW + timedelta(days=1, seconds=1)
        )


def test_types_are_not_mixed_up(session: Session, actor: Actor) -> None:
    pair = service.issue_tokens(session, actor, key=KEY, now=NOW)
    assert refused(session, pair.refresh).reason == "Token has wrong type"
    with pytest.raises(BearerRefusal, match="Token has wrong type"):
        service.refresh_access(session, pair.access, key=KEY, now=NOW)
    for token in (pair.access, pair.refresh):
        service.verify_token(session, token, key=KEY, now=NOW)


def forged(actor: Actor, key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    claims: dict[str, Any] = {
        "token_type": "access",
        "exp": int(NOW.timestamp()) + 300,
        "iat": int(NOW.timestamp()),
        "jti": "x",
        "user_id": str(actor.user_id),
        "aud": "stocksite",
        "ver": 1,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm)


def test_the_forgery_itself_is_sound(session: Session, actor: Actor) -> None:
    assert service.actor_of_bearer(session, forged(actor), key=KEY, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": OTHER_KEY},
        {"key": KEY * 2, "algorithm": "HS512"},
        {"aud": "elsewhere"},
        {"aud": None},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"ver": None},
        {"user_id": None},
        {"token_type": None},
        {"user_id": 1},
        {"user_id": "1 OR 1=1"},
        {"user_id": "9" * 200},
        {"user_id": "١"},
        {"user_id": ["1"]},
        {"ver": "1"},
        {"exp": "never"},
        {"exp": 1e400},
        {"nbf": int(NOW.timestamp()) + 86_400},
    ],
)
def test_forged_tokens_are_invalid(session: Session, actor: Actor, changes: dict[str, Any]) -> None:
    token = forged(actor, **changes)
    refusal = refused(session, token)
    assert refusal.reason == "Token is invalid"
    assert refusal.account is None
    with pytest.raises(BearerRefusal, match="Token is invalid"):
        service.verify_token(session, token, key=KEY, now=NOW)
    with pytest.raises(BearerRefusal):
        service.refresh_access(session, token, key=KEY, now=NOW)


def test_algorithm_none_is_invalid(session: Session, actor: Actor) -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = jwt.decode(forged(actor), options={"verify_signature": False})
    for alg in ("none", "None", "NONE", "HS256"):
        token = f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}."
        assert refused(session, token).reason == "Token is invalid"


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b.c", "ss", "ü.ü.ü", "\ud800", "\0", "x" * 1_000_000, "ss_\ud800", "ss_\0"],
)
def test_garbage_is_invalid(session: Session, token: str) -> None:
    assert refused(session, token).reason == "Token is invalid"


def test_a_password_change_outdates_tokens(session: Session, actor: Actor) -> None:
    pair = service.issue_tokens(session, actor, key=KEY, now=NOW)
    session.execute(update(User).values(credential_version=2))
    assert refused(session, pair.access).account == (
        "The user's password has been changed.",
        "password_changed",
    )
    for verb, token in (
        (service.refresh_access, pair.refresh),
        (service.verify_token, pair.access),
    ):
        with pytest.raises(BearerRefusal, match="Token is invalid"):
            verb(session, token, key=KEY, now=NOW)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"is_active": False}, "user_inactive"), ({"deleted_at": NOW}, "user_not_found")],
)
def test_the_account_behind_a_jwt(
    session: Session, actor: Actor, change: dict[str, Any], code: str
) -> None:
    pair = service.issue_tokens(session, actor, key=KEY, now=NOW)
    session.execute(update(User).values(**change))
    account = refused(session, pair.access).account
    assert account is not None
    assert account[1] == code
    with pytest.raises(BearerRefusal) as raised:
        service.refresh_access(session, pair.refresh, key=KEY, now=NOW)
    assert raised.value.account == (
        "No active account found for the given token.",
        "no_active_account",
    )


def test_a_jwt_of_nobody(session: Session, actor: Actor) -> None:
    token = forged(actor, user_id=str(actor.user_id + 1))
    assert refused(session, token).account == ("User not found", "user_not_found")
