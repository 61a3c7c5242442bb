"""Bringing splits and dividends to portfolios, on the ex-date, once.

    tick that opens the session ─┐ one transaction: market time and quotes of the open,
    a close (catches up)        ─┴─> apply_due: splits, then dividends, then what is paid today

So nobody ever sees new prices beside old shares, and the first fill of the ex-date meets adjusted
positions and orders. Three keys keep an action from acting twice: one row per stock, kind and
ex-date once it was brought to all portfolios, one row per portfolio, and the row locks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.market.models import CorporateAction, Stock
from stocksite.market.reading import MarketState
from stocksite.market.service import restating
from stocksite.portfolios import corporate as rules
from stocksite.portfolios.corporate import Action
from stocksite.portfolios.models import (
    OPEN_STATUSES,
    AppliedAction,
    Order,
    Portfolio,
    Position,
    ProcessedAction,
    Transaction,
)
from stocksite.portfolios.service import late, settling, waiting


def apply_due(session: Session, state: MarketState) -> int:
    """Apply what has become due at market time and pay dividends; returns how many postings.

    Two statements when nothing is due.
    """
    touched = 0
    for action in _due(session, state):
        touched += _apply(session, action, state)
    return touched + settling.pay_due(session, state.at)


def apply_to(session: Session, portfolio: Portfolio, upto: datetime) -> int:
    """Bring one portfolio what it has not met yet of the actions with an ex-date session up to
    a market time: for history that is written down, not lived through. Returns how many.

    The portfolio must stand where it stood then; the caller holds its row lock.
    """
    session.flush()
    applied = 0
    for action in _unmet(session, portfolio, upto):
        settling.settle(session, action, settling.holders(session, action, [portfolio.id]))
        applied += 1
    paid = settling.pay_due(session, upto, portfolio.id)
    if applied or paid:
        session.expire_all()
    return applied + paid


def _due(session: Session, state: MarketState) -> list[Action]:
    """Actions whose session has opened and that were not brought to the portfolios yet."""
    if state.session_date is None:
        return []
    done = exists().where(
        ProcessedAction.stock_id == CorporateAction.stock_id,
        ProcessedAction.kind == CorporateAction.kind,
        ProcessedAction.ex_date == CorporateAction.ex_date,
    )
    rows = session.execute(
        _ACTIONS.where(CorporateAction.ex_date <= state.session_date, ~done)
    ).all()
    return [_action(row) for row in rows]


_ACTIONS = (
    select(
        CorporateAction.stock_id,
        Stock.symbol,
        CorporateAction.kind,
        CorporateAction.ex_date,
        CorporateAction.ratio_to,
        CorporateAction.ratio_from,
        CorporateAction.amount,
        CorporateAction.pay_date,
    )
    .join(Stock, Stock.id == CorporateAction.stock_id)
    # On one day splits come first: dividends are cash per new share.
    .order_by(CorporateAction.ex_date, CorporateAction.kind.desc(), CorporateAction.stock_id)
)


def _action(row: Any) -> Action:
    ratio = (row.ratio_to, row.ratio_from) if row.ratio_to is not None else None
    return Action(row.stock_id, row.symbol, row.kind, row.ex_date, ratio, row.amount, row.pay_date)


def _unmet(session: Session, portfolio: Portfolio, upto: datetime) -> list[Action]:
    """Actions of what a portfolio holds, since it holds it, that it has not met."""
    last = xnys().last_opened(upto)
    met = exists().where(
        AppliedAction.portfolio_id == portfolio.id,
        AppliedAction.stock_id == CorporateAction.stock_id,
        AppliedAction.kind == CorporateAction.kind,
        AppliedAction.ex_date == CorporateAction.ex_date,
    )
    rows = session.execute(
        _ACTIONS.join(Position, Position.stock_id == CorporateAction.stock_id)
        .where(Position.portfolio_id == portfolio.id, ~met)
        .where(CorporateAction.ex_date <= (last.date if last else upto.date()))
        .add_columns(Position.opened_at)
    ).all()
    found = [(_action(row), row.opened_at) for row in rows]
    return [
        action
        for action, opened_at in found
        if opened_at < rules.session_of(action.ex_date, xnys()).open
    ]


def _apply(session: Session, action: Action, state: MarketState) -> int:
    """One action for every portfolio that has to do with it."""
    ex_at = rules.session_of(action.ex_date, xnys()).open
    prompt = action.ex_date == state.session_date and state.is_open
    if action.ratio is not None:
        restating.restate_quote(session, action.stock_id, action.ex_date, action.ratio)
    ids = _concerned(session, action, ex_at, past=not prompt)
    touched = _settle(session, action, ids, ex_at, state.at) if ids else 0
    _processed(session, action, touched)
    return touched


def _settle(
    session: Session, action: Action, ids: list[int], ex_at: datetime, now: datetime
) -> int:
    settling.lock(session, ids)
    found = settling.holders(session, action, ids)
    behind = late.behind(session, action, ids, ex_at)
    touched = settling.settle(session, action, [h for h in found if h.portfolio_id not in behind])
    touched += sum(late.settle(session, action, each, ex_at) for each in sorted(behind))
    if action.is_split:
        waiting.adjust(session, action, ex_at, now)
    return touched


def _concerned(session: Session, action: Action, ex_at: datetime, *, past: bool) -> list[int]:
    """Portfolios that wait for the stock, and those that hold it or – when the action comes late –
    traded it before the ex-date's open.
    """
    held = select(Position.portfolio_id).where(Position.stock_id == action.stock_id)
    waits = select(Order.portfolio_id).where(
        Order.stock_id == action.stock_id, Order.status.in_(OPEN_STATUSES)
    )
    traded = select(Transaction.portfolio_id).where(
        Transaction.stock_id == action.stock_id, Transaction.executed_at < ex_at
    )
    wanted = union(waits, traded if past else held)
    return list(session.scalars(select(wanted.subquery().c.portfolio_id)))


def _processed(session: Session, action: Action, touched: int) -> None:
    session.execute(
        insert(ProcessedAction)
        .values(
            stock_id=action.stock_id,
            kind=action.kind,
            ex_date=action.ex_date,
            portfolios=touched,
            processed_at=wall_now(),
        )
        .on_conflict_do_nothing()
    )
