"""An administrator in front of the panel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from tests.site.world import MakeUser, Page


@pytest.fixture
def root(make_user: MakeUser) -> Actor:
    """The administrator."""
    return make_user("root", is_admin=True)


@pytest.fixture
def panel(app: Flask, root: Actor) -> Page:
    """The administrator's browser, just logged in."""
    return Page(app, root)


@pytest.fixture
def grow_old(session: Session) -> Callable[[Actor, float], None]:
    """Let somebody's login be some minutes ago."""

    def age(who: Actor, minutes: float) -> None:
        session.execute(
            text("UPDATE user_session SET created_at = created_at - :by WHERE user_id = :id"),
            {"by": timedelta(minutes=minutes), "id": who.user_id},
        )
        session.commit()

    return age


@pytest.fixture
def audit(session: Session) -> Callable[[], list[Any]]:
    """The audit's rows, oldest first."""

    def read() -> list[Any]:
        session.rollback()
        return list(session.execute(text("SELECT * FROM admin_audit ORDER BY id")))

    return read
