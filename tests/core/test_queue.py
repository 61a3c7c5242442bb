"""Jobs: nothing is lost when the queue, the worker or the process dies; nothing acts twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select, update

from stocksite.core import jobs, queue
from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict, NotFound
from stocksite.core.models import Job
from stocksite.core.worker import work

ran: list[str] = []


def note(word: str) -> str:
    """A job of the tests."""
    ran.append(word)
    return f"/done/{word}"


def explode() -> None:
    """A job that always fails."""
    raise ZeroDivisionError("planted")


def slow(progress: queue.Progress) -> None:
    """A job that reports."""
    progress.report(0.5, "half-way")


def not_yet() -> None:
    """A job that has to wait."""
    raise queue.NotYet("It is not my turn.")


slow.wants_progress = True  # type: ignore[attr-defined]


@pytest.fixture
def ours(monkeypatch):
    """Let the queue run functions of this module, and forget what ran."""
    ran.clear()
    real = queue._resolve
    named = {"note": note, "explode": explode, "slow": slow, "not_yet": not_yet}
    here = {f"stocksite.x.{name}": function for name, function in named.items()}
    monkeypatch.setattr(queue, "_resolve", lambda dotted: here.get(dotted) or real(dotted))


def test_a_job_leaves_for_the_queue_only_after_the_commit(session, redis):
    queue.connect_queue(redis)
    waiting = Queue("default", connection=redis, serializer=JSONSerializer)
    queue.enqueue(session, "stocksite.x.note", {"word": "a"})
    assert len(waiting) == 0
    session.rollback()
    session.commit()
    assert len(waiting) == 0, "a rollback takes the job with it"
    queue.enqueue(session, "stocksite.x.note", {"word": "a"})
    session.commit()
    assert len(waiting) == 1


def test_a_slot_is_enqueued_once(session):
    first = queue.enqueue(session, "stocksite.x.note", dedupe_key="close:2009-01-02:x")
    again = queue.enqueue(session, "stocksite.x.note", dedupe_key="close:2009-01-02:x")
    assert first is not None
    assert again is None


def test_a_message_delivered_twice_acts_once(session, ours):
    job_id = queue.enqueue(session, "stocksite.x.note", {"word": "a"})
    session.commit()
    queue.run(job_id)
    queue.run(job_id)
    assert ran == ["a"]
    session.expire_all()
    job = session.get(Job, job_id)
    assert (job.status, job.progress, job.result_url) == ("done", 1.0, "/done/a")


def test_a_failing_job_is_tried_three_times_and_then_says_why(session, ours):
    job_id = queue.enqueue(session, "stocksite.x.explode")
    session.commit()
    for _ in range(5):
        queue.run(job_id)
    session.expire_all()
    job = session.get(Job, job_id)
    assert (job.status, job.attempts) == ("failed", 3)
    assert "ZeroDivisionError: planted" in job.message


def test_a_job_that_cannot_go_on_yet_waits_for_the_sweep(session, ours):
    job_id = queue.enqueue(session, "stocksite.x.not_yet")
    session.commit()
    for _ in range(5):
        queue.run(job_id)
        session.expire_all()
        job = session.get(Job, job_id)
        assert (job.status, job.attempts, job.message) == ("queued", 0, "It is not my turn.")
    assert queue.sweep(session, wall_now() + timedelta(minutes=1)) == 1


def test_without_a_queue_the_sweep_sends_what_waits(session, redis):
    job_id = queue.enqueue(session, "stocksite.x.note", {"word": "late"})
    session.commit()
    queue.connect_queue(redis)
    assert queue.sweep(session, wall_now()) == 0, "a young job is given time"
    assert queue.sweep(session, wall_now() + timedelta(minutes=1)) == 1
    session.commit()
    waiting = Queue("default", connection=redis, serializer=JSONSerializer)
    assert [job.args for job in waiting.jobs] == [[job_id]]


def test_a_job_whose_worker_died_runs_again_and_a_poisonous_one_stops(session, ours):
    job_id = queue.enqueue(session, "stocksite.x.note", {"word": "a"})
    long_ago = wall_now() - timedelta(minutes=5)
    session.execute(update(Job).values(status="running", heartbeat_at=long_ago, attempts=1))
    session.commit()
    queue.sweep(session, wall_now())
    session.commit()
    queue.run(job_id)
    assert ran == ["a"]
    session.execute(update(Job).values(status="running", heartbeat_at=long_ago, attempts=3))
    session.commit()
    queue.sweep(session, wall_now())
    session.expire_all()
    assert session.scalar(select(Job.status)) == "failed"


def test_progress_is_seen_and_a_cancel_stops_the_job_at_its_next_report(session, ours, actor):
    job_id = queue.enqueue(session, "stocksite.x.slow", user_id=actor.user_id, title="Slow one")
    session.commit()
    queue.run(job_id)
    session.expire_all()
    seen = jobs.view(session, actor, job_id)
    assert (seen.status, seen.message, seen.title) == ("done", "half-way", "Slow one")
    with pytest.raises(Conflict):
        jobs.cancel(session, actor, job_id, wall_now())
    other = queue.enqueue(session, "stocksite.x.slow", user_id=actor.user_id)
    session.execute(update(Job).where(Job.id == other).values(status="running"))
    jobs.cancel(session, actor, other, wall_now())
    session.commit()
    with pytest.raises(queue.JobCanceled):
        queue.Progress(other).report(0.1)


def test_jobs_of_others_do_not_exist(session, actor, make_user):
    job_id = queue.enqueue(session, "stocksite.x.note", user_id=actor.user_id)
    session.commit()
    with pytest.raises(NotFound):
        jobs.view(session, make_user(), job_id)


def test_only_our_own_functions_can_be_named(session):
    job_id = queue.enqueue(session, "os.system", {"command": "true"})
    session.commit()
    for _ in range(3):
        queue.run(job_id)
    session.expire_all()
    assert session.get(Job, job_id).status == "failed"


def test_old_jobs_and_answers_are_forgotten(session):
    queue.enqueue(session, "stocksite.x.note")
    week_ago = wall_now() - timedelta(days=8)
    session.execute(update(Job).values(status="done", finished_at=week_ago))
    assert jobs.purge(session, wall_now()) == 1


@pytest.mark.slow
def test_a_real_worker_takes_the_job(session, redis, settings, market, actor, open_book):
    """End to end through Valkey and a forked child: an order that waited is filled."""
    from stocksite.portfolios.fills import Side
    from stocksite.portfolios.orders import OrderRequest
    from stocksite.portfolios.service import orders
    from stocksite.schedule import MATCH

    book = open_book()
    order = orders.place(session, actor, book.id, OrderRequest("AAPL", Side.BUY, Decimal(1))).order
    session.commit()
    market.open_next()
    queue.connect_queue(redis)
    queue.enqueue(session, MATCH, queue="market")
    session.commit()
    work(settings.database_url, settings.redis_url, burst=True, name="test")
    session.expire_all()
    assert order.status == "filled"
