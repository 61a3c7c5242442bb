"""Strategies that trade a portfolio: attaching, pausing, detaching, and their diary."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.models import AttachedStep, AttachedStrategy
from stocksite.backtest.reading import AttachedView, StepView
from stocksite.backtest.service import runs, trading
from stocksite.backtest.terms import Costs, Exits, FillAt, Rounding
from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation
from stocksite.market.reading import MarketState
from stocksite.market.service import clock as market_clock
from stocksite.market.service import stocks
from stocksite.portfolios.models import OPEN_STATUSES, Order, Portfolio, Position, Transaction
from stocksite.portfolios.reading import PortfolioChoice
from stocksite.portfolios.service import books, orders

MAX_ATTACHED = 20


def attach(session: Session, actor: Actor, run_id: int, portfolio_id: int) -> AttachedView:
    """Let the strategy of a backtest trade a portfolio from the next open on.

    It decides after every close, the first time at the last one when the market is closed. Raises
    NotFound, RuleViolation for what the paper exchange does not do or a portfolio that cannot be
    traded, Conflict when another strategy trades it.
    """
    run = runs.view(session, actor, run_id)
    _check_ask(session, run.ask)
    portfolio = books.locked(session, actor, portfolio_id)
    _check_portfolio(session, portfolio)
    state = market_clock.state(session)
    if state.session_date is None:
        raise RuleViolation("The market has not had its first session yet.", code="no-price")
    row = AttachedStrategy(
        user_id=actor.user_id,
        portfolio_id=portfolio.id,
        run_id=run.id,
        ask=_paper_ask(run.ask, portfolio, state).plain(),
        status="active",
        started_on=state.session_date,
        cash=portfolio.cash,
        baseline=_last_posting(session, portfolio),
        created_at=state.at,
    )
    session.add(row)
    session.flush()
    _note(session, row, "attached", state)
    if not state.is_open:
        trading.decide(session, row.id, state.session_date)
    return view(session, actor, row.id)


def _last_posting(session: Session, portfolio: Portfolio) -> int:
    newest = select(func.max(Transaction.id)).where(Transaction.portfolio_id == portfolio.id)
    return session.scalar(newest) or 0


def _check_ask(session: Session, ask: Ask) -> None:
    if ask.exits != Exits():
        raise RuleViolation(
            "Stops, targets and a maximum holding are not available on paper yet. Run the "
            "backtest without them, then attach that one.",
            code="not-available",
        )
    if ask.fill is not FillAt.NEXT_OPEN:
        raise RuleViolation(
            "On paper, orders fill at the next open. Run the backtest with that fill, then attach "
            "that one.",
            code="not-available",
        )
    for symbol in ask.symbols:
        stocks.get(session, symbol)


def _check_portfolio(session: Session, portfolio: Portfolio) -> None:
    if portfolio.execution != "next_quote":
        raise RuleViolation(
            f"{portfolio.name} fills at once at any hour, so an order given at the close would "
            "trade at that very close. Set it to fill at the next quote first.",
            code="not-available",
        )
    held = exists().where(Position.portfolio_id == portfolio.id)
    waits = exists().where(Order.portfolio_id == portfolio.id, Order.status.in_(OPEN_STATUSES))
    if session.scalar(select(held | waits)):
        raise RuleViolation(
            f"{portfolio.name} has positions or waiting orders, and a strategy starts with cash "
            "alone. Sell and cancel them, or open a portfolio for it.",
            code="portfolio-not-empty",
        )
    if portfolio.cash <= 0:
        raise RuleViolation(
            f"{portfolio.name} has no cash. Deposit some first.", code="insufficient-funds"
        )
    taken = exists().where(
        AttachedStrategy.portfolio_id == portfolio.id, AttachedStrategy.status != "detached"
    )
    if session.scalar(select(taken)):
        raise Conflict(
            f"Another strategy trades {portfolio.name}. Detach it first.", code="attached-already"
        )


def _paper_ask(ask: Ask, portfolio: Portfolio, state: MarketState) -> Ask:
    """The backtest's ask as the portfolio trades it: in cents, at its own costs, from now on."""
    costs = Costs(float(portfolio.commission_pct), float(portfolio.commission_per_trade), 0.0)
    return replace(
        ask,
        start=state.session_date,
        end=None,
        initial_investment=float(portfolio.cash),
        costs=costs,
        adjustment="total",
        rounding=Rounding.CENT,
    )


def set_paused(session: Session, actor: Actor, attached_id: int, paused: bool) -> AttachedView:
    """Pause or resume: a paused strategy decides nothing; what waits still fills.

    Raises NotFound; Conflict for one that is detached.
    """
    row = _locked(session, actor, attached_id)
    _check_attached(row)
    wanted = "paused" if paused else "active"
    if row.status != wanted:
        row.status = wanted
        state = market_clock.state(session)
        _note(session, row, "paused" if paused else "resumed", state)
    return view(session, actor, attached_id)


