"""Eight processes against one purse, and against one position. The control run has no lock.

Between reading the portfolio and writing it every process sleeps 2 ms, with the lock and without,
so that the control shows that this harness would notice.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from stocksite.core.actor import Actor
from stocksite.core.database import connect, unit_of_work
from stocksite.core.errors import RuleViolation
from stocksite.portfolios.fills import Side
from stocksite.portfolios.models import Portfolio, Transaction
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders, proof

PROCESSES = 8
AFFORDABLE = 200
DEADLINE_S = 40


def _spend(url: str, actor: Actor, portfolio_id: int, side: str, lock: bool, done: Any) -> None:
    """Trade one share at a time until refused; report the fills."""
    engine = connect(url)
    finder = books.locked if lock else books.owned

    def slow(*args: Any) -> Portfolio:
        portfolio = finder(*args)
        time.sleep(0.002)
        return portfolio

    books.locked = slow  # type: ignore[assignment]
    fills, give_up = 0, time.monotonic() + DEADLINE_S
    while time.monotonic() < give_up and fills <= AFFORDABLE:
        try:
            with unit_of_work() as session:
                request = OrderRequest("IBM", Side(side), Decimal(1))
                orders.place(session, actor, portfolio_id, request)
            fills += 1
        except RuleViolation:
            break
        except (DBAPIError, StaleDataError):  # without the lock the database itself may strike
            continue
    done.put(fills)
    engine.dispose()


def _race(url: str, actor: Actor, portfolio_id: int, side: str, *, lock: bool) -> int:
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    racers = [
        context.Process(target=_spend, args=(url, actor, portfolio_id, side, lock, done))
        for _ in range(PROCESSES)
    ]
    for racer in racers:
        racer.start()
    fills = sum(done.get(timeout=DEADLINE_S * 2) for _ in racers)
    for racer in racers:
        racer.join()
    return fills


@pytest.fixture
def purse(market, session, actor, open_book) -> Callable[[int], Portfolio]:
    """A portfolio with cash for exactly so many shares of IBM at the standing quote."""
    from stocksite.market.service import quotes

    def make(shares: int) -> Portfolio:
        market.open_next()
        price = quotes.of(session, "IBM").price
        return open_book(cash=str((price * shares).quantize(Decimal("0.01"))))

    return make


@pytest.mark.slow
def test_cash_for_200_buys_gives_exactly_200_fills(purse, session, settings, actor):
    book = purse(AFFORDABLE)
    fills = _race(settings.database_url, actor, book.id, "buy", lock=True)
    session.expire_all()
    assert fills == AFFORDABLE
    assert book.cash == 0
    assert proof.verify(session, actor, book.id).ok
    posted = session.scalar(select(func.count()).where(Transaction.type == "buy"))
    assert posted == AFFORDABLE


@pytest.mark.slow
def test_without_the_lock_the_same_harness_sees_money_out_of_thin_air(
    purse, session, settings, actor
):
    book = purse(AFFORDABLE)
    fills = _race(settings.database_url, actor, book.id, "buy", lock=False)
    session.expire_all()
    assert fills > AFFORDABLE
    assert not proof.verify(session, actor, book.id).ok


@pytest.mark.slow
def test_two_hundred_shares_are_sold_exactly_once_each(purse, session, settings, actor):
    book = purse(AFFORDABLE)
    orders.place(session, actor, book.id, OrderRequest("IBM", Side.BUY, Decimal(AFFORDABLE)))
    session.commit()
    fills = _race(settings.database_url, actor, book.id, "sell", lock=True)
    session.expire_all()
    assert fills == AFFORDABLE
    assert proof.verify(session, actor, book.id).ok


@pytest.mark.slow
def test_without_the_lock_the_same_shares_are_sold_twice(purse, session, settings, actor):
    book = purse(AFFORDABLE)
    orders.place(session, actor, book.id, OrderRequest("IBM", Side.BUY, Decimal(AFFORDABLE)))
    session.commit()
    fills = _race(settings.database_url, actor, book.id, "sell", lock=False)
    session.expire_all()
    assert fills > AFFORDABLE or not proof.verify(session, actor, book.id).ok
