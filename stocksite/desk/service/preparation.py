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
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session

from stocksite import startup
from stocksite.core.clock import wall_now
from stocksite.core.database import engine_options, lock_name
from stocksite.core.queue import enqueue
from stocksite.desk.service import demo
from stocksite.market.service import clock as market_clock
from stocksite.market.service import events, load
from stocksite.settings import Settings, SettingsError

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
    if settings.production and startup.is_public(settings) and demo.is_open(session):
        raise SettingsError(demo.OPEN_TO_ALL)


def migrate(connection: Connection) -> bool:
    """Bring the schema to the newest revision; False when it was there already."""
    config = Config(str(MIGRATIONS / "alembic.ini"))
    config.set_main_option("script_location", str(MIGRATIONS))
    at = set(MigrationContext.configure(connection).get_current_heads())
    if at == heads():
        return False
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    return True


def heads() -> set[str]:
    """The newest revision (one, in a linear chain) of this version's migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return set(ScriptDirectory.from_config(config).get_heads())
