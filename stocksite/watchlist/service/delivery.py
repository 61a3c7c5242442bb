"""Getting notifications out: each goes once through each channel its owner chose.

waiting ── claim (one worker, conditional update) ──> sending ── answer ──> sent | failed
   ^                                                     │
   └── later, after trouble that may pass: 5 attempts ───┘   (a dead sender's row is due again)

No transaction is open while the network is waited for. An attempt whose answer was lost is made
again with the same id in it, so that the receiver can tell a repeat: certainty needs both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from stocksite.core import cursors
from stocksite.watchlist import alerts
from stocksite.watchlist.delivery import Message, Outcome
from stocksite.watchlist.models import NotificationDelivery
from stocksite.watchlist.service.notifications import revision_key

RETRY_AFTER: Final = tuple(timedelta(seconds=s) for s in (15, 60, 300, 1800))
"""Waits between attempts."""
MAX_ATTEMPTS: Final = len(RETRY_AFTER) + 1
SENDER_DEAD_AFTER: Final = timedelta(minutes=2)
PER_DAY: Final = 100
"""Messages one person gets through one channel in 24 hours; the rest stay on the site."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker alone may attempt now."""

    notification_id: int
    channel: str
    attempt: int
    user_id: int
    email: str
    webhook_url: str
    """Empty when its owner has given the channel up in the meantime."""
    sent_today: int
    message: Message


_DUE = "status IN ('waiting', 'sending') AND due_at <= :now"
_ANY_DUE = text(f"SELECT EXISTS (SELECT FROM notification_delivery WHERE {_DUE})")
_CLAIM = text(f"""
    UPDATE notification_delivery d
    SET status = 'sending', attempts = d.attempts + 1, due_at = :dead_at
    FROM (SELECT notification_id, channel FROM notification_delivery WHERE {_DUE}
          ORDER BY due_at, notification_id LIMIT 1 FOR UPDATE SKIP LOCKED) next
    WHERE d.notification_id = next.notification_id AND d.channel = next.channel
    RETURNING d.notification_id, d.channel, d.attempts
""")
_WHOLE = text("""
    SELECT n.user_id, n.kind, n.level, n.price, n.previous_close, n.session_date, n.at,
           s.symbol, s.name, u.email, u.deleted_at IS NULL AND u.is_active AS alive,
           coalesce(c.by_email, false) AS by_email, coalesce(c.webhook_url, '') AS webhook_url,
           (SELECT count(*) FROM notification_delivery d JOIN notification o
                ON o.id = d.notification_id
            WHERE o.user_id = n.user_id AND d.channel = :channel AND d.status = 'sent'
              AND d.finished_at > :yesterday) AS sent_today
    FROM notification n JOIN stock s ON s.id = n.stock_id JOIN "user" u ON u.id = n.user_id
    LEFT JOIN notification_settings c ON c.user_id = n.user_id
    WHERE n.id = :id
""")


def any_due(session: Session, now: datetime) -> bool:
    """Whether a delivery waits for its attempt; one cheap statement. `now` is wall time."""
    return bool(session.scalar(_ANY_DUE, {"now": now}))


def claim(session: Session, now: datetime) -> Claim | None:
    """Take the delivery that is due longest for this worker alone; None when nothing is due.

    Commit before sending. The claim lapses after two minutes: then its worker has died.
    """
    taken = session.execute(_CLAIM, {"now": now, "dead_at": now + SENDER_DEAD_AFTER}).one_or_none()
    if taken is None:
        return None
    row = session.execute(
        _WHOLE,
        {
            "id": taken.notification_id,
            "channel": taken.channel,
            "yesterday": now - timedelta(days=1),
        },
    ).one()
    return Claim(
        notification_id=taken.notification_id,
        channel=taken.channel,
        attempt=taken.attempts,
        user_id=row.user_id,
        email=row.email if row.alive and row.by_email else "",
        webhook_url=row.webhook_url if row.alive else "",
        sent_today=row.sent_today,
        message=_message(taken.notification_id, row),
    )


def record(session: Session, claimed: Claim, outcome: Outcome, now: datetime) -> str:
    """Write down what an attempt came to; returns the delivery's status.

    Trouble that may pass is tried again up to five times in all. An attempt that was taken over
    by another worker in the meantime is not recorded.
    """
    values: dict[str, Any] = {"outcome": outcome.words[:300]}
    waits = RETRY_AFTER[claimed.attempt - 1 : claimed.attempt]
    if outcome.sent or not outcome.again or not waits:
        values |= {"status": "sent" if outcome.sent else "failed", "finished_at": now}
    else:
        values |= {"status": "waiting", "due_at": now + waits[0]}
    session.execute(
        update(NotificationDelivery)
        .where(
            NotificationDelivery.notification_id == claimed.notification_id,
            NotificationDelivery.channel == claimed.channel,
            NotificationDelivery.attempts == claimed.attempt,
            NotificationDelivery.status == "sending",
        )
        .values(**values)
    )
    cursors.bump(session, revision_key(claimed.user_id))
    return str(values["status"])


def _message(notification_id: int, row: Any) -> Message:
    told = alerts.sentence(row.kind, row.symbol, row.level, row.price, row.previous_close)
    when = row.at.isoformat().replace("+00:00", "Z")
    data: dict[str, object] = {
        "id": notification_id,
        "symbol": {"ticker": row.symbol, "name": row.name},
        "kind": row.kind,
        "level": _number(row.level),
        "price": _number(row.price),
        "previous_close": _number(row.previous_close) if row.previous_close else None,
        "timestamp": when,
        "text": told,
    }
    return Message(
        id=f"notification-{notification_id}",
        subject=told.partition(",")[0],
        text=f"{told}\n\n{row.name}, {when} by the market's clock.\n"
        "You asked for this on your watchlist.\n",
        data=data,
    )


def _number(value: Any) -> str:
    whole, _, rest = f"{value:f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
