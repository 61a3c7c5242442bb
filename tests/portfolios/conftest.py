"""Shared by the tests of portfolios: a funded portfolio and short ways to trade in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.portfolios.fills import Side
from stocksite.portfolios.models import Portfolio
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, figures, kept_figures, orders, snapshots
from tests.portfolios.days import Days, Made
from tests.portfolios.desk import Desk
from tests.portfolios.histories import make


@pytest.fixture
def open_book(session: Session, actor: Actor) -> Callable[..., Portfolio]:
    """Open a portfolio of the actor; commits."""

    def make(name: str = "Book", cash: str = "10000.00", **settings: Any) -> Portfolio:
        wanted = books.BookSettings(name=name, starting_cash=Decimal(cash), **settings)
        portfolio = books.open_portfolio(session, actor, wanted)
        session.commit()
        return portfolio

    return make


@pytest.fixture
def trade(session: Session, actor: Actor) -> Callable[..., Any]:
    """Place a market order and commit: `trade(portfolio, "buy", "AAPL", quantity="10")`."""

    def place(
        portfolio: Portfolio,
        side: str,
        symbol: str,
        quantity: str | None = None,
        notional: str | None = None,
        **rest: Any,
    ) -> Any:
        request = OrderRequest(
            symbol,
            Side(side),
            None if quantity is None else Decimal(quantity),
            None if notional is None else Decimal(notional),
            **rest,
        )
        placed = orders.place(session, actor, portfolio.id, request)
        session.commit()
        return placed.order

    return place


@pytest.fixture
def days(session: Session, redis: Redis) -> Callable[[str], Days]:
    """A market at another start: `days("2003-02-12")` stands in the night before that session."""
    return lambda start: Days(session, redis, start)


@pytest.fixture
def made(session: Session) -> Iterator[Made]:
    """Splits and dividends of the test's own making."""
    added = Made(session)
    yield added
    added.remove()


@pytest.fixture
def desk(login: Callable[[Actor], FlaskClient], actor: Actor) -> Desk:
    """The actor's browser."""
    return Desk(login(actor))


@pytest.fixture
def stranger_desk(login: Callable[[Actor], FlaskClient], make_user: Callable[..., Actor]) -> Desk:
    """Somebody else's browser."""
    return Desk(login(make_user("stranger")))


@pytest.fixture
def lived(market: Any, session: Session, open_book: Any, trade: Any) -> tuple[Any, Any]:
    """A portfolio with a fill, a waiting order, a second close behind it, and its ids."""
    book = open_book("Lived in", "25000.00")
    market.open_next()
    trade(book, "buy", "AAPL", "10")
    trade(book, "buy", "IBM", notional="1000")
    market.until("closing")
    snapshots.take(session, market.state.session_date)
    session.commit()
    market.until("closed")
    waiting = trade(book, "buy", "MSFT", "5")
    return book, waiting


@pytest.fixture
def book(session, actor):
    made = make(session, actor.user_id, 30, sessions=300, benchmark="IBM")
    session.commit()
    return made


@pytest.fixture
def never_here(monkeypatch):
    """Once called, computing figures fails: the worker had its turn before."""

    def refuse(*rest, **more):
        raise AssertionError("figures were computed in the web process")

    return lambda: monkeypatch.setattr(figures, "report", refuse)


@pytest.fixture
def later(monkeypatch):
    """Let wall time pass for those who wait."""
    return lambda seconds: monkeypatch.setattr(
        kept_figures, "wall_now", lambda: wall_now() + timedelta(seconds=seconds)
    )
