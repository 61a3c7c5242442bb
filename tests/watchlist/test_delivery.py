"""From a notification to its delivery: once per channel, tried again, every outcome recorded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text

from stocksite import schedule
from stocksite.core.models import Job
from stocksite.watchlist import jobs
from stocksite.watchlist.delivery import addresses
from stocksite.watchlist.models import NotificationDelivery
from stocksite.watchlist.service import delivery
from tests.watchlist import receivers
from tests.watchlist.conftest import HOOK
from tests.watchlist.receivers import answering, mail_server


def rows(session):
    session.rollback()
    session.expire_all()
    return list(
        session.scalars(select(NotificationDelivery).order_by(NotificationDelivery.notification_id))
    )


def forward(session, seconds):
    """Let the waits pass: everything that is due later is due that much earlier."""
    session.execute(
        text(
            "UPDATE notification_delivery SET due_at = due_at - make_interval(secs => :seconds)"
            " WHERE status IN ('waiting', 'sending')"
        ),
        {"seconds": seconds},
    )
    session.commit()


def test_a_delivery_goes_out_once_and_its_outcome_stays(session, waiting, chosen, sent):
    chosen()
    (number,) = waiting()
    for _ in range(3):
        jobs.deliver()
    assert sent[0] == [(HOOK, f"notification-{number}")]
    (row,) = rows(session)
    assert (row.status, row.attempts, row.outcome) == ("sent", 1, "Answered 200.")
    assert row.finished_at is not None


def test_many_workers_at_once_send_each_once(session, waiting, chosen, sent):
    chosen()
    made = waiting(40)
    barrier = Barrier(4)

    def work():
        barrier.wait()
        jobs.deliver()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(work) for _ in range(4)]:
            each.result()
    assert sorted(each for _, each in sent[0]) == sorted(f"notification-{n}" for n in made)
    assert {row.status for row in rows(session)} == {"sent"}
    assert {row.attempts for row in rows(session)} == {1}


def test_through_the_real_channels(session, actor, waiting, chosen, monkeypatch):
    """A webhook and a mail server on this machine; loopback is let through for the webhook here."""
    monkeypatch.setattr(addresses, "judge", lambda address: None)
    monkeypatch.setattr(jobs.webhook.post, "__defaults__", (lambda host, port: ["127.0.0.1"],))
    with receivers.webhook(answering("500 x"), answering("200 OK")) as hook, mail_server() as smtp:
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{smtp.port}")
        chosen(by_email=True, webhook_url=f"http://hooks.example.com:{hook.port}/x")
        (number,) = waiting(1, ("webhook", "email"))
        jobs.deliver()
        forward(session, 16)
        jobs.deliver()
        jobs.deliver()
    assert [(row.channel, row.status, row.attempts) for row in rows(session)] == [
        ("webhook", "sent", 2),
        ("email", "sent", 1),
    ] or [(row.channel, row.status, row.attempts) for row in rows(session)] == [
        ("email", "sent", 1),
        ("webhook", "sent", 2),
    ]
    assert len(smtp.taken) == 1
    assert f"{actor.username}@example.com".encode() in smtp.taken[0]
    body = json.loads(hook.taken[1].partition(b"\r\n\r\n")[2])
    assert body["id"] == number
    assert body["text"] == "AAPL is at $101.20, above your level of $100.00."
    assert (body["price"], body["level"], body["kind"]) == ("101.20", "100.00", "above")


def test_the_clock_sends_for_deliveries_that_are_due(session, redis, market, waiting, chosen):
    chosen()
    waiting()
    now = market.wall.replace(microsecond=0)
    for _ in range(6):
        now += timedelta(seconds=1)
        schedule.step(redis, now)
    session.rollback()
    wanted = select(Job.dedupe_key).where(Job.function == schedule.DELIVER)
    assert len(session.scalars(wanted).all()) in (1, 2), "every fifth second, not every one"
    session.execute(text("UPDATE notification_delivery SET status = 'sent'"))
    session.execute(text("DELETE FROM job"))
    session.commit()
    for _ in range(6):
        now += timedelta(seconds=1)
        schedule.step(redis, now)
    session.rollback()
    assert session.scalars(wanted).all() == []


def test_a_database_restart_between_sending_and_recording_is_no_second_worker(
    session, waiting, chosen, sent, monkeypatch
):
    """The record fails: the row stays claimed, and is sent again only after the claim lapses."""
    chosen()
    waiting()
    real, calls = delivery.record, []

    def failing(*args):
        calls.append(args)
        if len(calls) == 1:
            raise ConnectionError("the database went away")
        return real(*args)

    monkeypatch.setattr(jobs.delivery, "record", failing)
    with pytest.raises(ConnectionError):
        jobs.deliver()
    jobs.deliver()
    assert len(sent[0]) == 1
    forward(session, 121)
    jobs.deliver()
    assert len(sent[0]) == 2
    assert rows(session)[0].status == "sent"
