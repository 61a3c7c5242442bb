"""Storing many fans in a real PostgreSQL, as a night's job does."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from sqlalchemy import text

from stocksite.core.database import connect, unit_of_work
from stocksite.desk.service.preparation import migrate
from stocksite.forecast.fan import Fans
from stocksite.forecast.service import making, registry
from stocksite.forecast.service.histories import Prices
from stocksite.forecast.service.making import Origin
from stocksite.settings import Settings


def store(closes: Any, made: Sequence[Fans]) -> float:
    """Seconds from fans to committed rows: prices, hashes, base rates and one bulk insert."""
    settings = Settings.from_env(dict(os.environ))
    engine = connect(str(settings.database_url))
    with engine.connect() as connection:
        migrate(connection)
    with unit_of_work() as session:
        session.execute(
            text(
                "INSERT INTO stock (symbol, name, exchange, currency, sector, status)"
                " SELECT 'B' || n, 'Bench', 'XNYS', 'USD', '', 'active'"
                " FROM generate_series(1, :n) n"
            ),
            {"n": len(closes)},
        )
        ids = session.scalars(text("SELECT id FROM stock WHERE name = 'Bench' ORDER BY id")).all()
        loaded = registry.current(session)
    days = np.datetime64("2000-01-03") + np.arange(closes.shape[1])
    now = datetime(2009, 1, 2, 22, tzinfo=UTC)
    base = {
        "model_version_id": loaded.live_id,
        "challenger_id": loaded.challenger_id,
        "made_at": now,
        "recorded_at": now,
        "backfilled": False,
    }
    began = time.perf_counter()
    rows = [
        making._row(
            base,
            Origin(Prices(stock_id, f"B{i}", days, path, path, path), len(path)),
            date(2008, 12, 31),
            one,
            fallback=False,
        )
        for i, (stock_id, path, one) in enumerate(zip(ids, closes, made, strict=True))
    ]
    with unit_of_work() as session:
        making.insert_rows(session, rows)
    took = time.perf_counter() - began
    engine.dispose()
    return took
