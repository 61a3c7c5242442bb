"""What attached strategies do after each close: decide, and place orders for the next open.

The orders go through the ordinary order service, so they obey every rule people's orders do. One
decision per strategy and close: the diary's row is unique, and so is each order's client id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.backtest import paper
from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.models import AttachedStep, AttachedStrategy
from stocksite.backtest.paper import PaperFill, Purse
from stocksite.backtest.stage import Stage, stage
from stocksite.core.actor import Actor
from stocksite.core.calendar import trading_date
from stocksite.core.errors import DomainError
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState
from stocksite.market.service import clock as market_clock
from stocksite.market.service import research
from stocksite.portfolios.models import Portfolio, Position, Transaction
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import orders

log = logging.getLogger(__name__)

UnitOfWork = Callable[[], AbstractContextManager[Session]]


def decide_all(unit_of_work: UnitOfWork, day: date) -> int:
    """Let every active strategy decide at the close of `day`; returns how many did.

    One transaction each: a strategy that fails does not hold up the others. Raises at the end when
    one failed, so that the job is tried again.
    """
    with unit_of_work() as session:
        ids = session.scalars(
            select(AttachedStrategy.id)
            .where(AttachedStrategy.status == "active", AttachedStrategy.started_on <= day)
            .order_by(AttachedStrategy.id)
        ).all()
    decided, failed = 0, []
    for attached_id in ids:
        try:
            with unit_of_work() as session:
                decided += decide(session, attached_id, day)
        except Exception:
            log.exception("attached strategy %d could not decide on %s", attached_id, day)
            failed.append(attached_id)
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(ids)} attached strategies could not decide")
    return decided


def decide(session: Session, attached_id: int, day: date) -> bool:
    """One strategy's decision at the close of `day`; False when it is not its turn (any more)."""
    row = session.execute(
        select(AttachedStrategy, User.username)
        .join(User, User.id == AttachedStrategy.user_id)
        .where(AttachedStrategy.id == attached_id)
        .with_for_update(of=AttachedStrategy)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row[0].status != "active" or _decided(session, attached_id, day):
        return False
    attached, username = row
    portfolio = session.get(Portfolio, attached.portfolio_id, populate_existing=True)
    if portfolio is None or portfolio.archived_at is not None:
        return False
    state = market_clock.state(session)
    on = stage_now(session, read_ask(attached.ask), state, least=1)
    requests = paper.wanted(on, fills_since(session, attached), _purse(session, portfolio))
    actor = Actor(attached.user_id, username)
    placed = [
        _place(session, actor, attached, request, day, number)
        for number, request in enumerate(requests)
    ]
    session.add(
        AttachedStep(attached_id=attached.id, day=day, kind="decided", orders=placed, at=state.at)
    )
    session.flush()
    return True


def _decided(session: Session, attached_id: int, day: date) -> bool:
    found = exists().where(
        AttachedStep.attached_id == attached_id,
        AttachedStep.day == day,
        AttachedStep.kind == "decided",
    )
    return bool(session.scalar(select(found)))


def _place(
    session: Session,
    actor: Actor,
    attached: AttachedStrategy,
    request: OrderRequest,
    day: date,
    number: int,
) -> dict[str, Any]:
    """Place one order; a refusal is written down with its sentence."""
    told: dict[str, Any] = {"side": request.side.value, "symbol": request.symbol}
    named = OrderRequest(
        request.symbol,
        request.side,
        request.quantity,
        request.notional,
        client_order_id=f"strategy-{attached.id}-{day:%Y%m%d}-{number}",
        sizing=request.sizing,
        whole_shares=request.whole_shares,
    )
    try:
        with session.begin_nested():
            placed = orders.place(session, actor, attached.portfolio_id, named)
    except DomainError as error:
        return told | {"refused": error.detail}
    return told | {"order": placed.order.id}


def stage_now(session: Session, ask: Ask, state: MarketState, *, least: int = 2) -> Stage:
    """The stage of an attached strategy: prices up to the last complete session, not beyond.

    Raises InvalidInput while there are fewer sessions than `least`.
    """
    return stage(ask, research.known(session, ask.symbols, state), 0, least=least)


def fills_since(session: Session, attached: AttachedStrategy) -> Sequence[PaperFill]:
    """The portfolio's fills since the strategy was attached, oldest first."""
    rows = session.execute(
        select(
            Transaction.executed_at,
            Stock.symbol,
            Transaction.type,
            Transaction.quantity,
            Transaction.price,
        )
        .join(Stock, Stock.id == Transaction.stock_id)
        .where(
            Transaction.portfolio_id == attached.portfolio_id,
            Transaction.id > attached.baseline,
            Transaction.type.in_(("buy", "sell")),
        )
        .order_by(Transaction.executed_at, Transaction.id)
    ).all()
    return paper.fills_of(
        (trading_date(row.executed_at), row.symbol, row.type, row.quantity, row.price)
        for row in rows
    )


def _purse(session: Session, portfolio: Portfolio) -> Purse:
    rows = session.execute(
        select(Stock.symbol, Position.quantity)
        .join(Stock, Stock.id == Position.stock_id)
        .where(Position.portfolio_id == portfolio.id)
    )
    shares: dict[str, Decimal] = {row.symbol: row.quantity for row in rows}
    return Purse(portfolio.cash - portfolio.reserved, portfolio.cash, shares)
