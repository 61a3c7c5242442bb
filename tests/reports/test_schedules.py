"""Reports by themselves: the market's clock passes a week or a month, and there it is, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import InvalidInput
from stocksite.market.service import clock
from stocksite.portfolios.service import snapshots
from stocksite.reports import jobs
from stocksite.reports.models import Report, ReportSchedule
from stocksite.reports.reading import Wish
from stocksite.reports.service import making, scheduling


@pytest.fixture
def night(session: Session, market: Any) -> Callable[[], str]:
    """A session passes and its close is booked; then what the clock enqueues every minute runs,
    twice: two clocks, or a job that was sent again. Returns the day.
    """

    def pass_one(*, ticks: int = 2) -> str:
        day = market.run_session()
        snapshots.take(session, day)
        session.commit()
        market.until("closed")
        for _ in range(ticks):
            jobs.run_schedules()
        session.expire_all()
        return str(day.isoformat())

    return pass_one


def _ends(session: Session) -> list[str]:
    """The last session of every report there is, in the order they were made."""
    made = session.scalars(select(Report).order_by(Report.id))
    return [json.loads(report.content)["facts"]["end"] for report in made]


def _scheduled(session: Session, actor: Actor, wish: Wish, every: str) -> int:
    made = scheduling.schedule(session, actor, wish, every, wall_now())
    assert scheduling.schedule(session, actor, wish, every, wall_now()) == made
    session.commit()
    return made


def test_after_each_week_there_is_one_report_in_the_list(
    session: Session, actor: Actor, lived: Any, night: Any, browser: Any
) -> None:
    book = lived(sessions=1)  # Friday 2 January 2009
    made = _scheduled(session, actor, Wish("portfolio", book.id), "weekly")
    jobs.run_schedules()
    assert _ends(session) == [], "the first comes after the week that is running"
    days = [night() for _ in range(4)]
    assert days[-1] == "2009-01-08"
    assert _ends(session) == []
    assert night() == "2009-01-09"
    assert _ends(session) == ["2009-01-09"]
    (report,) = session.scalars(select(Report)).all()
    assert (report.schedule_id, report.pdf_status) == (made, "queued")
    page = browser.get("/reporting/").get_data(as_text=True)
    assert "to the close of 9 Jan 2009" in page
    assert "scheduled" in page
    assert "up to" in page
    assert night() == "2009-01-12"
    assert _ends(session) == ["2009-01-09"]
    scheduling.stop(session, actor, made)
    session.commit()
    for _ in range(5):
        night()
    assert _ends(session) == ["2009-01-09"], "a stopped schedule makes none, and its reports stay"


def test_a_month_ends_with_its_last_session(
    session: Session, actor: Actor, lived: Any, night: Any
) -> None:
    book = lived(sessions=1)
    _scheduled(session, actor, Wish("portfolio", book.id), "monthly")
    while night() < "2009-01-29":
        assert _ends(session) == []
    assert night() == "2009-01-30"
    assert _ends(session) == ["2009-01-30"]
    assert night() == "2009-02-02"
    assert _ends(session) == ["2009-01-30"]


def test_a_night_that_was_missed_is_caught_up_once(
    session: Session, actor: Actor, lived: Any, night: Any
) -> None:
    book = lived(sessions=1)
    _scheduled(session, actor, Wish("portfolio", book.id), "weekly")
    for _ in range(8):  # no worker ran on the night after Friday, nor on the two that followed
        day = night(ticks=0)
    assert day == "2009-01-14"
    assert _ends(session) == []
    for _ in range(2):
        jobs.run_schedules()
    assert _ends(session) == ["2009-01-09"], "on the week that ended, not on the days since"


def test_one_that_cannot_be_built_does_not_stand_in_the_way(
    session: Session, actor: Actor, lived: Any, night: Any, monkeypatch: Any, browser: Any
) -> None:
    book = lived(sessions=1)
    broken = _scheduled(session, actor, Wish("stock", symbol="AAPL"), "weekly")
    _scheduled(session, actor, Wish("portfolio", book.id), "weekly")
    whole = making.make

    def make(session: Session, actor: Actor, wish: Wish, *more: Any, **named: Any) -> Any:
        if wish.kind == "stock":
            raise RuntimeError("a fault of ours")
        return whole(session, actor, wish, *more, **named)

    monkeypatch.setattr(making, "make", make)
    for _ in range(5):
        night()
    assert _ends(session) == ["2009-01-09"]
    row = session.get(ReportSchedule, broken)
    assert row is not None
    assert "could not be made" in row.error
    assert "a fault of ours" not in row.error
    assert row.error in browser.get("/reporting/").get_data(as_text=True)
    assert clock.state(session).last_complete == row.last_end, "it waits for the next week"


def test_so_many_of_a_schedule_are_kept_and_shared_ones_stay(
    session: Session, actor: Actor, lived: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(scheduling, "KEPT", 1)
    book = lived(sessions=3)
    made = _scheduled(session, actor, Wish("portfolio", book.id), "weekly")
    row = session.get(ReportSchedule, made)
    assert row is not None
    row.last_end = None
    for day, kept in ((2, ["2009-01-02"]), (5, ["2009-01-05"]), (6, ["2009-01-05", "2009-01-06"])):
        scheduling.run(session, made, date(2009, 1, day), wall_now())
        session.commit()
        assert _ends(session) == kept
        latest = session.scalars(select(Report).order_by(Report.id.desc()).limit(1)).one()
        if day == 5:
            latest.share_token = "x" * 43


def test_a_schedule_whose_portfolio_is_gone_says_why(
    session: Session, actor: Actor, market: Any, lived: Any
) -> None:
    from stocksite.portfolios.service import books

    book = lived()
    made = scheduling.schedule(session, actor, Wish("portfolio", book.id), "monthly", wall_now())
    books.archive(session, actor, book.id, book.name, wall_now())
    row = session.get(ReportSchedule, made)
    assert row is not None
    end = row.last_end
    assert end is not None
    later = end.replace(year=end.year + 1)
    assert scheduling.run(session, made, later, wall_now()) is None
    assert "no portfolio" in row.error
    assert row.last_end == later


def test_only_what_changes_can_be_scheduled(session: Session, actor: Actor) -> None:
    with pytest.raises(InvalidInput, match="one report is enough"):
        scheduling.schedule(session, actor, Wish("backtest", 1), "weekly", wall_now())
