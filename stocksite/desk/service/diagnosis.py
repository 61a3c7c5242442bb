"""What `flask doctor` looks at: settings, servers, schema, clock, queue, people. It only reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from alembic.runtime.migration import MigrationContext
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from stocksite import startup
from stocksite.auth import passwords
from stocksite.core.clock import wall_now
from stocksite.core.database import engine_options
from stocksite.desk.service import demo
from stocksite.desk.service.preparation import heads
from stocksite.settings import Settings

Finding = tuple[bool, str]

_TICK_AGE: Final = timedelta(minutes=1)
_QUEUE_AGE: Final = timedelta(minutes=10)
_LEAST_FREE_MB: Final = 500


def diagnose(settings: Settings, *, debug: bool = False) -> Iterator[Finding]:
    """(good, sentence) for everything stocksite needs; a bad one says how to mend it."""
    yield from _settings(settings, debug)
    yield _disk(settings)
    if settings.production and not (settings.database_url and settings.redis_url):
        yield (
            False,
            (
                "DATABASE_URL and REDIS_URL are not both set, and no site of `make run` runs on "
                f"{settings.data_dir.resolve()}. Point both at servers that are there."
            ),
        )
        return
    if not settings.database_url or not settings.redis_url:
        yield True, "Servers: embedded, and not running here; `make run` starts them."
        return
    yield from _database(settings)
    yield from _redis(settings.redis_url)


def _settings(settings: Settings, debug: bool) -> Iterator[Finding]:
    wrong = list(startup.objections(settings, debug=debug)) if settings.production else []
    yield from ((False, each) for each in wrong)
    if not wrong:
        strict = "the strict checks of production pass" if settings.production else "not checked"
        yield (
            True,
            f"Settings: {settings.app_env}, {settings.market} market; keys and hosts {strict}.",
        )
    if not settings.sample_market and not (
        settings.massive_api_key or settings.alpha_vantage_api_key or settings.yahoo_enabled
    ):
        said = "The market is live and no provider is switched on"
        yield False, f"{said}: set MASSIVE_API_KEY or ALPHA_VANTAGE_API_KEY, or MARKET=sample."


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir.resolve()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = os.statvfs(folder)
    free_mb = free.f_bavail * free.f_frsize // 1_048_576
    if free_mb < _LEAST_FREE_MB:
        return False, (
            f"Disk: {free_mb:,} MB free under {folder}; the database stops accepting trades on a "
            f"full disk. Make room for {_LEAST_FREE_MB} MB at least."
        )
    return True, f"Disk: {free_mb:,} MB free."


def _database(settings: Settings) -> Iterator[Finding]:
    assert settings.database_url
    engine = create_engine(settings.database_url, **engine_options())
    try:
        with engine.connect() as connection:
            version = connection.scalar(text("SHOW server_version"))
            yield True, f"PostgreSQL {version} answers."
            current = set(MigrationContext.configure(connection).get_current_heads()) == heads()
            if not current:
                yield False, "The database schema is behind. Run `flask prepare`."
                return
            yield True, "The database schema is current."
            yield from _contents(connection, settings)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        yield False, f"PostgreSQL does not answer: {reason}. Check DATABASE_URL."
    except ProgrammingError as error:
        reason = str(error.orig).strip().splitlines()[0]
        yield False, f"The database is not stocksite's: {reason}. Check DATABASE_URL."
    finally:
        engine.dispose()


_STATE = text("""
SELECT (SELECT ticked_at FROM market_clock) AS ticked_at,
       (SELECT paused FROM market_clock) AS paused,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status = 'queued') AS queued,
       min(created_at) FILTER (WHERE status = 'queued') AS oldest,
       (SELECT count(*) FROM "user" WHERE is_admin AND is_active) AS administrators,
       (SELECT password_hash FROM "user" WHERE username = :demo AND is_active) AS demo
FROM job
""")


def _contents(connection: Connection, settings: Settings) -> Iterator[Finding]:
    row, now = connection.execute(_STATE, {"demo": demo.USERNAME}).one(), wall_now()
    if row.ticked_at is None:
        yield False, "The market was never set up. Run `flask prepare`."
    elif now - row.ticked_at > _TICK_AGE:
        age = int((now - row.ticked_at).total_seconds())
        yield False, f"The clock ticked {age:,} s ago. Start `flask clock` (exactly one acts)."
    else:
        yield True, f"The clock ticks{' (market time is paused)' if row.paused else ''}."
    if row.oldest is not None and now - row.oldest > _QUEUE_AGE:
        age = int((now - row.oldest).total_seconds() // 60)
        yield False, f"{row.queued:,} jobs wait, the oldest for {age:,} min. Start `flask worker`."
    else:
        yield True, f"{row.queued:,} jobs wait."
    if row.failed:
        yield False, f"{row.failed:,} jobs failed this week. See why and retry them: /admin/jobs."
    if not row.administrators:
        yield True, "Nobody is an administrator yet; `flask create-admin NAME` makes one."
    yield from _demo_account(row.demo, settings)


def _demo_account(password_hash: str | None, settings: Settings) -> Iterator[Finding]:
    """The account may have come with an older, private life of this database."""
    if not (settings.production and startup.is_public(settings) and password_hash):
        return
    if passwords.matches(demo.PASSWORD, password_hash):
        yield False, demo.OPEN_TO_ALL


def _redis(url: str) -> Iterator[Finding]:
    redis = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
    try:
        redis.ping()
        yield True, "Redis answers."
        memory = redis.info("memory")
    except RedisError as error:
        yield False, f"Redis does not answer: {str(error).rstrip('.')}. Check REDIS_URL."
        return
    finally:
        redis.close()
    policy = memory.get("maxmemory_policy", "noeviction")
    if memory.get("maxmemory") and policy != "noeviction":
        yield (
            False,
            f"Redis forgets jobs when it is full ({policy}). Set maxmemory-policy noeviction.",
        )
