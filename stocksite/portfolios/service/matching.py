"""Filling orders that waited: after quotes arrive, every waiting order meets its first quote.

Each portfolio is one transaction under its row lock. Sells go first, then by submission, then by
id. The price does not depend on when the worker gets here: an order that waited for the open
fills at the official open, which the quote still carries.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from stocksite.market.models import Quote
from stocksite.market.reading import StockQuote
from stocksite.market.service import clock as market_clock
from stocksite.market.service import quotes
from stocksite.portfolios.fills import Attempt, OrderType, Side, fill_at_quote
from stocksite.portfolios.models import OPEN_STATUSES, Order
from stocksite.portfolios.service import books, execution

UnitOfWork = Callable[[], AbstractContextManager[Session]]


def work_waiting(session: Session) -> bool:
    """Whether any waiting order has met a quote or has expired: is a matching run due?"""
    now = market_clock.state(session).at
    met = exists().where(
        Order.status.in_(OPEN_STATUSES),
        Quote.stock_id == Order.stock_id,
        Quote.as_of >= Order.submitted_at,
    )
    late = exists().where(Order.status.in_(OPEN_STATUSES), Order.expires_at <= now)
    return bool(session.scalar(select(met | late)))


def match_all(unit_of_work: UnitOfWork) -> int:
    """Match the waiting orders of every portfolio; returns how many orders ended."""
    with unit_of_work() as session:
        ids = session.scalars(
            select(Order.portfolio_id).where(Order.status.in_(OPEN_STATUSES)).distinct()
        ).all()
    ended = 0
    for portfolio_id in sorted(ids):
        with unit_of_work() as session:
            ended += match_portfolio(session, portfolio_id)
    return ended


def match_portfolio(session: Session, portfolio_id: int) -> int:
    """Match one portfolio's waiting orders; returns how many ended. One transaction."""
    portfolio = books.lock_by_id(session, portfolio_id)
    if portfolio is None:
        return 0
    waiting = session.scalars(
        select(Order)
        .where(Order.portfolio_id == portfolio_id, Order.status.in_(OPEN_STATUSES))
        .execution_options(populate_existing=True)
    ).all()
    now = market_clock.state(session).at
    at_market = quotes.by_ids(session, [order.stock_id for order in waiting])
    ended = 0
    for order in sorted(waiting, key=lambda o: (o.side != "sell", o.submitted_at, o.id)):
        quote = at_market.get(order.stock_id)
        met = _first_quote(order, quote) if quote else None
        if met is not None and quote is not None:
            attempt, executed_at = met
            assert attempt.fill is not None  # only market orders wait so far
            execution.fill(session, portfolio, order, quote, attempt.fill, executed_at)
            ended += 1
        elif order.expires_at is not None and order.expires_at <= now:
            execution.end(
                session, portfolio, order, "expired", "No price arrived in its session.", now
            )
            ended += 1
    if ended:
        books.touch(session, portfolio)
    return ended


def _first_quote(order: Order, quote: StockQuote) -> tuple[Attempt[Decimal], datetime] | None:
    """What the first quote at or after the submission does, and when; None before there is one."""
    if quote.price is None or quote.as_of is None or quote.as_of < order.submitted_at:
        return None
    before_open = quote.opened_at is not None and order.submitted_at <= quote.opened_at
    attempt = fill_at_quote(
        OrderType(order.type),
        Side(order.side),
        quote.price,
        session_open=quote.open,
        submitted_before_open=before_open,
    )
    at = quote.opened_at if before_open and quote.opened_at else quote.as_of
    return attempt, at
