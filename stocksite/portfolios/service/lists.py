"""What lists and files of one portfolio share: who may see them, and how long a file may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import NotFound, RuleViolation
from stocksite.core.paging import Page
from stocksite.portfolios.models import Portfolio

MAX_EXPORT = 100_000
"""Rows of one CSV file at most."""


def check_owned(session: Session, actor: Actor, portfolio_id: int) -> None:
    """Raise NotFound unless the portfolio is the actor's and not archived."""
    found = session.scalar(
        select(Portfolio.id).where(
            Portfolio.id == portfolio_id,
            Portfolio.user_id == actor.user_id,
            Portfolio.archived_at.is_(None),
        )
    )
    if found is None:
        raise NotFound(f"You have no portfolio {portfolio_id}.")


def check_owned_if_empty(
    session: Session, actor: Actor, portfolio_id: int | None, page: Page[Any]
) -> None:
    """Rows prove ownership, since every query goes through the owner; an empty list does not."""
    if portfolio_id is not None and not page.count:
        check_owned(session, actor, portfolio_id)


def export_rows(session: Session, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
    """All rows of a statement for one file. Raises RuleViolation past 100,000."""
    rows = session.execute(statement.limit(MAX_EXPORT + 1)).all()
    if len(rows) > MAX_EXPORT:
        raise RuleViolation(
            f"There are more than {MAX_EXPORT:,} rows. Narrow them down by date, then download "
            "one part after the other.",
            code="too-many-rows",
        )
    return rows
