"""One owner with one of everything that has an id, and the walk over the URL map."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from stocksite.auth.models import UserSession
from stocksite.auth.service import create_token
from stocksite.core import database
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.queue import enqueue
from stocksite.market.models import Stock
from stocksite.market.service import clock
from stocksite.portfolios.fills import Side
from stocksite.portfolios.models import Portfolio, Transaction
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders, snapshots
from stocksite.watchlist import service as watchlist
from stocksite.watchlist.models import Notification
from tests.conftest import PASSWORD, csrf_token
from tests.site.rooms import furnish

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAME = "Somebody's book"
_numbers = itertools.count(1)

# What moves by itself: who was here last, and the clock's own wall time.
_MOVING = ("last_seen_at", "last_used_at", "last_login_at", "ticked_at")


@dataclass(frozen=True)
class World:
    """What one person owns: ids by the names that paths use for them."""

    actor: Actor
    ids: dict[str, Any]
    token: str
    """A personal token's secret."""

    def portfolio(self, session: Session) -> Portfolio:
        """The portfolio as stored."""
        found = session.get(Portfolio, self.ids["portfolio_id"])
        assert found is not None
        return found


def build(session: Session, actor: Actor, *, symbol: str = "AAPL") -> World:
    """Give a person a portfolio with a filled and a waiting order, a token, a session, a job, a
    watched stock, and what `rooms` adds. The market must be closed. Commits.
    """
    wanted = books.BookSettings(name=NAME, starting_cash=Decimal(50_000), execution="instant")
    book = books.open_portfolio(session, actor, wanted)
    orders.place(session, actor, book.id, OrderRequest(symbol, Side.BUY, Decimal(10)))
    book.execution = "next_quote"
    waiting = orders.place(session, actor, book.id, OrderRequest(symbol, Side.BUY, Decimal(5)))
    assert waiting.order.status == "accepted", "the world is built while the market is closed"
    watchlist.add(session, actor, symbol)
    token = create_token(session, actor, name="Script", now=wall_now())
    job = enqueue(session, "stocksite.market.jobs.refresh", user_id=actor.user_id)
    row = _session_row(session, actor)
    told = _notification(session, actor, symbol)
    bought = select(Transaction.id).where(
        Transaction.portfolio_id == book.id, Transaction.type == "buy"
    )
    ids = {
        "portfolio_id": book.id,
        "order_id": waiting.order.id,
        "transaction_id": session.scalar(bought),
        "token_id": token.id,
        "session_id": row.id,
        "job_id": job,
        "symbol": symbol,
        "notification_id": told.id,
        "investment": "10000",
        "root": "BRK",
        "share": "B",
        "filename": "icon.svg",
        **furnish(session, actor, book.id),
    }
    session.commit()
    return World(actor, ids, token.token)


def _session_row(session: Session, actor: Actor) -> UserSession:
    now = wall_now()
    row = UserSession(
        user_id=actor.user_id,
        token_hash=f"{next(_numbers):064x}",
        credential_version=1,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=1),
    )
    session.add(row)
    session.flush()
    return row


def _notification(session: Session, actor: Actor, symbol: str) -> Notification:
    state = clock.state(session)
    row = Notification(
        user_id=actor.user_id,
        stock_id=session.scalar(select(Stock.id).where(Stock.symbol == symbol)),
        kind="above",
        level=Decimal(1),
        price=Decimal(2),
        session_date=state.session_date,
        at=state.at,
        created_at=wall_now(),
    )
    session.add(row)
    session.flush()
    return row


def add_snapshots(session: Session, portfolio_id: int, until: date) -> None:
    """Daily values of a portfolio up to a session; commits."""
    snapshots.rebuild(session, portfolio_id, until)
    session.commit()


def last_complete(session: Session) -> date:
    """The last session that has closed."""
    day = clock.state(session).last_complete
    assert day is not None
    return day


