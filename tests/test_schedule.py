"""The clock's table: what a tick sets off, in order, once, and what holds the market back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from stocksite import schedule
from stocksite.core import queue
from stocksite.core.models import Job
from stocksite.portfolios.models import PortfolioSnapshot
from tests.portfolios.conftest import open_book, trade  # noqa: F401


def _jobs(session):
    session.expire_all()
    return session.execute(
        select(Job.dedupe_key, Job.status)
        .where(Job.dedupe_key.like("close:%"))
        .order_by(Job.created_at)
    ).all()


def test_the_next_open_waits_until_the_closing_work_is_done(market, session, redis, open_book):
    open_book()
    day = market.run_session()
    session.commit()
    now = market.wall
    for _ in range(5):
        now += timedelta(seconds=1)
        schedule.step(redis, now)
    assert [tuple(row) for row in _jobs(session)] == [(f"close:{day}:match", "queued")]
    assert market.state.phase == "closing"

    seen = []
    for _ in range(12):
        for key, status in _jobs(session):
            if status == "queued":
                seen.append(key)
                queue.run(session.scalar(select(Job.id).where(Job.dedupe_key == key)))
        now += timedelta(seconds=1)
        schedule.step(redis, now)
        session.expire_all()
        if market.state.phase == "open":
            break
    assert seen == [f"close:{day}:{name}" for name, _ in schedule.AFTER_CLOSE]
    assert market.state.phase == "open"
    assert session.scalar(select(func.count()).select_from(PortfolioSnapshot)) == 1


def test_a_step_that_failed_for_good_does_not_hold_the_market_for_ever(market, session, redis):
    day = market.run_session()
    for name, _ in schedule.AFTER_CLOSE:
        assert not schedule.after_close_done(session, day), f"{name} starts all the same"
        session.execute(update(Job).values(status="failed"))
        session.commit()
    assert schedule.after_close_done(session, day)


def test_matching_is_enqueued_only_when_an_order_met_a_quote(
    market, session, redis, open_book, trade
):
    book = open_book()
    market.open_next()
    market.run_session()
    now = market.wall
    matches = select(func.count()).where(Job.dedupe_key.like("match:%"))
    schedule.step(redis, now + timedelta(seconds=1))
    assert session.scalar(matches) == 0
    trade(book, "buy", "AAPL", "1")
    market.open_next()
    schedule.step(redis, market.wall + timedelta(seconds=1))
    assert session.scalar(matches) == 1


def test_polling_pages_learn_of_a_tick_by_one_redis_read(market, session, redis):
    market.open_next()
    schedule.step(redis, market.wall + timedelta(seconds=1))
    session.expire_all()
    assert redis.get("market:tick") == str(market.state.tick).encode()
