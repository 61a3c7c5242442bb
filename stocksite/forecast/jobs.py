"""What the worker runs for forecasts. scikit-learn is met only here, in a job's own process."""

from __future__ import annotations

from datetime import date
from typing import Any

from stocksite.core.database import unit_of_work
from stocksite.core.queue import enqueue
from stocksite.forecast.service import drifting, filling, making, maturing, registry, training
from stocksite.market.service import clock

FILL = "stocksite.forecast.jobs.fill_board"
RETRAIN = "stocksite.forecast.jobs.retrain"


def nightly(day: str) -> None:
    """After the close of `day`: score what came true, check for drift, forecast every stock.

    On the first session of a month, and when the drift alarm begins, a retraining is set off.
    """
    with unit_of_work() as session:
        maturing.mature(session, clock.state(session))
    with unit_of_work() as session:
        state = clock.state(session)
        rang = registry.alarmed(session) is not None
        rings = drifting.check(session, state).alarm and not rang
        making.make_all(session, state)
        if rings or first_of_month(date.fromisoformat(day)):
            key = f"retrain:{day if rings else day[:7]}"
            enqueue(session, RETRAIN, queue="research", dedupe_key=key)


def first_of_month(day: date) -> bool:
    """Whether a session is the first of its month."""
    from stocksite.core.calendar import xnys

    before = xnys().previous(day)
    return before is None or before.date.month != day.month


def fill_board(year: int | None = None) -> None:
    """Fill one year of the board with forecasts of the past, then set off the next year.

    The first call also makes today's forecasts, so that a new site has some at once.
    """
    if year is None:
        with unit_of_work() as session:
            making.make_all(session, clock.state(session))
    with unit_of_work() as session:
        state = clock.state(session)
        start = year if year is not None else filling.first_year(session, state)
        following = None if start is None else filling.fill_year(session, start, state)
        maturing.mature(session, state)
        if following is not None:
            key = f"forecast-board:{following}"
            enqueue(session, FILL, {"year": following}, queue="research", dedupe_key=key)


def retrain(symbols: list[str] | None = None) -> None:
    """Train a candidate and let it go live if it passes; too little history is no failure."""
    from stocksite.core.errors import InvalidInput

    with unit_of_work() as session:
        try:
            training.retrain(session, clock.state(session), symbols or ())
        except InvalidInput as error:
            _say(error)


def _say(error: Any) -> None:
    import logging

    logging.getLogger(__name__).info("no retraining: %s", error)
