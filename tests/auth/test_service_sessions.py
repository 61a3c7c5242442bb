from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.models import User, UserSession
from stocksite.auth.service.secrets import digest
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import NotFound

NOW = wall_now()


def test_only_the_digest_is_stored(session: Session, actor: Actor) -> None:
    sid = service.open_session(session, actor, now=NOW, agent="Firefox", address="192.0.2.1")
    row = session.scalar(select(UserSession))
    assert row is not None
    assert len(sid) >= 43  # 256 bits
    assert row.token_hash == digest(sid)
    assert sid not in repr(vars(row))
    assert row.expires_at == NOW + timedelta(days=30)


def test_the_cookie_finds_its_actor(session: Session, actor: Actor) -> None:
    sid = service.open_session(session, actor, now=NOW)
    found = service.actor_of_session(session, sid, now=NOW)
    assert found is not None
    assert (found.user_id, found.username, found.via) == (actor.user_id, actor.username, "session")
    assert found.session_id == session.scalar(select(UserSession.id))
    for other in ("", sid[:-1], sid + "x", "\0", "\ud800", digest(sid)):
        assert service.actor_of_session(session, other, now=NOW) is None


def test_one_query_and_at_most_one_write_a_minute(
    session: Session, actor: Actor, engine: Engine
) -> None:
    sid = service.open_session(session, actor, now=NOW)
    session.commit()
    seen: list[str] = []

    def note(*call: Any) -> None:
        seen.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        service.actor_of_session(session, sid, now=NOW + timedelta(seconds=59))
        assert [s.split()[0] for s in seen] == ["SELECT"]
        service.actor_of_session(session, sid, now=NOW + timedelta(seconds=61))
        service.actor_of_session(session, sid, now=NOW + timedelta(seconds=90))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert [s.split()[0] for s in seen] == ["SELECT", "SELECT", "UPDATE", "SELECT"]
    assert session.scalar(select(UserSession.last_seen_at)) == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(("days", "alive"), [(13.9, True), (14, False), (29.9, False), (31, False)])
def test_idle_sessions_end(session: Session, actor: Actor, days: float, alive: bool) -> None:
    sid = service.open_session(session, actor, now=NOW)
    later = NOW + timedelta(days=days)
    assert (service.actor_of_session(session, sid, now=later) is not None) is alive
    assert bool(service.list_sessions(session, actor, now=later)) is alive


def test_used_sessions_end_after_thirty_days(session: Session, actor: Actor) -> None:
    sid = service.open_session(session, actor, now=NOW)
    for day in range(1, 30):
        assert service.actor_of_session(session, sid, now=NOW + timedelta(days=day))
    assert service.actor_of_session(session, sid, now=NOW + timedelta(days=30)) is None


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"deleted_at": NOW}, {"credential_version": 2}]
)
def test_the_account_behind_it_decides(
    session: Session, actor: Actor, change: dict[str, object]
) -> None:
    sid = service.open_session(session, actor, now=NOW)
    session.execute(update(User).where(User.id == actor.user_id).values(**change))
    assert service.actor_of_session(session, sid, now=NOW) is None


def test_list_shows_own_sessions_current_first(
    session: Session, make_user: Callable[..., Actor]
) -> None:
    actor, other = make_user(), make_user()
    service.open_session(session, other, now=NOW)
    firefox = "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"
    mine = service.open_session(session, actor, now=NOW, agent=firefox, address="192.0.2.1")
    service.open_session(session, actor, now=NOW + timedelta(hours=1))
    current = service.actor_of_session(session, mine, now=NOW)
    assert current is not None
    listed = service.list_sessions(session, current, now=NOW + timedelta(hours=1))
    assert [read.is_current for read in listed] == [True, False]
    assert (listed[0].device, listed[0].address) == ("Firefox on Linux", "192.0.2.1")
    assert listed[0].expires_at == NOW + timedelta(days=14)


def test_ending_one_is_for_its_owner(session: Session, make_user: Callable[..., Actor]) -> None:
    actor, stranger = make_user(), make_user()
    sid = service.open_session(session, actor, now=NOW)
    row_id = session.scalar(select(UserSession.id))
    assert row_id is not None
    with pytest.raises(NotFound):
        service.end_session(session, stranger, row_id)
    assert service.actor_of_session(session, sid, now=NOW)
    assert service.end_session(session, actor, row_id) == (digest(sid),)
    assert service.actor_of_session(session, sid, now=NOW) is None
    for unknown in (row_id, 0, -1, 2**63, 10**30):
        with pytest.raises(NotFound):
            service.end_session(session, actor, unknown)


def test_ending_the_others_keeps_this_one_and_strangers(
    session: Session, make_user: Callable[..., Actor]
) -> None:
    actor, stranger = make_user(), make_user()
    sids = [service.open_session(session, actor, now=NOW) for _ in range(3)]
    theirs = service.open_session(session, stranger, now=NOW)
    current = service.actor_of_session(session, sids[1], now=NOW)
    assert current is not None
    assert set(service.end_other_sessions(session, current)) == {digest(sids[0]), digest(sids[2])}
    alive = [s for s in (*sids, theirs) if service.actor_of_session(session, s, now=NOW)]
    assert alive == [sids[1], theirs]


def test_close_is_quiet_about_unknown_cookies(session: Session, actor: Actor) -> None:
    sid = service.open_session(session, actor, now=NOW)
    assert service.close_session(session, "nothing") == ()
    assert service.close_session(session, sid) == (digest(sid),)
    assert service.close_session(session, sid) == ()


def test_purge_removes_only_what_is_over(session: Session, actor: Actor) -> None:
    service.open_session(session, actor, now=NOW - timedelta(days=31))
    service.open_session(session, actor, now=NOW - timedelta(days=15))
    kept = service.open_session(session, actor, now=NOW)
    assert service.purge_sessions(session, now=NOW) == 2
    assert service.actor_of_session(session, kept, now=NOW)


def test_known_sessions_are_remembered_for_a_minute(redis: Redis) -> None:
    assert service.known_session(redis, "sid") is None
    service.remember_session(redis, "sid", 7)
    assert service.known_session(redis, "sid") == 7
    assert all(0 < redis.ttl(key) <= 60 for key in redis.keys("*"))
    assert redis.keys("*") == [f"session:{digest('sid')}".encode()]


def test_an_ended_session_cannot_be_remembered_again(redis: Redis) -> None:
    service.remember_session(redis, "sid", 7)
    service.forget_sessions(redis, [digest("sid")])
    service.remember_session(redis, "sid", 7)  # a slow request that read the row before
    assert service.known_session(redis, "sid") is None
    assert all(redis.ttl(key) > 60 for key in redis.keys("*"))


@pytest.mark.parametrize("value", ["", "-1", "abc", "1.5", "٣", "ended"])
def test_nonsense_in_the_cache_is_not_an_answer(redis: Redis, value: str) -> None:
    redis.set("session:" + digest("sid"), value)
    assert service.known_session(redis, "sid") is None


def test_without_redis_the_database_is_asked() -> None:
    from tests.auth.test_throttle import AwayRedis

    for away in (None, AwayRedis()):
        service.remember_session(away, "sid", 7)
        service.forget_sessions(away, [digest("sid")])
        assert service.known_session(away, "sid") is None
