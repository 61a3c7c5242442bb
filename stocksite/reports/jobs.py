"""What the worker runs for reports. WeasyPrint is met only here, in a job's own process."""

from __future__ import annotations

import gc
import logging

from sqlalchemy.exc import SQLAlchemyError

from stocksite.core.clock import wall_now
from stocksite.core.database import unit_of_work
from stocksite.core.queue import Progress
from stocksite.reports.service import making, scheduling

log = logging.getLogger(__name__)


def print_report(report_id: int, progress: Progress) -> str:
    """Print a stored report; returns the address of its page."""
    try:
        return making.work(unit_of_work, report_id, progress.report)
    finally:
        gc.collect()


print_report.wants_progress = True  # type: ignore[attr-defined]


def run_schedules() -> None:
    """Make the reports of weeks and months that are over, each in a transaction of its own."""
    with unit_of_work() as session:
        due = scheduling.due(session)
    for schedule_id, end in due:
        try:
            with unit_of_work() as session:
                scheduling.run(session, schedule_id, end, wall_now())
        except SQLAlchemyError:
            raise  # the database is away: all of them are due again in a minute
        except Exception:  # one that cannot be built must not stand in the way of the others
            log.exception("the report of schedule %s could not be made", schedule_id)
            with unit_of_work() as session:
                scheduling.give_up(session, schedule_id, end)
