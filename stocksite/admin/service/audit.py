"""The audit: one row per change, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.admin.models import AdminAudit
from stocksite.admin.reading import AuditLine
from stocksite.core.actor import Actor
from stocksite.core.paging import Page, PageRequest, paginate

COMMAND = "command line"


def record(
    session: Session,
    actor: Actor | None,
    action: str,
    subject: str,
    detail: str = "",
    *,
    now: datetime,
    address: str = "",
    request_id: str = "",
) -> None:
    """Write down a change. `actor` is None for a command on the machine."""
    session.add(
        AdminAudit(
            at=now,
            actor_id=actor.user_id if actor else None,
            actor=actor.username if actor else COMMAND,
            action=action,
            subject=subject[:120],
            detail=detail,
            address=address[:45],
            request_id=request_id[:64],
        )
    )
    session.flush()


def trail(session: Session, request: PageRequest, subject: str = "") -> Page[AuditLine]:
    """The changes, newest first; of one subject when it is given."""
    row = AdminAudit
    columns: tuple[Any, ...] = (
        *(row.id, row.at, row.actor, row.action, row.subject, row.detail),
        *(row.address, row.request_id),
    )
    statement = select(*columns).order_by(row.id.desc())
    if subject:
        statement = statement.where(row.subject == subject)
    return paginate(session, statement, request, lambda found: AuditLine(*tuple(found)))
