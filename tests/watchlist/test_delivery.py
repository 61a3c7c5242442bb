"""From a notification to its delivery: once per channel, tried again, every outcome recorded."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import select, text

from stocksite import schedule
from stocksite.core.clock import wall_now
from stocksite.core.models import Job
from stocksite.market.models import Stock
from stocksite.watchlist import jobs
from stocksite.watchlist.delivery import Outcome, addresses
from stocksite.watchlist.models import Notification, NotificationDelivery
from stocksite.watchlist.service import channels, delivery
from tests.watchlist import receivers
from tests.watchlist.receivers import answering, mail_server

NOW = wall_now()
HOOK = "https://hooks.example.com/hook"


@pytest.fixture
def waiting(session, actor):
    """Makes notifications that wait for their deliveries; commits."""

    def make(count=1, channels_=("webhook",), who=actor):
        stock = session.scalar(select(Stock.id).where(Stock.symbol == "AAPL"))
        made = []
        for number in range(count):
            row = Notification(
                user_id=who.user_id,
                stock_id=stock,
                kind="above",
                level=Decimal(100 + number),
                price=Decimal("101.2"),
                previous_close=Decimal(99),
                session_date=date(2009, 1, 2),
                at=NOW,
                created_at=NOW,
            )
            session.add(row)
            session.flush()
            made.append(row.id)
            for channel in channels_:
                session.add(
                    NotificationDelivery(
                        notification_id=row.id,
                        channel=channel,
                        status="waiting",
                        attempts=0,
                        due_at=NOW,
                        outcome="",
                    )
                )
        session.commit()
        return made

    return make


@pytest.fixture
def chosen(session, actor):
    """Chooses channels; commits."""

    def choose(by_email=False, webhook_url=HOOK):
        channels.change(session, actor, by_email=by_email, webhook_url=webhook_url)
        session.commit()

    return choose


@pytest.fixture
def sent(monkeypatch):
    """Replaces the network: what was sent, and what each attempt comes to (the last repeats)."""
    log: list[tuple[str, str]] = []
    outcomes = [Outcome(True, "Answered 200.")]
    lock = threading.Lock()

    def post(url, message, resolver=None):
        with lock:
            log.append((url, message.id))
            return outcomes[min(len(log), len(outcomes)) - 1]

    monkeypatch.setattr(jobs.webhook, "post", post)
    return log, outcomes


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
