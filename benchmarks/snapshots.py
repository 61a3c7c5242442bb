"""Daily snapshots of 10,000 portfolios with 10 positions each, through the service."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import data
from benchmarks.figures import Figure
from benchmarks.place import Place
from stocksite.core.calendar import xnys
from stocksite.market.service import clock
from stocksite.portfolios.service import snapshots

PORTFOLIOS, POSITIONS = 10_000, 10
DAYS = 5


def figures(place: Place) -> Iterator[Figure]:
    """Wall seconds of the slowest of five days in a row, each with the days before it."""
    data.crowd(place.engine, PORTFOLIOS, POSITIONS)
    with Session(place.engine) as session:
        today = clock.state(session).session_date
        session.execute(text("ANALYZE"))
        session.commit()
    assert today is not None
    days = [each.date for each in xnys().between(today, today.replace(year=today.year + 1))][:DAYS]
    took = []
    for day in days:
        began = time.perf_counter()
        with Session(place.engine) as session:
            count = snapshots.take(session, day)
            session.commit()
        took.append(time.perf_counter() - began)
        assert count >= PORTFOLIOS, f"only {count} snapshots"
    note = "slowest of 5 days, commit included; " + " ".join(f"{each:.2f}" for each in took)
    yield Figure("snapshots of 10,000 portfolios × 10 positions", max(took), "s", 5.0, note)
