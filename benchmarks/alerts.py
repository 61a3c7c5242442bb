"""What watching the quotes costs the clock: 1,000 alert levels and all events, per quote batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.figures import Figure
from benchmarks.place import Place
from stocksite.core.clock import wall_now
from stocksite.market.service import events
from stocksite.watchlist.service import levels

LEVELS = 1_000
ROUNDS = 15
ASKED_MS = 50.0

_PEOPLE = """
INSERT INTO "user" (username, email, password_hash, first_name, last_name, time_zone, theme,
                    gain_colors, is_active, is_admin, credential_version, date_joined)
SELECT 'watcher' || n, 'w' || n || '@example.com', '!', '', '', 'America/New_York', 'system',
       'green', true, false, 1, now()
FROM generate_series(1, :people) n
"""
_ROWS = """
INSERT INTO watchlist_item (user_id, stock_id, position, note, above, added_at, levels_on)
SELECT u.id, q.stock_id, 0, '', q.price * 1.5, now(), q.session_date
FROM "user" u CROSS JOIN quote q WHERE u.username LIKE 'watcher%' LIMIT :levels
"""
_HOOKS = """
INSERT INTO notification_settings (user_id, by_email, webhook_url)
SELECT id, true, 'https://example.com/hook' FROM "user" WHERE username LIKE 'watcher%'
"""
_NOBODY_ELSE = "DELETE FROM watchlist_item"
"""The demo account watches too, and would be told of a big move."""
_NONE_TOLD = "DELETE FROM notification"
_ARMED = """
UPDATE watchlist_item SET above_armed = true, above = :factor * q.price
FROM quote q WHERE q.stock_id = watchlist_item.stock_id AND above IS NOT NULL
"""


def figures(place: Place) -> Iterator[Figure]:
    """Milliseconds of the median batch, commit included."""
    with Session(place.engine) as session:
        session.execute(text(_NOBODY_ELSE))
        session.execute(text(_PEOPLE), {"people": LEVELS // 4})
        session.execute(text(_ROWS), {"levels": LEVELS})
        session.execute(text(_HOOKS))
        session.commit()
        session.execute(text("ANALYZE"))
        session.commit()

    def evaluate(session: Session) -> int:
        return levels.evaluate(session, wall_now(), 0, mail=True)

    yield _figure(place, "1,000 alerts against a batch, none fires", evaluate, 1.5, 0)
    note = "with an e-mail and a webhook queued for each"
    yield _figure(place, "1,000 alerts against a batch, all fire", evaluate, 0.5, LEVELS, note)

    def detect(session: Session) -> int:
        session.execute(text("DELETE FROM significant_event"))
        return events.detect(session, Decimal("0.01"), 0)

    yield _figure(place, "significant events of a batch, all cross", detect, 1, None)

    def fill(session: Session) -> int:
        session.execute(text("DELETE FROM event_history"))
        session.execute(text("DELETE FROM significant_event"))
        return events.fill_history(session, Decimal(2))

    yield _figure(place, "events of nine years, five stocks, from closes", fill, 1, None, rounds=3)


def _figure(
    place: Place,
    name: str,
    run: Callable[[Session], int],
    factor: float,
    expected: int | None,
    note: str = "",
    rounds: int = ROUNDS,
) -> Figure:
    took, made = [], 0
    for _ in range(rounds):
        with Session(place.engine) as session:
            for statement in (_NONE_TOLD, _ARMED):
                session.execute(text(statement), {"factor": Decimal(str(factor))})
            session.commit()
            began = time.perf_counter()
            made = run(session)
            session.commit()
            took.append((time.perf_counter() - began) * 1000)
        assert expected is None or made == expected, f"{made} instead of {expected}"
    asked = None if expected is None else ASKED_MS
    slowest = f"slowest of {rounds} {max(took):.1f} ms, {made:,} rows; {note}".rstrip("; ")
    return Figure(name, sorted(took)[len(took) // 2], "ms", asked, slowest)
