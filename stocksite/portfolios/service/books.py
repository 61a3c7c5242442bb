"""Opening, finding, editing and archiving portfolios; the row lock everything else relies on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from stocksite.core import cursors
from stocksite.core.actor import Actor
from stocksite.core.clock import market_now, wall_now
from stocksite.core.database import lock_name
from stocksite.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation
from stocksite.core.money import ZERO
from stocksite.market.service import stocks
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.models import OPEN_STATUSES, Order, Portfolio
from stocksite.portfolios.reading import PortfolioChoice
from stocksite.portfolios.service import postings

DEFAULT_CASH = Decimal("100000.00")
DEFAULT_NAME = "My portfolio"
MAX_PORTFOLIOS = 50


@dataclass(frozen=True)
class BookSettings:
    """What an owner chooses. Every field has the default of a new portfolio."""

    name: str = DEFAULT_NAME
    description: str = ""
    starting_cash: Decimal = DEFAULT_CASH
    cost_method: str = "average"
    benchmark: str | None = None
    execution: str = "next_quote"
    commission_pct: Decimal = field(default=ZERO)
    commission_per_trade: Decimal = field(default=ZERO)
    fractions: str = "keep"
    public: bool = False


EDITABLE = frozenset(
    {"name", "description", "benchmark", "execution", "commission_pct", "commission_per_trade"}
    | {"fractions", "public"}
)


def open_portfolio(
    session: Session, actor: Actor, wanted: BookSettings, *, is_default: bool = False
) -> Portfolio:
    """Create a portfolio with its starting cash as the first deposit (none when it is 0).

    Raises RuleViolation past 50 portfolios or for FIFO, Conflict for a name in use, InvalidInput
    for a benchmark that is not tracked.
    """
    _check(wanted.cost_method)
    wanted = replace(wanted, benchmark=_known_stock(session, wanted.benchmark))
    _one_at_a_time(session, actor)
    _check_name_free(session, actor, wanted.name)
    count = session.scalar(
        select(func.count()).where(
            Portfolio.user_id == actor.user_id, Portfolio.archived_at.is_(None)
        )
    )
    if (count or 0) >= MAX_PORTFOLIOS:
        raise RuleViolation(
            f"You have {count} portfolios; {MAX_PORTFOLIOS} is the most. Delete one first.",
            code="too-many-portfolios",
        )
    now = market_now(session)
    portfolio = Portfolio(
        user_id=actor.user_id,
        is_default=is_default,
        created_at=now,
        cash=ZERO,
        **{name: getattr(wanted, name) for name in BookSettings.__dataclass_fields__},
    )
    session.add(portfolio)
    session.flush()
    if wanted.starting_cash:
        postings.post_cash(
            session, portfolio, TransactionType.DEPOSIT, wanted.starting_cash, now, "Starting cash"
        )
    return portfolio


def open_default(session: Session, actor: Actor) -> Portfolio:
    """The portfolio every new account starts with."""
    return open_portfolio(session, actor, BookSettings(), is_default=True)


def owned(session: Session, actor: Actor, portfolio_id: int) -> Portfolio:
    """The actor's own portfolio. Raises NotFound for anybody else's, or an archived one."""
    return _one(session, actor, portfolio_id, lock=False)


def locked(session: Session, actor: Actor, portfolio_id: int) -> Portfolio:
    """The same, with its row locked until the transaction ends: the gate of every money move."""
    portfolio = _one(session, actor, portfolio_id, lock=True)
    touch(session, portfolio)
    return portfolio


def touch(session: Session, portfolio: Portfolio) -> None:
    """Let polling pages know, once this transaction commits, that the portfolio changed."""
    cursors.bump(session, cursor_name(portfolio.user_id, portfolio.id))


def cursor_name(user_id: int, portfolio_id: int) -> str:
    """The counter of a portfolio's changes. The owner is part of it: strangers count nothing."""
    return f"portfolio:{user_id}:{portfolio_id}"


