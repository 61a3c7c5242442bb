"""What tells the other tests that nothing changed does see what changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.site.world import MakeUser, Watch, build


@pytest.mark.parametrize(
    ("statements", "tables"),
    [
        (["UPDATE portfolio SET name = name"], ["portfolio"]),
        (["UPDATE portfolio SET name = 'other'"], ["portfolio"]),
        (["UPDATE watchlist_item SET note = 'x'"], ["watchlist_item"]),
        (["DELETE FROM notification"], ["notification"]),
        (["UPDATE \"user\" SET first_name = 'x'"], ["user"]),
        (['UPDATE "user" SET last_login_at = now()'], []),
        (["UPDATE user_session SET last_seen_at = now()"], []),
        (["SELECT * FROM portfolio FOR UPDATE"], []),
        (["UPDATE portfolio SET name = 'other'", "ROLLBACK"], []),
    ],
)
def test_what_was_written_is_seen(
    session: Session,
    keep: Callable[..., Any],
    make_user: MakeUser,
    engine: Engine,
    statements: list[str],
    tables: list[str],
) -> None:
    keep("watched", lambda: build(session, make_user("owner")))
    watch = Watch(session)
    assert watch.changed() == []
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()
    assert watch.changed() == tables
    watch.look()
    assert watch.changed() == []
