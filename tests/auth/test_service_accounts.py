from __future__ import annotations

import threading
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from stocksite.auth import passwords, service
from stocksite.auth.models import PersonalToken, User, UserSession
from stocksite.auth.service import Throttle
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import InvalidInput, NotFound, Unauthenticated
from tests.auth.helpers import NEW_PASSWORD, counts
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


def test_register_stores_a_hash_and_runs_the_hooks(session: Session) -> None:
    seen: list[tuple[Session, int]] = []
    hook = lambda s, a: seen.append((s, a.user_id))  # noqa: E731
    service.on_registered.append(hook)
    try:
        actor = register(session, first_name="Ada")
    finally:
        service.on_registered.remove(hook)
    user = session.get(User, actor.user_id)
    assert user is not None
    assert seen == [(session, user.id)]
    assert (user.username, user.email, user.first_name) == ("ada", "ada@example.com", "Ada")
    assert PASSWORD not in user.password_hash
    assert passwords.matches(PASSWORD, user.password_hash)
    assert user.date_joined == NOW
    assert not user.is_admin


def test_a_failing_hook_leaves_no_account(session: Session) -> None:
    def fail(session: Session, actor: Actor) -> None:
        raise InvalidInput("No.")

    service.on_registered.append(fail)
    try:
        with pytest.raises(InvalidInput):
            register(session)
    finally:
        service.on_registered.remove(fail)
    assert counts(session)[0] == 0


@pytest.mark.parametrize("username", ["ada", "ADA", "Ada"])
def test_a_taken_username_is_said(session: Session, username: str) -> None:
    register(session)
    session.commit()
    with pytest.raises(InvalidInput, match="is taken") as raised:
        register(session, username=username, email="other@example.com")
    assert raised.value.fields[0].field == "username"
    assert counts(session)[0] == 1


def test_a_known_address_is_not(session: Session) -> None:
    first, second = register(session), register(session, username="bob", email="ADA@example.com")
    assert first.user_id != second.user_id


def test_two_at_once_cannot_both_have_the_name(engine: Engine, session: Session) -> None:
    barrier = threading.Barrier(6)
    results: list[str] = []

    def race() -> None:
        with Session(engine) as own:
            barrier.wait()
            try:
                register(own)
                own.commit()
                results.append("made")
            except InvalidInput as error:
                results.append(error.code)

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["made"] + ["username-taken"] * 5
    assert counts(session)[0] == 1


def test_every_wrong_field_is_named_and_nothing_stored(session: Session) -> None:
    with pytest.raises(InvalidInput) as raised:
        register(session, username="a", email="x", password="short")
    assert {f.field for f in raised.value.fields} == {"username", "email", "password"}
    assert counts(session)[0] == 0


def test_only_commands_skip_the_password_rules(session: Session) -> None:
    with pytest.raises(InvalidInput):
        register(session, username="demo", password="demo")
    assert register(session, username="demo", password="demo", any_password=True).username == "demo"


def test_update_profile_changes_what_is_given(session: Session) -> None:
    actor = register(session, first_name="Ada")
    read = service.update_profile(session, actor, {"last_name": "Byron", "theme": "dark"})
    assert (read.first_name, read.last_name, read.theme) == ("Ada", "Byron", "dark")
    assert service.get_profile(session, actor) == read


def test_update_profile_refuses_a_taken_name_and_keeps_the_old(session: Session) -> None:
    register(session, username="bob")
    actor = register(session)
    session.commit()
    with pytest.raises(InvalidInput, match="bob is taken"):
        service.update_profile(session, actor, {"username": "bob", "first_name": "X"})
    session.rollback()
    assert service.get_profile(session, actor).username == "ada"
    assert service.get_profile(session, actor).first_name == ""


def test_update_profile_takes_no_other_field(session: Session) -> None:
    actor = register(session)
    with pytest.raises(KeyError):
        service.update_profile(session, actor, {"is_admin": "1"})


def test_change_password_ends_every_session(session: Session, throttle: Throttle) -> None:
    actor = register(session)
    sids = [service.open_session(session, actor, now=NOW) for _ in range(3)]
    ended = service.change_password(
        session, throttle, actor, current=PASSWORD, new=NEW_PASSWORD, address="192.0.2.1"
    )
    assert len(ended) == 3
    assert all(service.actor_of_session(session, sid, now=NOW) is None for sid in sids)
    with pytest.raises(Unauthenticated):
        authenticate(session, throttle, "ada", PASSWORD)
    assert authenticate(session, throttle, "ada", NEW_PASSWORD).user_id == actor.user_id


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", NEW_PASSWORD, "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, "password1", "new_password"),
    ],
)
def test_change_password_refusals(
    session: Session, throttle: Throttle, current: str, new: str, field: str
) -> None:
    actor = register(session)
    session.commit()
    with pytest.raises(InvalidInput) as raised:
        service.change_password(
            session, throttle, actor, current=current, new=new, address="192.0.2.1"
        )
    assert raised.value.fields[0].field == field
    session.rollback()
    assert authenticate(session, throttle, "ada", PASSWORD)


@pytest.mark.parametrize("revoke", [True, False])
def test_change_password_revokes_tokens_on_demand(
    session: Session, throttle: Throttle, revoke: bool
) -> None:
    actor = register(session)
    service.create_token(session, actor, name="x", now=NOW)
    service.change_password(
        session,
        throttle,
        actor,
        current=PASSWORD,
        new=NEW_PASSWORD,
        address="a",
        revoke_tokens=revoke,
    )
    assert counts_of(session, PersonalToken) == (0 if revoke else 1)


def counts_of(session: Session, model: type) -> int:
    return len(session.scalars(select(model)).all())


def test_delete_account_leaves_nothing_personal(session: Session, throttle: Throttle) -> None:
    actor = register(session, first_name="Ada", last_name="Lovelace")
    sid = service.open_session(session, actor, now=NOW, agent="Firefox", address="192.0.2.9")
    service.create_token(session, actor, name="x", now=NOW)
    ended = service.delete_account(
        session, throttle, actor, password=PASSWORD, address="192.0.2.1", now=NOW
    )
    session.commit()
    user = session.get(User, actor.user_id)
    assert user is not None
    assert len(ended) == 1
    assert (user.email, user.first_name, user.last_name) == ("", "", "")
    assert user.username == f"deleted-{user.id}"
    assert user.deleted_at == NOW
    assert not user.is_active
    assert (counts_of(session, UserSession), counts_of(session, PersonalToken)) == (0, 0)
    assert service.actor_of_session(session, sid, now=NOW) is None
    for name in ("ada", user.username):
        for password in (PASSWORD, "!", ""):
            assert throttle.redis is not None
            throttle.redis.flushdb()  # the wrong ones before must not be what stops this one
            with pytest.raises(Unauthenticated):
                authenticate(session, throttle, name, password)
    for verb in (service.get_profile, lambda s, a: service.update_profile(s, a, {})):
        with pytest.raises(NotFound):
            verb(session, actor)


def test_two_people_may_leave_and_the_names_are_free(session: Session, throttle: Throttle) -> None:
    for _ in range(2):
        actor = register(session)
        service.delete_account(session, throttle, actor, password=PASSWORD, address="x", now=NOW)
    assert register(session).username == "ada"


def test_delete_account_wants_the_password(session: Session, throttle: Throttle) -> None:
    actor = register(session)
    with pytest.raises(InvalidInput, match="not your current password"):
        service.delete_account(session, throttle, actor, password="no", address="x", now=NOW)
    assert service.get_profile(session, actor).username == "ada"
