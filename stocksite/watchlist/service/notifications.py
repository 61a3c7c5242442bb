"""What people were told: the list, what is read, and the number beside the bell.

The bell costs a page no SQL: the unread count lies in Redis together with the revision it was
counted at, which every change of the list raises. A page that finds no such count shows the bell
without a number and lets the bell ask.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.orm import Session

from stocksite.core import cursors
from stocksite.core.actor import Actor
from stocksite.core.errors import NotFound
from stocksite.core.paging import Page, PageRequest, order_columns, paginate
from stocksite.market.models import Stock
from stocksite.watchlist import alerts
from stocksite.watchlist.models import Notification, NotificationDelivery
from stocksite.watchlist.reading import Bell, DeliveryView, NotificationView

KEEP = timedelta(days=90)
"""How long a notification is kept, wall time."""
_REMEMBER_S = 86_400

ORDERINGS: dict[str, ColumnElement[Any]] = {
    "timestamp": Notification.at.expression,
    "symbol__ticker": Stock.symbol.expression,
    "kind": Notification.kind.expression,
}
"""What lists of notifications can be ordered by."""


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Which notifications to list; None means all."""

    symbol: str | None = None
    kind: str | None = None
    unread: bool | None = None


def revision_key(user_id: int) -> str:
    """The counter that every change of a person's notifications raises."""
    return f"notifications:{user_id}"


def _bell_key(user_id: int) -> str:
    return f"notifications:{user_id}:bell"


def known_bell(redis: Redis | None, user_id: int) -> Bell | None:
    """The bell from Redis alone, in one read; None when the count there is out of date."""
    found = cursors.read(redis, (revision_key(user_id), _bell_key(user_id)))
    if found is None:
        return None
    revision, _, rest = found[1].partition(".")
    unread, _, last_id = rest.partition(".")
    if revision != found[0] or not (unread.isdecimal() and last_id.isdecimal()):
        return None
    return Bell(revision, int(unread), int(last_id))


def read_bell(session: Session, redis: Redis | None, actor: Actor) -> Bell:
    """The bell from the database, remembered in Redis; one statement.

    The revision is read first: a change in between makes what is remembered out of date.
    """
    revision = cursors.read(redis, (revision_key(actor.user_id),))
    unread, last_id = session.execute(
        select(
            func.count().filter(Notification.read_at.is_(None)),
            func.coalesce(func.max(Notification.id), 0),
        ).where(Notification.user_id == actor.user_id)
    ).one()
    bell = Bell(revision[0] if revision else "-", unread, last_id)
    if redis is not None and revision is not None:
        with suppress(RedisError):
            redis.set(_bell_key(actor.user_id), bell.tag, ex=_REMEMBER_S)
    return bell


def news(session: Session, actor: Actor, after_id: int, limit: int = 3) -> list[NotificationView]:
    """The newest unread notifications with an id after `after_id`, oldest of them first."""
    statement = _statement(actor).where(Notification.id > after_id, Notification.read_at.is_(None))
    rows = session.execute(statement.order_by(Notification.id.desc()).limit(limit)).all()
    return [_view(row) for row in reversed(rows)]


def listed(
    session: Session,
    actor: Actor,
    page: PageRequest,
    wanted: NotificationFilter | None = None,
    ordering: str = "-timestamp",
) -> Page[NotificationView]:
    """A page of the actor's notifications; at most two statements."""
    wanted = wanted or NotificationFilter()
    statement = _statement(actor)
    if wanted.symbol is not None:
        statement = statement.where(Stock.symbol == wanted.symbol)
    if wanted.kind is not None:
        statement = statement.where(Notification.kind == wanted.kind)
    if wanted.unread is not None:
        is_unread = Notification.read_at.is_(None)
        statement = statement.where(is_unread if wanted.unread else ~is_unread)
    terms = order_columns(ordering, ORDERINGS)
    ordered = statement.order_by(*terms, Notification.at.desc(), Notification.id.desc())
    return paginate(session, ordered, page, _view)


def mark(
    session: Session, actor: Actor, notification_id: int, read: bool, now: datetime
) -> NotificationView:
    """Mark one notification as read or unread; `now` is wall time. Raises NotFound."""
    mine = (Notification.id == notification_id, Notification.user_id == actor.user_id)
    value = func.coalesce(Notification.read_at, now) if read else None
    changed = session.scalar(
        update(Notification)
        .where(*mine)
        .values(read_at=value)
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise NotFound("There is no such notification of yours. They are kept for 90 days.")
    cursors.bump(session, revision_key(actor.user_id))
    return _view(session.execute(_statement(actor).where(*mine)).one())


def mark_all(session: Session, actor: Actor, now: datetime) -> int:
    """Mark all of the actor's notifications as read; returns how many were not."""
    found = session.execute(
        update(Notification)
        .where(Notification.user_id == actor.user_id, Notification.read_at.is_(None))
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )
    cursors.bump(session, revision_key(actor.user_id))
    return int(found.rowcount)  # type: ignore[attr-defined]


def purge(session: Session, now: datetime) -> int:
    """Forget notifications older than `KEEP`; returns how many."""
    found = session.execute(
        delete(Notification)
        .where(Notification.created_at < now - KEEP)
        .returning(Notification.user_id)
    ).all()
    for user_id in {row.user_id for row in found}:
        cursors.bump(session, revision_key(user_id))
    return len(found)


def _statement(actor: Actor) -> Select[*tuple[Any, ...]]:
    delivery = NotificationDelivery
    deliveries = (
        select(
            func.json_agg(
                func.json_build_array(delivery.channel, delivery.status, delivery.outcome)
            )
        )
        .where(delivery.notification_id == Notification.id)
        .scalar_subquery()
    )
    return (
        select(
            Notification.id,
            Stock.symbol,
            Stock.name,
            Notification.kind,
            Notification.level,
            Notification.price,
            Notification.previous_close,
            Notification.session_date,
            Notification.at,
            Notification.read_at,
            deliveries.label("deliveries"),
        )
        .join(Stock, Stock.id == Notification.stock_id)
        .where(Notification.user_id == actor.user_id)
    )


def _view(row: Row[Any]) -> NotificationView:
    told = (row.kind, row.symbol, row.level, row.price, row.previous_close)
    return NotificationView(
        id=row.id,
        symbol=row.symbol,
        name=row.name,
        kind=row.kind,
        level=row.level,
        price=row.price,
        previous_close=row.previous_close,
        session_date=row.session_date,
        at=row.at,
        read_at=row.read_at,
        text=alerts.sentence(*told),
        deliveries=tuple(DeliveryView(*each) for each in sorted(row.deliveries or ())),
    )
