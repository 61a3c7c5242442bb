"""Alembic's entry: online only, one transaction per migration, under our lock timeout."""

from __future__ import annotations

from importlib import import_module

from alembic import context
from flask import current_app
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from stocksite.cli import servers
from stocksite.cli_failing import refused
from stocksite.core.database import Base, Cash, Price, Shares, Utc, engine_options

import_module("stocksite.core.models")
ROOMS = ("auth", "market", "portfolios", "watchlist", "backtest", "forecast", "reports", "admin")
for room in ROOMS:
    import_module(f"stocksite.{room}.models")

connection = context.config.attributes.get("connection")


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our column types as plain ones: a migration must not depend on code that moves on."""
    if kind != "type":
        return False
    if isinstance(item, Utc):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, (Cash, Price, Shares)):
        return f"sa.Numeric({item.precision}, {item.scale})"
    return False


def run(connection: object) -> None:
    """Migrate over an open connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def database() -> Engine:
    """DATABASE_URL's, else that of the site that runs here; never one the client library guesses.

    Raises click.ClickException where there is neither.
    """
    settings = current_app.extensions["settings"]
    return create_engine(settings.database_url or servers(settings)[0], **engine_options())


if connection is not None:
    run(connection)
else:
    try:
        with database().connect() as opened:
            run(opened)
            opened.commit()
    except OperationalError as error:
        raise refused(error) from error
