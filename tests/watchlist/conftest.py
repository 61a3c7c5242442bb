"""Fixtures of the watchlist's tests."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from stocksite.core import queue
from stocksite.core.clock import wall_now
from stocksite.market.models import Stock
from stocksite.watchlist import jobs, service
from stocksite.watchlist.alerts import Levels
from stocksite.watchlist.delivery import Outcome
from stocksite.watchlist.models import (
    Notification,
    NotificationDelivery,
)
from stocksite.watchlist.service import channels, levels, notifications

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


@pytest.fixture
def ticks(session):
    """Writes AAPL's next price, evaluates, and gives back what was told: (kind, price) pairs."""
    numbers = iter(range(100, 10_000))

    def next_price(price, previous="100", day=date(2009, 1, 2), *, mail=False):
        number = next(numbers)
        put(session, price, previous, number, day)
        seen = set(session.scalars(select(Notification.id)))
        count = levels.evaluate(session, NOW, number - 1, mail)
        rows = session.scalars(select(Notification).order_by(Notification.id))
        new = [row for row in rows if row.id not in seen]
        assert count == len(new)
        return sorted((row.kind, row.price) for row in new)

    return next_price


def put(session, price, previous, tick, day=date(2009, 1, 2), symbol="AAPL"):
    session.execute(
        text(
            "UPDATE quote SET price = :price, previous_close = :previous, tick = :tick,"
            " session_date = :day WHERE stock_id = (SELECT id FROM stock WHERE symbol = :symbol)"
        ),
        {"price": price, "previous": previous, "tick": tick, "day": day, "symbol": symbol},
    )


@pytest.fixture
def watch(session, actor, ticks):
    """Watches AAPL at 100 with these levels."""

    def put_on(**wanted):
        ticks("100")
        service.add(session, actor, "AAPL")
        made = {name: Decimal(value) for name, value in wanted.items()}
        return service.change(session, actor, "AAPL", Levels(**made))

    return put_on


AT = datetime(2009, 1, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
def tell(session):
    """Tells somebody something; commits and raises the counter as the clock does."""
    from stocksite.core import cursors

    def make(who, kind="above", symbol="AAPL", level="100", minutes=0, read=False):
        row = Notification(
            user_id=who.user_id,
            stock_id=session.scalar(select(Stock.id).where(Stock.symbol == symbol)),
            kind=kind,
            level=Decimal(level),
            price=Decimal("101.2"),
            previous_close=Decimal(99),
            session_date=date(2009, 1, 2),
            at=AT + timedelta(minutes=minutes),
            created_at=wall_now(),
            read_at=wall_now() if read else None,
        )
        session.add(row)
        cursors.bump(session, notifications.revision_key(who.user_id))
        session.commit()
        return row.id

    return make


@pytest.fixture
def browser(login, actor, redis):
    queue.connect_queue(redis)
    return login(actor)
