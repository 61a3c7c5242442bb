"""Figures that a worker keeps warm: for whom, how many, and never twice."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from stocksite.core import queue
from stocksite.core.clock import wall_now
from stocksite.core.database import unit_of_work
from stocksite.core.errors import NotFound
from stocksite.core.models import Job
from stocksite.portfolios import jobs
from stocksite.portfolios.periods import PERIODS, Span
from stocksite.portfolios.service import books, figures, kept_figures
from tests.portfolios.desk import words
from tests.portfolios.histories import make
from tests.portfolios.test_kept_figures import WAITING, text

WARM = "stocksite.portfolios.jobs.warm_figures"


def test_after_a_close_what_was_looked_at_is_there_already(
    session, redis, desk, days, open_book, trade, never_here
):
    market = days("2009-01-02")
    mine = open_book(cash="50000")
    market.open()
    trade(mine, "buy", "IBM", "100")
    market.close()
    paths = [f"/portfolios/{mine.id}/performance{query}" for query in ("", "?from=2009-01-02")]
    for each in paths:
        desk.figures(each)
    market.until("open")
    market.until("closing")
    queue.connect_queue(redis)
    market.until("closed")
    queue.connect_queue(None)
    never_here()
    assert "2 sessions" in words(desk.get(paths[0]))
    assert all(WAITING not in text(desk.get(each)) for each in paths)
    ran = session.scalars(select(Job.status).where(Job.function == WARM)).all()
    assert ran == ["done", "done"]


def test_warming_is_bounded_and_forgets_what_nobody_looks_at(
    session, actor, redis, book, later, monkeypatch
):
    of = figures.head(session, actor, book.id)
    monkeypatch.setattr(kept_figures, "MOST_WARMED", 3)
    for number, period in enumerate(PERIODS):
        later(number)
        kept_figures.note(redis, actor, of, Span(period))
    assert kept_figures.warm(unit_of_work, redis) == 3
    there = [kept_figures.find(redis, of, Span(period)) is not None for period in PERIODS]
    assert there == [False, False, False, True, True, True]
    assert kept_figures.warm(unit_of_work, redis) == 0
    redis.delete(*redis.keys(f"figures:{of.id}:*"))
    monkeypatch.setattr(kept_figures, "WARMING_S", -1.0)
    assert kept_figures.warm(unit_of_work, redis) == 0
    monkeypatch.setattr(kept_figures, "WARMING_S", 15.0)
    later(kept_figures.WANTED_S + 10)
    assert kept_figures.warm(unit_of_work, redis) == 0
    assert redis.zcard("figures:wanted") == 0


def test_one_that_cannot_be_made_does_not_stop_the_others(session, actor, redis, book, monkeypatch):
    gone, bad = (make(session, actor.user_id, seed, sessions=30) for seed in (31, 32))
    session.commit()
    heads = [figures.head(session, actor, each.id) for each in (book, gone, bad)]
    for each in heads:
        kept_figures.note(redis, actor, each, Span())
    books.archive(session, actor, gone.id, None, wall_now())
    session.commit()
    compute = figures.report

    def sometimes(session, of, *rest, **more):
        if of.id == bad.id:
            raise ArithmeticError("made to fail")
        return compute(session, of, *rest, **more)

    monkeypatch.setattr(figures, "report", sometimes)
    assert kept_figures.warm(unit_of_work, redis) == 1
    assert kept_figures.find(redis, heads[0], Span()) is not None
    assert redis.zcard("figures:wanted") == 2


def test_a_job_computes_for_the_owner_alone(session, make_user, redis, book):
    other = make_user("other")
    with pytest.raises(NotFound):
        kept_figures.make(session, redis, other, book.id, Span())
    queue.connect_queue(redis)
    jobs.compute_figures(other.user_id, book.id, "all", None, None)
    assert redis.keys("figures:*") == []


def test_a_close_asks_for_the_warming_once(session, market, open_book):
    open_book()
    day = market.run_session().isoformat()
    jobs.take_snapshots(day)
    jobs.take_snapshots(day)
    assert len(session.scalars(select(Job).where(Job.function == WARM)).all()) == 1
