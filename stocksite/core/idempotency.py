"""The first answer to a POST with an `Idempotency-Key`: claimed, stored, replayed, purged.

The claim is a row inserted in the request's own transaction. Whoever sends the same key meanwhile
waits on that row until the first transaction ends: after its commit they find the answer, after
its rollback they are first themselves. Times are wall time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.models import IdempotencyKey

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a key was used for first. `status` is None while that request has not answered."""

    request_hash: str
    status: int | None
    body: str
    location: str | None


def claim_key(
    session: Session, user_id: int | None, key: str, request_hash: str, now: datetime
) -> StoredAnswer | None:
    """Claim a key for this transaction: None when it is ours, else the answer given before.

    Waits for a transaction that holds the same key. A row older than 24 h counts as absent.
    """
    fresh = {"request_hash": request_hash, "created_at": now, "status": None, "body": None}
    statement = (
        insert(IdempotencyKey)
        .values(user_id=user_id, key=key, location=None, **fresh)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={**fresh, "location": None},
            where=IdempotencyKey.created_at < now - KEPT,
        )
        .returning(IdempotencyKey.id)
    )
    if session.scalar(statement) is not None:
        return None
    row = session.execute(
        select(
            IdempotencyKey.request_hash,
            IdempotencyKey.status,
            IdempotencyKey.body,
            IdempotencyKey.location,
        ).where(IdempotencyKey.key == key)
    ).one()
    return StoredAnswer(row.request_hash, row.status, row.body or "", row.location)


def store_answer(
    session: Session, key: str, *, status: int, body: str, location: str | None
) -> None:
    """Keep the answer to a claimed key; it commits or vanishes with what the request did."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.key == key)
        .values(status=status, body=body, location=location)
    )


def purge_idempotency_keys(session: Session, now: datetime) -> int:
    """Delete answers older than 24 h; returns how many."""
    gone = session.scalars(
        delete(IdempotencyKey)
        .where(IdempotencyKey.created_at < now - KEPT)
        .returning(IdempotencyKey.id)
    )
    return len(gone.all())
