"""A portfolio that has lived, forecasts that have matured, and a worker in the same process."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core import queue
from stocksite.core.actor import Actor
from stocksite.core.models import Job
from stocksite.forecast.service import making as forecasting
from stocksite.market.service import clock
from stocksite.portfolios.fills import Side
from stocksite.portfolios.models import Portfolio
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders, snapshots


@pytest.fixture
def lived(session: Session, actor: Actor, market: Any) -> Callable[..., Portfolio]:
    """A portfolio with trades and closes behind it; commits."""

    def live(name: str = "Retirement", description: str = "", sessions: int = 3) -> Portfolio:
        wanted = books.BookSettings(
            name=name,
            description=description,
            starting_cash=Decimal("25000.00"),
            commission_per_trade=Decimal("1.25"),
            benchmark="MSFT",
        )
        book = books.open_portfolio(session, actor, wanted)
        session.commit()
        for n in range(sessions):
            market.open_next()
            if n < 2:
                for symbol, amount in (("AAPL", "1000"), ("IBM", "2000.50")):
                    order = OrderRequest(symbol, Side.BUY, None, Decimal(amount))
                    orders.place(session, actor, book.id, order)
            market.until("closing")
            snapshots.take(session, market.state.session_date)
            session.commit()
        market.until("closed")
        return book

    return live


@pytest.fixture
def browser(login: Any, actor: Actor) -> FlaskClient:
    """The owner's browser."""
    found: FlaskClient = login(actor)
    return found


@pytest.fixture
def forecasted(session: Session) -> int:
    """A forecast of AAPL from the last close; its id."""
    state = clock.state(session)
    from stocksite.market.service import stocks

    made, _ = forecasting.make(session, stocks.get(session, "AAPL"), state)
    session.commit()
    return made


@pytest.fixture
def work(session: Session) -> Callable[[], list[Job]]:
    """Run every queued job as the worker would."""

    def run() -> list[Job]:
        session.commit()
        waiting = session.scalars(select(Job.id).where(Job.status == "queued")).all()
        for job_id in waiting:
            queue.run(job_id)
        session.expire_all()
        return list(session.scalars(select(Job).where(Job.id.in_(waiting))))

    return run
