"""Accounts as an administrator sees them. What changes them is `auth.service.oversight`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from stocksite.admin.reading import PersonLine
from stocksite.auth.models import User, UserSession
from stocksite.core.errors import NotFound
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.portfolios.models import Portfolio


def page(session: Session, request: PageRequest, text: str, now: datetime) -> Page[PersonLine]:
    """Accounts, newest first; those whose name or address holds `text`."""
    statement = _lines(now).order_by(User.id.desc())
    if text:
        wanted = f"%{_escaped(text.lower())}%"
        statement = statement.where(
            or_(
                func.lower(User.username).like(wanted, escape="\\"),
                func.lower(User.email).like(wanted, escape="\\"),
            )
        )
    return paginate(session, statement, request, lambda row: PersonLine(*tuple(row)))


def one(session: Session, user_id: int, now: datetime) -> PersonLine:
    """One account. Raises NotFound."""
    row = session.execute(_lines(now).where(User.id == user_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return PersonLine(*tuple(row))


def _lines(now: datetime) -> Select[*tuple[Any, ...]]:
    browsers = (
        select(func.count())
        .where(UserSession.user_id == User.id, UserSession.expires_at > now)
        .scalar_subquery()
    )
    books = (
        select(func.count())
        .where(Portfolio.user_id == User.id, Portfolio.archived_at.is_(None))
        .scalar_subquery()
    )
    return select(
        *(User.id, User.username, User.email, User.is_active, User.is_admin, User.date_joined),
        *(User.last_login_at, User.deleted_at, browsers, books),
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
