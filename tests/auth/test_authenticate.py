from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from redis import Redis
from sqlalchemy.orm import Session

from stocksite.auth import passwords, service
from stocksite.auth.models import User
from stocksite.auth.service import Throttle
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import Unauthenticated
from tests.conftest import PASSWORD

GOOD = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
NOW = wall_now()


def register(session: Session, **changes: Any) -> Actor:
    return service.register(session, **{**GOOD, **changes}, now=NOW)


@pytest.fixture
def throttle(redis: Redis) -> Throttle:
    return Throttle(redis)


def authenticate(session: Session, throttle: Throttle, username: str, password: str) -> Actor:
    return service.authenticate(
        session, throttle, username=username, password=password, address="192.0.2.1", now=NOW
    )


def test_authenticate(session: Session, throttle: Throttle) -> None:
    made = register(session)
    found = authenticate(session, throttle, "ADA", PASSWORD)
    assert (found.user_id, found.username, found.via) == (made.user_id, "ada", "session")
    user = session.get(User, made.user_id)
    session.refresh(user)
    assert user is not None
    assert user.last_login_at == NOW


@pytest.mark.parametrize(
    ("username", "password"),
    [("ada", "wrong password"), ("nobody", PASSWORD), ("ada@example.com", PASSWORD), ("", ""),
     ("ada\0", PASSWORD), ("\ud800", "\ud800"), ("x" * 100_000, "y" * 100_000),
     ("ada", PASSWORD + " ")],
)  # fmt: skip
def test_wrong_credentials_all_sound_the_same(
    session: Session, throttle: Throttle, username: str, password: str
) -> None:
    register(session)
    with pytest.raises(Unauthenticated) as raised:
        authenticate(session, throttle, username, password)
    assert raised.value.detail == "The username or the password is not right."
    assert raised.value.fields == ()


def test_every_refusal_costs_one_verification(
    session: Session,
    throttle: Throttle,
    make_user: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = make_user(is_active=False).username
    register(session)
    calls: list[str] = []
    real = PasswordHasher.verify

    def count(self: PasswordHasher, stored: str, password: str) -> bool:
        calls.append(stored)
        return real(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", count)
    for name in ("ada", "nobody", closed, "x" * 10_000):
        calls.clear()
        with pytest.raises(Unauthenticated):
            authenticate(session, throttle, name, "wrong password")
        assert len(calls) == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": NOW}])
def test_closed_accounts_sound_the_same(
    session: Session, throttle: Throttle, make_user: Callable[..., Actor], change: dict[str, Any]
) -> None:
    actor = make_user(**change)
    with pytest.raises(Unauthenticated, match="The username or the password is not right"):
        authenticate(session, throttle, actor.username, PASSWORD)


def test_an_old_hash_is_replaced_at_login(session: Session, throttle: Throttle) -> None:
    actor = register(session)
    user = session.get(User, actor.user_id)
    assert user is not None
    user.password_hash = PasswordHasher(time_cost=1, memory_cost=8_192).hash(PASSWORD)
    session.flush()
    authenticate(session, throttle, "ada", PASSWORD)
    session.refresh(user)
    assert not passwords.needs_rehash(user.password_hash)
    assert passwords.matches(PASSWORD, user.password_hash)