def operations(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every rule with each of its methods, as the application has them.

    Without the administrators' panel: `tests/admin/test_access.py` walks that.
    """
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        if rule.endpoint.startswith("admin."):
            continue
        for method in METHODS:
            if method in (rule.methods or ()):
                yield rule, method


def path_of(app: Flask, rule: Rule, ids: dict[str, Any]) -> str:
    """The rule's path with these ids; fails for a variable nobody said how to fill."""
    missing = sorted(rule.arguments - set(ids))
    assert not missing, (
        f"{rule.rule} has the variable {missing[0]!r}: give the world one of those, or say in "
        "the list of shared pages why it belongs to nobody."
    )
    build_path = rule.build({name: ids[name] for name in rule.arguments}, append_unknown=False)
    assert build_path is not None, f"{rule.rule} cannot be built from {ids}"
    return build_path[1]


def is_api(rule: Rule) -> bool:
    """Whether scripts call it; the addresses of `compat` answer both, and scripts in JSON."""
    if rule.endpoint.startswith(("compat.", "compat_api.")):
        return True
    return rule.rule.startswith("/api/") and rule.endpoint != "docs.api_docs"


def fingerprint(session: Session) -> dict[str, str]:
    """Of every table how many rows it has and which transaction wrote last, in one statement.

    Every INSERT and UPDATE leaves a row with a newer xmin and every DELETE one row less, so what
    was committed shows, be the values as before. A table with columns that move by themselves is
    compared by the digest of the others.
    """
    session.rollback()
    return {row.name: row.digest for row in session.execute(_fingerprint())}


@cache
def _fingerprint() -> TextClause:
    tables = database.Base.metadata.sorted_tables
    return text(" UNION ALL ".join(_mark(each) for each in tables if each.name not in _REFERENCE))


def _mark(table: Any) -> str:
    moving = "".join(f" - '{name}'" for name in _MOVING if name in table.columns)
    if not moving:
        marked = "count(*) || ' ' || coalesce(max(xmin::text::bigint), 0)"
    else:
        row = f"(to_jsonb(t){moving})::text"
        marked = f"md5(coalesce(string_agg({row}, '' ORDER BY {row}), ''))"
    return f"""SELECT '{table.name}' AS name, {marked} AS digest FROM "{table.name}" t"""


_REFERENCE = frozenset({"stock", "bar", "corporate_action", "symbol_directory", "quote"})


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that are not as they were."""
    return [name for name, digest in before.items() if after[name] != digest]


class Watch:
    """Says which tables have changed since it last looked.

    Whoever writes takes a transaction number: where none was taken, there is nothing to compare.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.look()

    def look(self) -> None:
        """What is there now is how it has to stay."""
        self._next, self._seen = self._next_number(), fingerprint(self._session)

    def changed(self) -> list[str]:
        """The tables that are not as they were when it looked."""
        number = self._next_number()
        if number == self._next:
            return []
        self._next = number
        return differences(self._seen, fingerprint(self._session))

    def _next_number(self) -> int:
        self._session.rollback()
        return int(self._session.execute(_NEXT_NUMBER).scalar_one())


_NEXT_NUMBER = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")


class Page:
    """A browser that sends forms the way pages do, with the token of one page."""

    def __init__(self, app: Flask, who: Actor | None) -> None:
        self.browser: FlaskClient = app.test_client()
        if who is not None:
            form = {"username": who.username, "password": PASSWORD, "csrf_token": self._csrf()}
            answer = self.browser.post("/login", data=form)
            assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
        self.csrf = self._csrf("/dashboard" if who else "/login")

    def _csrf(self, path: str = "/login") -> str:
        return csrf_token(self.browser, path)

    def __call__(
        self, method: str, path: str, data: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        """Send a request; unsafe ones carry the form and its token."""
        if method != "GET":
            options["data"] = {"csrf_token": self.csrf, **(data or {})}
        return self.browser.open(path, method=method, **options)


class Script:
    """A script with a personal token, or without any."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.browser = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        """Send a request."""
        return self.browser.open(path, method=method, headers=self.headers, **options)


MakeUser = Callable[..., Actor]
