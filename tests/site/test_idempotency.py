"""One order, asked for fifty times at once, is one order with fifty equal answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.portfolios.models import Order, Portfolio, Transaction
from stocksite.portfolios.service.proof import verify_portfolio
from tests.site.world import MakeUser, Page, World, build

TIMES = 50


@pytest.fixture
def world(session: Session, make_user: MakeUser) -> World:
    """An owner whose orders fill at once."""
    made = build(session, make_user("owner"))
    made.portfolio(session).execution = "instant"
    session.commit()
    return made


def _at_once(ask: Callable[[int], Any]) -> list[Any]:
    """Call `ask` from fifty threads that start together; what they returned or raised."""
    barrier = threading.Barrier(TIMES)
    answers: list[Any] = [None] * TIMES

    def run(number: int) -> None:
        barrier.wait(30)
        try:
            answers[number] = ask(number)
        except BaseException as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def _orders(session: Session, world: World) -> int:
    session.rollback()
    book = Order.portfolio_id == world.ids["portfolio_id"]
    return session.scalar(select(func.count()).select_from(Order).where(book)) or 0


def _check_ledger(session: Session, world: World, trades: int) -> None:
    """Exactly so many buys more than the world began with, and a ledger that proves it."""
    session.rollback()
    bought = select(func.count()).where(
        Transaction.portfolio_id == world.ids["portfolio_id"], Transaction.type == "buy"
    )
    assert session.scalar(bought) == 1 + trades
    portfolio = session.get(Portfolio, world.ids["portfolio_id"])
    assert portfolio is not None
    assert verify_portfolio(session, portfolio).ok


def _json(app: Flask, world: World, body: dict[str, Any], key: str | None) -> Any:
    headers = {"Authorization": f"Bearer {world.token}"}
    if key:
        headers["Idempotency-Key"] = key
    path = f"/api/portfolios/{world.ids['portfolio_id']}/orders/"
    return app.test_client().post(path, json=body, headers=headers)


ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "1"}


def test_one_key_is_one_order(app: Flask, session: Session, world: World) -> None:
    before = _orders(session, world)
    answers = _at_once(lambda number: _json(app, world, ORDER, "the-one-key"))
    assert Counter((a.status_code, a.data, a.headers["Location"]) for a in answers) == {
        (201, answers[0].data, answers[0].headers["Location"]): TIMES
    }
    replayed = sum("Idempotent-Replayed" in a.headers for a in answers)
    assert replayed == TIMES - 1
    assert _orders(session, world) == before + 1
    _check_ledger(session, world, trades=1)


def test_without_a_key_every_request_is_an_order(
    app: Flask, session: Session, world: World
) -> None:
    """The control: the same fifty requests without the key are fifty orders."""
    before = _orders(session, world)
    answers = _at_once(lambda number: _json(app, world, ORDER, None))
    assert {a.status_code for a in answers} == {201}
    assert _orders(session, world) == before + TIMES
    _check_ledger(session, world, trades=TIMES)


def test_one_client_order_id_is_one_order(app: Flask, session: Session, world: World) -> None:
    before = _orders(session, world)
    body = ORDER | {"client_order_id": "mine-1"}
    answers = _at_once(lambda number: _json(app, world, body, None))
    assert Counter(a.status_code for a in answers) == {201: 1, 200: TIMES - 1}
    assert len({a.get_json()["id"] for a in answers}) == 1
    assert _orders(session, world) == before + 1
    _check_ledger(session, world, trades=1)


def test_one_key_with_two_bodies_is_one_order_and_a_refusal(
    app: Flask, session: Session, world: World
) -> None:
    before = _orders(session, world)
    bodies = (ORDER, ORDER | {"quantity": "2"})
    answers = _at_once(lambda number: _json(app, world, bodies[number % 2], "two-bodies"))
    counted = Counter(a.status_code for a in answers)
    assert counted == {201: TIMES // 2, 422: TIMES // 2}
    codes = {a.get_json()["code"] for a in answers if a.status_code == 422}
    assert codes == {"idempotency-key-reused"}
    assert _orders(session, world) == before + 1


def test_one_ticket_sent_fifty_times_is_one_order(
    app: Flask, session: Session, world: World
) -> None:
    """The page's own way: the ticket carries an id, so a double click buys once."""
    page, before = Page(app, world.actor), _orders(session, world)
    cookie = page.browser.get_cookie("session")
    assert cookie is not None
    form = {
        "csrf_token": page.csrf,
        "client_order_id": "ticket-of-the-test",
        "portfolio": str(world.ids["portfolio_id"]),
        "symbol": "AAPL",
        "side": "buy",
        "mode": "quantity",
        "quantity": "1",
    }

    def ask(number: int) -> Any:
        browser = app.test_client()
        browser.set_cookie("session", cookie.value)
        return browser.post("/trade", data=form)

    answers = _at_once(ask)
    assert {a.status_code for a in answers} == {303}
    assert _orders(session, world) == before + 1
    _check_ledger(session, world, trades=1)


def test_a_refused_order_frees_its_key(app: Flask, session: Session, world: World) -> None:
    """What failed left nothing behind, so the same key works once the cash is there."""
    dear = ORDER | {"quantity": "100000"}
    refused = _json(app, world, dear, "second-try")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "insufficient-funds")
    portfolio = session.get(Portfolio, world.ids["portfolio_id"])
    assert portfolio is not None
    before = portfolio.cash
    assert before > Decimal(0)
    again = _json(app, world, ORDER, "second-try")
    assert again.status_code == 201
    _check_ledger(session, world, trades=1)
