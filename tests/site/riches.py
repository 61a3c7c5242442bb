"""Somebody with thirty of everything that makes rows, and somebody with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from stocksite.auth.service import create_token
from stocksite.core.clock import wall_now
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders
from stocksite.watchlist import service as watchlist
from tests.site.world import MakeUser, World, build

MORE_IDS = {"code": "not-found"}
MANY = 30


@pytest.fixture(scope="module")
def extra_stocks(engine: Engine) -> Iterator[list[str]]:
    """Thirty more stocks with a price and a history; gone after the module."""
    names = [f"ZZ{number:02d}" for number in range(MANY)]
    with engine.begin() as connection:
        for statement in (_STOCKS, _BARS):
            connection.execute(text(statement), {"names": names})
    yield names
    with engine.begin() as connection:
        for table in ("position", "watchlist_item", '"order"', "transaction"):
            connection.execute(text(f"TRUNCATE {table} CASCADE"))
        connection.execute(text("DELETE FROM stock WHERE symbol = ANY(:names)"), {"names": names})


_STOCKS = """
INSERT INTO stock (symbol, name, exchange, currency, sector, status, first_bar, last_bar)
SELECT n, 'Zed ' || n, 'XNYS', 'USD', 'Zeds', 'active', s.first_bar, s.last_bar
FROM unnest(CAST(:names AS text[])) n, stock s WHERE s.symbol = 'IBM'
"""
_QUOTES = """
INSERT INTO quote (stock_id, session_date, price, open, high, low, previous_close, volume,
                   opened_at, as_of, received_at, source, tick)
SELECT z.id, q.session_date, q.price, q.open, q.high, q.low, q.previous_close, q.volume,
       q.opened_at, q.as_of, q.received_at, q.source, q.tick
FROM stock z, stock s JOIN quote q ON q.stock_id = s.id
WHERE z.symbol = ANY(:names) AND s.symbol = 'IBM'
ON CONFLICT DO NOTHING
"""
_BARS = """
INSERT INTO bar (stock_id, date, open, high, low, close, volume, source)
SELECT z.id, b.date, b.open, b.high, b.low, b.close, b.volume, b.source
FROM stock z, stock s JOIN bar b ON b.stock_id = s.id
WHERE z.symbol = ANY(:names) AND s.symbol = 'IBM' AND b.date > '2008-06-01'
"""
_SESSIONS = """
INSERT INTO user_session (user_id, token_hash, credential_version, created_at, last_seen_at,
                          expires_at, agent, address)
SELECT :user_id, md5(random()::text), 1, now(), now(), now() + interval '1 day', '', ''
FROM generate_series(1, :count)
"""
_DAYS = """
INSERT INTO portfolio_snapshot (portfolio_id, date, closes_at, cash, positions_value, total_value,
                                inflow, outflow, net_deposits, twr_index, peak_index, recorded_at)
SELECT :id, b.date, b.date + interval '21 hours', 1000, 49000, 50000, 0, 0, 50000, 1, 1, now()
FROM bar b JOIN stock s ON s.id = b.stock_id
WHERE s.symbol = 'IBM' AND b.date <= '2008-12-31' ORDER BY b.date DESC LIMIT :count
"""


def _enrich(session: Session, world: World, names: list[str], count: int) -> None:
    """`count` of everything that makes rows on a page, for the owner of a world; commits."""
    actor, now = world.actor, wall_now()
    book = world.portfolio(session)
    for number, name in enumerate(names[:count]):
        # One order fills, every other has one that waits: together less than a page of them.
        for execution in ("instant", "next_quote")[: 1 + number % 2]:
            book.execution = execution
            orders.place(session, actor, book.id, OrderRequest(name, Side.BUY, Decimal(1)))
        watchlist.add(session, actor, name)
        create_token(session, actor, name=f"Script {number}", now=now)
        settings = books.BookSettings(name=f"Book {number}", starting_cash=Decimal(100))
        books.open_portfolio(session, actor, settings)
    rows = {"user_id": actor.user_id, "id": book.id, "count": count}
    session.execute(text(_SESSIONS), rows)
    session.execute(text(_DAYS), rows)
    session.commit()


@pytest.fixture
def both(
    keep: Callable[..., Any], session: Session, make_user: MakeUser, extra_stocks: list[str]
) -> tuple[World, World]:
    """The owner of thirty and the owner of one."""

    def make_both() -> tuple[World, World]:
        session.execute(text(_QUOTES), {"names": extra_stocks})
        session.commit()
        return make("rich", MANY), make("one", 1)

    def make(name: str, count: int) -> World:
        world = build(session, make_user(name))
        _enrich(session, world, extra_stocks, count)
        return replace(world, ids=world.ids | MORE_IDS)

    made: tuple[World, World] = keep("riches", make_both)
    return made


@pytest.fixture
def rich(both: tuple[World, World]) -> World:
    """Somebody with thirty of everything."""
    return both[0]


@pytest.fixture
def one(both: tuple[World, World]) -> World:
    """Somebody with one of everything."""
    return both[1]