def detach(session: Session, actor: Actor, attached_id: int) -> AttachedView:
    """End it: its waiting orders are canceled, its positions stay. Raises NotFound, Conflict."""
    row = _locked(session, actor, attached_id)
    _check_attached(row)
    state = market_clock.state(session)
    waiting = session.scalars(
        select(Order.id).where(
            Order.portfolio_id == row.portfolio_id,
            Order.status.in_(OPEN_STATUSES),
            Order.client_order_id.startswith(f"strategy-{row.id}-", autoescape=True),
        )
    ).all()
    for order_id in waiting:
        orders.cancel(session, actor, row.portfolio_id, order_id)
    row.status, row.ended_at = "detached", state.at
    _note(session, row, "detached", state)
    return view(session, actor, attached_id)


def _check_attached(row: AttachedStrategy) -> None:
    if row.status == "detached":
        raise Conflict("The strategy is detached already.", code="detached")


def _locked(session: Session, actor: Actor, attached_id: int) -> AttachedStrategy:
    row = session.scalar(
        select(AttachedStrategy)
        .where(AttachedStrategy.id == attached_id, AttachedStrategy.user_id == actor.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(f"You have no attached strategy {attached_id}.")
    return row


def _note(session: Session, row: AttachedStrategy, kind: str, state: MarketState) -> None:
    """A line in the diary; the second of one kind on one day says nothing new."""
    day = state.session_date or row.started_on
    known = session.scalar(
        select(AttachedStep.id).where(
            AttachedStep.attached_id == row.id, AttachedStep.day == day, AttachedStep.kind == kind
        )
    )
    if known is None:
        session.add(AttachedStep(attached_id=row.id, day=day, kind=kind, orders=[], at=state.at))
    session.flush()


def _views(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(AttachedStrategy, Portfolio.name)
        .join(Portfolio, Portfolio.id == AttachedStrategy.portfolio_id)
        .where(AttachedStrategy.user_id == actor.user_id)
        .order_by((AttachedStrategy.status == "detached"), AttachedStrategy.id.desc())
        .execution_options(populate_existing=True)
    )


def _view(row: Any) -> AttachedView:
    attached, name = row
    return AttachedView(
        attached.id,
        attached.portfolio_id,
        name,
        attached.run_id,
        read_ask(attached.ask),
        attached.status,
        attached.started_on,
        attached.cash,
        attached.baseline,
        attached.created_at,
        attached.ended_at,
    )


def view(session: Session, actor: Actor, attached_id: int) -> AttachedView:
    """One of the actor's attached strategies. Raises NotFound."""
    row = session.execute(_views(actor).where(AttachedStrategy.id == attached_id)).one_or_none()
    if row is None:
        raise NotFound(f"You have no attached strategy {attached_id}.")
    return _view(row)


def listed(session: Session, actor: Actor) -> list[AttachedView]:
    """All of the actor's, those that trade first."""
    rows = session.execute(_views(actor).limit(200)).all()
    return [_view(row) for row in rows]


def diary(session: Session, attached_id: int, limit: int = 5_000) -> list[StepView]:
    """What it did, the latest first. The caller has checked ownership."""
    rows = session.scalars(
        select(AttachedStep)
        .where(AttachedStep.attached_id == attached_id)
        .order_by(AttachedStep.day.desc(), AttachedStep.id.desc())
        .limit(limit)
    )
    return [StepView(row.day, row.kind, tuple(row.orders), row.at) for row in rows]


def candidates(session: Session, actor: Actor) -> list[PortfolioChoice]:
    """Portfolios a strategy could trade: with cash, without positions, orders or a strategy."""
    taken = exists().where(
        AttachedStrategy.portfolio_id == Portfolio.id, AttachedStrategy.status != "detached"
    )
    held = exists().where(Position.portfolio_id == Portfolio.id)
    waits = exists().where(Order.portfolio_id == Portfolio.id, Order.status.in_(OPEN_STATUSES))
    rows = session.execute(
        select(Portfolio.id, Portfolio.name, Portfolio.cash)
        .where(
            Portfolio.user_id == actor.user_id,
            Portfolio.archived_at.is_(None),
            Portfolio.execution == "next_quote",
            Portfolio.cash > 0,
            ~taken,
            ~held,
            ~waits,
        )
        .order_by(Portfolio.is_default.desc(), Portfolio.id)
    )
    return [PortfolioChoice(*row) for row in rows]


def open_and_attach(
    session: Session, actor: Actor, run_id: int, name: str, cash: Decimal
) -> AttachedView:
    """Open a portfolio with the backtest's costs and attach the strategy to it.

    Raises what `books.open_portfolio` and `attach` raise.
    """
    ask = runs.view(session, actor, run_id).ask
    try:
        made = books.open_portfolio(
            session,
            actor,
            books.BookSettings(
                name=name,
                description=f"Traded by {ask.title}.",
                starting_cash=cash,
                commission_pct=Decimal(repr(ask.costs.commission_pct)).quantize(Decimal("0.0001")),
                commission_per_trade=Decimal(repr(ask.costs.commission_per_trade)).quantize(
                    Decimal("0.01")
                ),
            ),
        )
    except InvalidInput:
        raise
    except DomainError as error:
        raise InvalidInput.of_field("name", error.detail, code=error.code) from None
    return attach(session, actor, run_id, made.id)
