"""The stock resource is kept per stock; what belongs to a person never is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import ConnectionError as Away
from sqlalchemy.orm import Session

from stocksite.core import queue
from stocksite.core.actor import Actor
from stocksite.market.service import facts
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders

Login = Callable[[Actor], FlaskClient]
PATH = "/api/stocks/AAPL/"


def test_what_one_owns_is_never_shared(
    login: Login, make_user: Callable[..., Actor], session: Session
) -> None:
    owner, other = make_user(), make_user()
    wanted = books.BookSettings(name="Mine", starting_cash=Decimal(9000), execution="instant")
    book = books.open_portfolio(session, owner, wanted)
    session.commit()
    mine, theirs = login(owner), login(other)
    assert mine.get(PATH).headers["X-Cache"] == "miss"
    orders.place(session, owner, book.id, OrderRequest("AAPL", Side.BUY, Decimal(5)))
    session.commit()
    bought, empty = mine.get(PATH), theirs.get(PATH)
    assert (bought.headers["X-Cache"], empty.headers["X-Cache"]) == ("hit", "hit")
    assert (bought.json["purchased_amount"], empty.json["purchased_amount"]) == (5, 0)
    assert (bought.json["purchased_status"], empty.json["purchased_status"]) == (
        "purchased",
        "none",
    )
    assert bought.json["quote"] == empty.json["quote"]


def test_a_tick_and_a_fact_end_what_is_kept(
    login: Login, actor: Actor, session: Session, market: object, redis: Redis
) -> None:
    browser = login(actor)
    seen = [browser.get(PATH).headers["X-Cache"] for _ in range(2)]
    market.open_next()  # type: ignore[attr-defined]
    seen += [browser.get(PATH).headers["X-Cache"] for _ in range(2)]
    queue.connect_queue(redis)
    facts.touch(session)
    session.commit()
    seen += [browser.get(PATH).headers["X-Cache"] for _ in range(2)]
    assert seen == ["miss", "hit"] * 3


def test_what_is_kept_equals_what_is_made(login: Login, actor: Actor) -> None:
    browser = login(actor)
    assert browser.get(PATH).data == browser.get("/api/stocks/aapl/").data


def test_without_redis_it_is_made_each_time(
    login: Login, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = login(actor)

    def gone(*_: object, **__: object) -> None:
        raise Away

    monkeypatch.setattr(Redis, "mget", gone)
    answers = [browser.get(PATH) for _ in range(2)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "miss"]
    assert answers[0].status_code == 200