def lock_by_id(session: Session, portfolio_id: int) -> Portfolio | None:
    """Lock a portfolio on behalf of the system (matching, snapshots); None when it is gone."""
    return session.scalar(
        select(Portfolio)
        .where(Portfolio.id == portfolio_id, Portfolio.archived_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _one(session: Session, actor: Actor, portfolio_id: int, *, lock: bool) -> Portfolio:
    wanted = select(Portfolio).where(
        Portfolio.id == portfolio_id,
        Portfolio.user_id == actor.user_id,
        Portfolio.archived_at.is_(None),
    )
    if lock:
        # What was read before the lock may be stale: read the row again as it is now.
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    portfolio = session.scalar(wanted)
    if portfolio is None:
        raise NotFound(f"You have no portfolio {portfolio_id}.")
    return portfolio


def choices(session: Session, actor: Actor) -> list[PortfolioChoice]:
    """The actor's portfolios to choose from, the default one first. One statement."""
    rows = session.execute(
        select(Portfolio.id, Portfolio.name, Portfolio.cash - Portfolio.reserved)
        .where(Portfolio.user_id == actor.user_id, Portfolio.archived_at.is_(None))
        .order_by(Portfolio.is_default.desc(), Portfolio.id)
    )
    return [PortfolioChoice(*row) for row in rows]


def default_of(session: Session, actor: Actor) -> Portfolio:
    """The actor's default portfolio: the one made with the account, else the oldest.

    Raises NotFound when there is none left.
    """
    portfolio = session.scalar(
        select(Portfolio)
        .where(Portfolio.user_id == actor.user_id, Portfolio.archived_at.is_(None))
        .order_by(Portfolio.is_default.desc(), Portfolio.id)
        .limit(1)
    )
    if portfolio is None:
        raise NotFound("You have no portfolio yet. Open one first.")
    return portfolio


def edit(
    session: Session, actor: Actor, portfolio_id: int, changes: dict[str, object]
) -> Portfolio:
    """Change settings of an owned portfolio; unknown or fixed ones are refused by name."""
    portfolio = locked(session, actor, portfolio_id)
    fixed = sorted(set(changes) - EDITABLE)
    if fixed:
        raise InvalidInput.of_field(
            fixed[0], f"The {fixed[0].replace('_', ' ')} of a portfolio cannot be changed."
        )
    name = changes.get("name")
    if isinstance(name, str) and name != portfolio.name:
        _one_at_a_time(session, actor)
        if name.lower() != portfolio.name.lower():
            _check_name_free(session, actor, name)
    benchmark = changes.get("benchmark")
    if isinstance(benchmark, str):
        changes = changes | {"benchmark": _known_stock(session, benchmark)}
    for key, value in changes.items():
        setattr(portfolio, key, value)
    session.flush()
    return portfolio


def archive(
    session: Session, actor: Actor, portfolio_id: int, typed_name: str | None, now: datetime
) -> None:
    """Take a portfolio out of sight; its ledger stays. Waiting orders are canceled.

    `typed_name` must be the portfolio's name (None skips the check: scripts confirm by asking).
    """
    portfolio = locked(session, actor, portfolio_id)
    if typed_name is not None and typed_name.strip() != portfolio.name:
        raise InvalidInput.of_field(
            "confirm", f"Type the portfolio's name, {portfolio.name}, to delete it."
        )
    _put_away(session, portfolio, now)


def archive_all(session: Session, actor: Actor) -> None:
    """Put all of a person's portfolios away: their account is about to end."""
    mine = select(Portfolio).where(
        Portfolio.user_id == actor.user_id, Portfolio.archived_at.is_(None)
    )
    for portfolio in session.scalars(mine.order_by(Portfolio.id).with_for_update()).all():
        _put_away(session, portfolio, wall_now())


def _put_away(session: Session, portfolio: Portfolio, now: datetime) -> None:
    session.execute(
        update(Order)
        .where(Order.portfolio_id == portfolio.id, Order.status.in_(OPEN_STATUSES))
        .values(status="canceled", reserved=ZERO, held_quantity=ZERO, reason="Portfolio deleted.")
    )
    portfolio.reserved = ZERO
    portfolio.archived_at = now
    portfolio.is_default = False


def _check(cost_method: str) -> None:
    if cost_method == "fifo":
        raise RuleViolation(
            "FIFO cost is not available yet. Use the average cost method.", code="not-available"
        )


def _check_name_free(session: Session, actor: Actor, name: str) -> None:
    taken = session.scalar(
        select(Portfolio.id).where(
            Portfolio.user_id == actor.user_id,
            Portfolio.archived_at.is_(None),
            func.lower(Portfolio.name) == name.lower(),
        )
    )
    if taken is not None:
        raise Conflict.of_field("name", f"You have a portfolio named {name} already. Pick another.")


def _one_at_a_time(session: Session, actor: Actor) -> None:
    """Two requests of one person may not both find the same name free, or the last place."""
    key = lock_name(f"portfolios of user {actor.user_id}")
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def _known_stock(session: Session, symbol: str | None) -> str | None:
    if symbol is None:
        return None
    try:
        return stocks.get(session, symbol, listed=False).symbol
    except DomainError as error:
        raise InvalidInput.of_field("benchmark", error.detail) from None
