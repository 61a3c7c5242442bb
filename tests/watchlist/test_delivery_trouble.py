"""Deliveries in trouble: retries, dead workers, limits, channels that are gone."""

from __future__ import annotations

from sqlalchemy import text

from stocksite.core.clock import wall_now
from stocksite.watchlist import jobs
from stocksite.watchlist.delivery import Outcome
from stocksite.watchlist.service import delivery
from tests.watchlist.test_delivery import forward, rows


def test_trouble_that_may_pass_is_tried_again_with_growing_waits(session, waiting, chosen, sent):
    log, outcomes = sent
    trouble = Outcome(False, "Answered 503.", again=True)
    outcomes[:] = [trouble, trouble, Outcome(True, "Answered 200.")]
    chosen()
    waiting()
    jobs.deliver()
    (row,) = rows(session)
    assert (row.status, row.attempts, row.outcome) == ("waiting", 1, "Answered 503.")
    jobs.deliver()
    assert len(log) == 1, "not before its time"
    forward(session, 16)
    jobs.deliver()
    assert len(log) == 2
    forward(session, 16)
    jobs.deliver()
    assert len(log) == 2, "the second wait is longer"
    forward(session, 60)
    jobs.deliver()
    (row,) = rows(session)
    assert (row.status, row.attempts, row.outcome) == ("sent", 3, "Answered 200.")
    assert len({each for _, each in log}) == 1, "each attempt carries the same id"


def test_after_five_attempts_it_is_given_up(session, waiting, chosen, sent):
    log, outcomes = sent
    outcomes[:] = [Outcome(False, "Answered 500.", again=True)]
    chosen()
    waiting()
    for _ in range(8):
        jobs.deliver()
        forward(session, 4_000)
    (row,) = rows(session)
    assert (row.status, row.attempts, len(log)) == ("failed", 5, 5)
    assert row.outcome == "Answered 500."


def test_a_refusal_is_final(session, waiting, chosen, sent):
    log, outcomes = sent
    outcomes[:] = [Outcome(False, "Answered 410.")]
    chosen()
    waiting()
    for _ in range(3):
        jobs.deliver()
        forward(session, 4_000)
    assert len(log) == 1
    assert rows(session)[0].status == "failed"


def test_what_a_dead_worker_had_claimed_is_taken_over_and_not_for_ever(
    session, waiting, chosen, sent
):
    chosen()
    waiting()
    for attempt in range(1, 6):
        claimed = delivery.claim(session, wall_now())
        session.commit()
        assert claimed.attempt == attempt
        assert delivery.claim(session, wall_now()) is None, "nobody else may send it now"
        session.commit()
        forward(session, 121)
    jobs.deliver()
    assert sent[0] == []
    (row,) = rows(session)
    assert row.status == "failed"
    assert "none ended" in row.outcome


def test_a_worker_that_was_taken_for_dead_records_nothing(session, waiting, chosen):
    chosen()
    waiting()
    slow = delivery.claim(session, wall_now())
    session.commit()
    forward(session, 121)
    second = delivery.claim(session, wall_now())
    session.commit()
    delivery.record(session, second, Outcome(True, "Answered 200."), wall_now())
    session.commit()
    delivery.record(session, slow, Outcome(False, "Too late.", again=True), wall_now())
    session.commit()
    (row,) = rows(session)
    assert (row.status, row.outcome) == ("sent", "Answered 200.")


def test_a_channel_given_up_in_the_meantime_gets_nothing(session, waiting, chosen, sent):
    chosen(webhook_url="")
    waiting(1, ("webhook", "email"))
    jobs.deliver()
    assert sent[0] == []
    assert [(row.status, "given up" in row.outcome) for row in rows(session)] == [
        ("failed", True),
        ("failed", True),
    ]


def test_a_closed_account_gets_nothing(session, actor, waiting, chosen, sent):
    chosen()
    waiting()
    session.execute(text('UPDATE "user" SET is_active = false'))
    session.commit()
    jobs.deliver()
    assert sent[0] == []
    assert rows(session)[0].status == "failed"


def test_a_flood_ends_at_the_days_limit(session, waiting, chosen, sent, monkeypatch):
    monkeypatch.setattr(jobs, "PER_DAY", 3)
    chosen()
    waiting(5)
    jobs.deliver()
    assert len(sent[0]) == 3
    assert sorted(row.status for row in rows(session)) == ["failed"] * 2 + ["sent"] * 3


def test_mail_without_a_mail_server_says_so(session, waiting, chosen, monkeypatch):
    monkeypatch.delenv("SMTP_URL", raising=False)
    chosen(by_email=True, webhook_url="")
    waiting(1, ("email",))
    jobs.deliver()
    (row,) = rows(session)
    assert (row.status, row.outcome) == ("failed", "Not sent: this site has no mail server.")
