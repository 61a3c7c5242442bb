"""Alembic's entry: online only, one transaction per migration, under our lock timeout."""

from __future__ import annotations

from importlib import import_module

from alembic import context
from flask import current_app

from stocksite.core.database import Base, Cash, Price, Shares, Utc

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


if connection is not None:
    run(connection)
else:
    with current_app.extensions["migrate"].db.engine.connect() as opened:
        run(opened)
        opened.commit()
