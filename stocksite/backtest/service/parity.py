"""The parity of an attached strategy: its backtest since it was attached, beside its portfolio."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, Date, Text, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from stocksite.backtest import comparing, report
from stocksite.backtest.comparing import ActualFill, ParityRow
from stocksite.backtest.paper import PaperFill
from stocksite.backtest.reading import AttachedView, StepView
from stocksite.backtest.service import attached, trading
from stocksite.core.actor import Actor
from stocksite.core.calendar import trading_date
from stocksite.core.database import Price, Shares
from stocksite.core.errors import InvalidInput
from stocksite.core.money import ZERO, from_observation
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState
from stocksite.market.service import clock as market_clock
from stocksite.portfolios.models import Order, PortfolioSnapshot, Transaction
from stocksite.portfolios.orders import shares


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A close: what the backtest says, what the portfolio was worth (None without a snapshot)."""

    day: date
    expected: Decimal
    actual: Decimal | None


@dataclass(frozen=True, slots=True)
class ParityView:
    """Expected against actual. Money is exact; `difference` = actual - expected."""

    attached: AttachedView
    diary: tuple[StepView, ...]
    rows: tuple[ParityRow, ...]
    pending: tuple[ParityRow, ...]
    """Trades of a session that has not closed, so that there is nothing to compare with yet."""
    notes: tuple[str, ...]
    """What explains a difference besides single trades: deposits, other holdings."""
    curve: tuple[CurvePoint, ...]
    expected: Decimal | None
    actual: Decimal | None
    as_of: date | None

    @property
    def difference(self) -> Decimal | None:
        """None before the first close both know."""
        if self.expected is None or self.actual is None:
            return None
        return self.actual - self.expected

    @property
    def divergences(self) -> int:
        """How many trades differ."""
        return sum(bool(row.divergence) for row in self.rows)


def parity(
    session: Session, actor: Actor, attached_id: int, state: MarketState | None = None
) -> ParityView:
    """Compare; five statements with the state at hand. Raises NotFound."""
    found = attached.view(session, actor, attached_id)
    diary = attached.diary(session, attached_id)
    state = state or market_clock.state(session)
    happened = _happened(session, found)
    if found.status == "detached":
        happened.notes.append("It is detached: what the portfolio did since is not its doing.")
    played = _expected(session, found, state)
    if played is None:
        waits, notes = comparing.not_compared_yet(happened.fills), tuple(happened.notes)
        return ParityView(found, tuple(diary), (), tuple(waits), notes, (), None, None, None)
    days, expected, values = played
    fills = [each for each in happened.fills if each.fill.day <= days[-1]]
    waits = comparing.not_compared_yet([f for f in happened.fills if f.fill.day > days[-1]])
    sessions = [found.started_on, *(day for day in days if day > found.started_on)]
    decisions = comparing.decisions_of(diary, happened.endings, sessions)
    previous = {later: earlier for earlier, later in pairwise(sessions)}
    rows = comparing.compare(expected, fills, decisions, previous)
    curve = [
        CurvePoint(day, value, happened.closes.get(day))
        for day, value in zip(days, values, strict=True)
    ]
    both = next((point for point in reversed(curve) if point.actual is not None), None)
    return ParityView(
        found,
        tuple(diary),
        tuple(rows),
        tuple(waits),
        tuple(happened.notes),
        tuple(curve),
        both.expected if both else None,
        both.actual if both else None,
        both.day if both else None,
    )


def _expected(
    session: Session, found: AttachedView, state: MarketState
) -> tuple[list[date], list[PaperFill], list[Decimal]] | None:
    """(sessions, fills, value at each close) of the backtest since it was attached; None before
    there are two sessions.
    """
    try:
        on = trading.stage_now(session, found.ask, state)
    except InvalidInput:
        return None
    run = report.play(found.ask.make(), on)
    every: list[date] = on.setting.market.dates.tolist()
    fills = comparing.expected_fills(run, every, on.setting.market.symbols)
    values = [from_observation(value).quantize(Decimal("0.01")) for value in run.equity.tolist()]
    return on.dates.tolist(), fills, values


@dataclass(slots=True)
class _Happened:
    """What the portfolio did since: fills, other movements in words, the fate of the strategy's
    orders that did not fill, the value at each close.
    """

    fills: list[ActualFill] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    endings: dict[int, str] = field(default_factory=dict)
    closes: dict[date, Decimal] = field(default_factory=dict)


def _happened(session: Session, found: AttachedView) -> _Happened:
    """All of it in one statement: postings, orders that ended unfilled, daily values."""
    rows = session.execute(_history(found)).all()
    told = _Happened()
    for row in rows:
        if row.what == "close":
            told.closes[row.day] = row.cash
        elif row.what == "ending":
            told.endings[row.order_id] = f"{row.kind}. {row.text}".strip()
        else:
            _posted(told, row, f"strategy-{found.id}-")
    return told


def _posted(told: _Happened, row: Any, prefix: str) -> None:
    """One posting of the ledger."""
    day = trading_date(row.at)
    if row.kind in ("buy", "sell") and row.price is not None:
        if row.order_id is None:
            told.notes.append(f"{day}: {shares(row.quantity)} {row.symbol} left by a split, sold.")
            return
        fill = PaperFill(day, row.symbol, row.kind, row.quantity, row.price)
        own = (row.text or "").startswith(prefix)
        told.fills.append(ActualFill(fill, row.order_id, own))
    elif row.kind in ("deposit", "withdrawal", "fee", "reversal"):
        amount = abs(row.cash or ZERO)
        told.notes.append(f"{day}: {row.kind} of ${amount:,.2f}, which the backtest does not know.")


def _history(found: AttachedView) -> Any:
    postings = (
        select(
            literal("posting").label("what"),
            Transaction.executed_at.label("at"),
            cast(null(), Date).label("day"),
            Transaction.type.label("kind"),
            Transaction.quantity.label("quantity"),
            Transaction.price.label("price"),
            Transaction.cash_amount.label("cash"),
            Transaction.order_id.label("order_id"),
            Stock.symbol.label("symbol"),
            Order.client_order_id.label("text"),
            Transaction.id.label("id"),
        )
        .outerjoin(Stock, Stock.id == Transaction.stock_id)
        .outerjoin(Order, Order.id == Transaction.order_id)
        .where(Transaction.portfolio_id == found.portfolio_id, Transaction.id > found.baseline)
    )
    every = union_all(postings, _endings(found), _closes(found)).subquery()
    return select(every).order_by(every.c.at, every.c.id)


def _endings(found: AttachedView) -> Any:
    """The strategy's orders that did not fill, in the columns of the postings."""
    return select(
        literal("ending"),
        Order.submitted_at,
        cast(null(), Date),
        Order.status,
        Order.quantity,
        Order.limit_price,
        Order.notional,
        Order.id,
        cast(null(), Text),
        Order.reason,
        Order.id,
    ).where(
        Order.portfolio_id == found.portfolio_id,
        Order.client_order_id.startswith(f"strategy-{found.id}-", autoescape=True),
        Order.status.in_(("rejected", "expired", "canceled")),
    )


def _closes(found: AttachedView) -> Any:
    """The portfolio's value at each close, in the same columns."""
    taken = PortfolioSnapshot
    return select(
        literal("close"),
        taken.closes_at,
        taken.date,
        literal(""),
        literal(ZERO, Shares()),
        cast(null(), Price()),
        taken.total_value,
        cast(null(), BigInteger),
        cast(null(), Text),
        cast(null(), Text),
        literal(0),
    ).where(taken.portfolio_id == found.portfolio_id, taken.date >= found.started_on)
