"""Reports that are made by themselves after each week or month of the market."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.core.actor import Actor
from stocksite.core.errors import DomainError, InvalidInput, NotFound, RuleViolation
from stocksite.market.service import clock
from stocksite.reports import periods
from stocksite.reports.models import Report, ReportSchedule
from stocksite.reports.reading import EVERY, ScheduleView, Wish
from stocksite.reports.service import gathering, making

MAX_SCHEDULES: Final = 20
KEPT: Final = 12
"""Reports of one schedule that are kept; older ones make room, unless they are shared."""
KINDS: Final = ("portfolio", "stock")


def schedule(session: Session, actor: Actor, wish: Wish, every: str, now: datetime) -> int:
    """Have a report made after each week or month; returns the schedule's id.

    The first comes after the period that is running. Raises NotFound for what is not the actor's,
    InvalidInput, RuleViolation `too-many-schedules`. One that exists already answers again.
    """
    if every not in EVERY:
        raise InvalidInput.of_field("every", f"Choose one of {', '.join(EVERY)}.")
    if wish.kind not in KINDS:
        raise InvalidInput.of_field("kind", f"A {wish.kind} does not change: one report is enough.")
    built = gathering.build(session, actor, wish)
    mine = ReportSchedule.user_id == actor.user_id
    known = session.scalar(
        select(ReportSchedule.id).where(
            mine, ReportSchedule.subject == wish.subject, ReportSchedule.every == every
        )
    )
    if known is not None:
        session.execute(
            update(ReportSchedule).where(ReportSchedule.id == known).values(ask=wish.plain())
        )
        return known
    count = session.scalar(select(func.count()).select_from(ReportSchedule).where(mine)) or 0
    if count >= MAX_SCHEDULES:
        raise RuleViolation(
            f"You have {count} schedules, as many as there may be. Stop one of them first.",
            code="too-many-schedules",
        )
    state = clock.state(session)
    last = state.last_complete
    row = ReportSchedule(
        user_id=actor.user_id,
        kind=wish.kind,
        subject=wish.subject,
        ask=wish.plain(),
        title=built.title,
        every=every,
        last_end=periods.last_end(last, every) if last else None,
        error="",
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def schedules(session: Session, actor: Actor) -> list[ScheduleView]:
    """The actor's schedules; one statement."""
    kept = (
        select(func.count())
        .where(Report.schedule_id == ReportSchedule.id)
        .correlate(ReportSchedule)
        .scalar_subquery()
    )
    rows = session.execute(
        select(ReportSchedule, kept)
        .where(ReportSchedule.user_id == actor.user_id)
        .order_by(ReportSchedule.id)
    )
    return [
        ScheduleView(
            row.id,
            row.kind,
            row.subject,
            row.title,
            row.every,
            row.ask["period"],
            row.last_end,
            row.error,
            count,
        )
        for row, count in rows
    ]


def stop(session: Session, actor: Actor, schedule_id: int) -> None:
    """End a schedule; its reports stay. Raises NotFound."""
    gone = session.scalar(
        delete(ReportSchedule)
        .where(ReportSchedule.id == schedule_id, ReportSchedule.user_id == actor.user_id)
        .returning(ReportSchedule.id)
    )
    if gone is None:
        raise NotFound(f"You have no schedule {schedule_id}.")


def due(session: Session) -> list[tuple[int, date]]:
    """(schedule, last session of its period) of what is to be made; one statement beside time."""
    last = clock.state(session).last_complete
    if last is None:
        return []
    found = []
    for every in EVERY:
        end = periods.last_end(last, every)
        rows = session.scalars(
            select(ReportSchedule.id)
            .where(
                ReportSchedule.every == every,
                ReportSchedule.last_end.is_(None) | (ReportSchedule.last_end < end),
            )
            .order_by(ReportSchedule.id)
        )
        found += [(schedule_id, end) for schedule_id in rows]
    return found


def run(session: Session, schedule_id: int, end: date, now: datetime) -> int | None:
    """Make a schedule's report on the period that ended; returns its id.

    One that cannot be made (its portfolio is gone) says why and waits for the next period.
    """
    row = session.scalar(
        select(ReportSchedule).where(ReportSchedule.id == schedule_id).with_for_update()
    )
    if row is None or (row.last_end is not None and row.last_end >= end):
        return None
    name = session.scalar(select(User.username).where(User.id == row.user_id)) or ""
    actor = Actor(row.user_id, name)
    wish = Wish.read(row.ask)
    pinned = Wish(wish.kind, wish.number, wish.symbol, wish.span, through=end)
    row.last_end = end
    try:
        with session.begin_nested():
            _make_room(session, row.id)
            made, _ = making.make(session, actor, pinned, now, schedule_id=row.id)
    except DomainError as error:
        row.error = error.detail
        return None
    row.error, row.title = "", made.line.title
    return made.line.id


def give_up(session: Session, schedule_id: int, end: date) -> None:
    """A schedule's report met a fault of ours: say so, and wait for the next period."""
    session.execute(
        update(ReportSchedule)
        .where(ReportSchedule.id == schedule_id)
        .values(last_end=end, error="The last one could not be made; the reason has been logged.")
    )


def _make_room(session: Session, schedule_id: int) -> None:
    """Delete the oldest beyond what is kept; shared ones stay."""
    older = (
        select(Report.id)
        .where(Report.schedule_id == schedule_id, Report.share_token.is_(None))
        .order_by(Report.id.desc())
        .offset(KEPT - 1)
    )
    session.execute(delete(Report).where(Report.id.in_(older)))
