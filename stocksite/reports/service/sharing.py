"""A link that shows one report to whoever has it: 256 random bits, revocable, and nothing else."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.reports.models import Report
from stocksite.reports.reading import ReportView
from stocksite.reports.service import reads


def share(session: Session, actor: Actor, report_id: int, now: datetime) -> ReportView:
    """Give a report a link; one that has a link keeps it. Raises NotFound."""
    found = reads.view(session, actor, report_id)
    if found.share_token is None:
        _set(session, report_id, secrets.token_urlsafe(32), now)
    return reads.view(session, actor, report_id)


def revoke(session: Session, actor: Actor, report_id: int) -> ReportView:
    """Take the link away: it shows nothing from now on. Raises NotFound."""
    reads.view(session, actor, report_id)
    _set(session, report_id, None, None)
    return reads.view(session, actor, report_id)


def _set(session: Session, report_id: int, token: str | None, at: datetime | None) -> None:
    session.execute(
        update(Report).where(Report.id == report_id).values(share_token=token, shared_at=at)
    )
