"""Getting a data folder ready: migrate, load the market, set its clock, create the demo account.

Every step is idempotent and all run under one advisory lock, so two containers that start at once
do it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.database import engine_options, lock_name
from stocksite.core.queue import enqueue
from stocksite.desk.service import demo
from stocksite.market.service import clock as market_clock
from stocksite.market.service import events, load
from stocksite.settings import Settings

BOARD = "forecast-board"
"""The scoreboard is filled with forecasts of the past by a job, never while starting."""
MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"


def prepare_all(settings: Settings, database_url: str) -> Iterator[str]:
    """Do whatever is missing; yields a line for each thing done."""
    engine = create_engine(database_url, **engine_options())
    with engine.connect() as connection:
        key = {"key": lock_name("stocksite preparation")}
        connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
        connection.commit()
        try:
            if migrate(connection):
                yield "Database migrated."
            with Session(connection, expire_on_commit=False) as session:
                yield from _fill(session, settings)
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            connection.commit()
    engine.dispose()


def _fill(session: Session, settings: Settings) -> Iterator[str]:
    if settings.sample_market and load.load_sample(session).stocks:
        yield "Sample market loaded: AAPL, FB, GOOG, IBM and MSFT, 2000 to 2013."
    if not settings.sample_market and load.load_directory(session):
        yield "Symbol directory loaded."
    market_clock.start(session, settings, wall_now())
    events.fill_history(session, settings.event_threshold_pct)
    enqueue(session, "stocksite.forecast.jobs.fill_board", queue="research", dedupe_key=BOARD)
    session.commit()
    if settings.demo and demo.seed(session):
        yield "Demo account created."
    session.commit()


def migrate(connection: Connection) -> bool:
    """Bring the schema to the newest revision; False when it was there already."""
    config = Config(str(MIGRATIONS / "alembic.ini"))
    config.set_main_option("script_location", str(MIGRATIONS))
    heads = set(ScriptDirectory.from_config(config).get_heads())
    at = set(MigrationContext.configure(connection).get_current_heads())
    if at == heads:
        return False
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    return True


def diagnose(settings: Settings) -> Iterator[tuple[bool, str]]:
    """(good, sentence) for everything stocksite needs; the sentence says how to mend it."""
    if not settings.database_url or not settings.redis_url:
        yield True, "Servers: embedded, and not running here; `make run` starts them."
        return
    try:
        engine = create_engine(settings.database_url, **engine_options())
        with engine.connect() as connection:
            version = connection.scalar(text("SHOW server_version"))
            yield True, f"PostgreSQL {version} answers."
            yield _schema(connection)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        yield False, f"PostgreSQL does not answer: {reason}. Check DATABASE_URL."
    try:
        Redis.from_url(settings.redis_url).ping()
        yield True, "Redis answers."
    except RedisError as error:
        yield False, f"Redis does not answer: {error}. Check REDIS_URL."


def _schema(connection: Connection) -> tuple[bool, str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    heads = set(ScriptDirectory.from_config(config).get_heads())
    if set(MigrationContext.configure(connection).get_current_heads()) == heads:
        return True, "The database schema is current."
    return False, "The database schema is behind. Run `flask prepare`."
