"""Reading portfolios: what they are worth now, what they hold, what happened. No writes.

Values use the latest quotes; the database function `cents` rounds half-even like `core.money`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.database import query, read
from stocksite.core.errors import NotFound
from stocksite.core.money import ZERO, cents
from stocksite.core.money import price as price6
from stocksite.market.models import Stock
from stocksite.market.reading import MarketState, StockQuote
from stocksite.market.service import clock as market_clock
from stocksite.market.service import quotes
from stocksite.portfolios.entries import EXACT, market_value
from stocksite.portfolios.models import Position
from stocksite.portfolios.reading import PortfolioView, PositionView

_SUMMARY = """
SELECT p.id, p.name, p.description, p.is_default, p.starting_cash, p.cost_method, p.benchmark,
       p.execution, p.commission_pct, p.commission_per_trade, p.created_at, p.cash, p.reserved,
       p.fractions, p.public, p.net_deposits, p.realized_pnl, p.income, p.fees_charged,
       p.receivable,
       v.held, v.cost, v.positions, o.open_orders, b.total_value AS before, b.twr_index,
       f.inflow, f.outflow
FROM portfolio p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(coalesce(cents(h.quantity * q.price), h.cost_basis)), 0) AS held,
           coalesce(sum(h.cost_basis), 0) AS cost, count(h.stock_id) AS positions
    FROM position h LEFT JOIN quote q ON q.stock_id = h.stock_id WHERE h.portfolio_id = p.id
) v
CROSS JOIN LATERAL (
    SELECT count(*) AS open_orders FROM "order" w
    WHERE w.portfolio_id = p.id AND w.status IN ('accepted', 'partially_filled')
) o
LEFT JOIN LATERAL (
    SELECT total_value, twr_index, closes_at FROM portfolio_snapshot
    WHERE portfolio_id = p.id AND date < :today ORDER BY date DESC LIMIT 1
) b ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(cash_amount) FILTER (WHERE cash_amount > 0), 0) AS inflow,
           -coalesce(sum(cash_amount) FILTER (WHERE cash_amount < 0), 0) AS outflow
    FROM transaction t
    WHERE t.portfolio_id = p.id AND t.type IN ('deposit', 'withdrawal')
      AND t.executed_at > coalesce(b.closes_at, '-infinity'::timestamptz)
      AND NOT EXISTS (SELECT FROM transaction r WHERE r.reverses_id = t.id)
) f
WHERE p.user_id = :user_id AND p.archived_at IS NULL
"""
_NAMES = """
id name description is_default starting_cash cost_method benchmark
execution commission_pct commission_per_trade created_at cash reserved
fractions public net_deposits realized_pnl income fees_charged
receivable
held cost positions open_orders before twr_index
inflow outflow
"""
_ALL = query(f"{_SUMMARY} ORDER BY p.is_default DESC, p.id", _NAMES)
_ONE = query(f"{_SUMMARY} AND p.id = :id", _NAMES)


def portfolios(
    session: Session, actor: Actor, state: MarketState | None = None
) -> list[PortfolioView]:
    """All of the actor's portfolios, the default one first. One statement (two without `state`)."""
    state = state or market_clock.state(session)
    rows = read(session, _ALL, {"user_id": actor.user_id, "today": state.session_date})
    return [_view(row, state) for row in rows]


def portfolio(
    session: Session, actor: Actor, portfolio_id: int, state: MarketState | None = None
) -> PortfolioView:
    """One of the actor's portfolios. Raises NotFound."""
    state = state or market_clock.state(session)
    values = {"user_id": actor.user_id, "today": state.session_date, "id": portfolio_id}
    row = read(session, _ONE, values).one_or_none()
    if row is None:
        raise NotFound(f"You have no portfolio {portfolio_id}.")
    return _view(row, state)


def _view(row: Any, state: MarketState) -> PortfolioView:
    held = cents(row.held)  # an empty sum comes without places
    total = row.cash + held + row.receivable
    start = (row.before or ZERO) + row.inflow
    day_change = total + row.outflow - start
    earned = total - row.net_deposits
    growth = float(total + row.outflow) / float(start) if start > ZERO else 1.0
    return PortfolioView(
        id=row.id,
        name=row.name,
        description=row.description,
        is_default=row.is_default,
        starting_cash=row.starting_cash,
        cost_method=row.cost_method,
        benchmark=row.benchmark,
        execution=row.execution,
        commission_pct=row.commission_pct,
        commission_per_trade=row.commission_per_trade,
        fractions=row.fractions,
        public=row.public,
        created_at=row.created_at,
        cash=row.cash,
        reserved=row.reserved,
        buying_power=row.cash - row.reserved,
        positions_value=held,
        total_value=total,
        day_change=day_change,
        day_change_pct=_pct(day_change, start),
        net_deposits=row.net_deposits,
        realized_pnl=row.realized_pnl,
        unrealized_pnl=held - row.cost,
        income=row.income + row.receivable,
        receivable=row.receivable,
        fees=row.fees_charged,
        total_pnl=earned,
        simple_return_pct=_pct(earned, row.net_deposits),
        twr_pct=((row.twr_index or 1.0) * growth - 1) * 100 if start > ZERO else None,
        positions=row.positions,
        open_orders=row.open_orders,
        as_of=state.at,
    )


def positions(session: Session, view: PortfolioView) -> list[PositionView]:
    """What a portfolio holds, most valuable first. One statement.

    `view` comes from `portfolio`, so it is the actor's own.
    """
    rows = session.execute(
        quotes.joinable()
        .add_columns(Position.quantity, Position.cost_basis, Stock.sector)
        .join(Position, Position.stock_id == Stock.id)
        .where(Position.portfolio_id == view.id)
    )
    views = [_position(row, quotes.view_of(row), view.total_value) for row in rows]
    return sorted(views, key=lambda v: (-v.market_value, v.symbol))


def _position(held: Any, quote: StockQuote, total: Decimal) -> PositionView:
    price = quote.price
    value = held.cost_basis if price is None else market_value(held.quantity, price)
    gain = value - held.cost_basis
    return PositionView(
        symbol=quote.symbol,
        name=quote.name,
        sector=held.sector,
        quantity=held.quantity,
        average_buy_price=price6(EXACT.divide(held.cost_basis, held.quantity)),
        cost_basis=held.cost_basis,
        price=quote.price,
        previous_close=quote.previous_close,
        day_change_pct=quote.change_pct,
        market_value=value,
        unrealized_pnl=gain,
        unrealized_pnl_pct=_pct(gain, held.cost_basis),
        weight_pct=_pct(value, total),
        as_of=quote.as_of,
        stale=quote.stale,
    )


def _pct(part: Decimal, whole: Decimal) -> float | None:
    return float(part) / float(whole) * 100 if whole > ZERO else None


def composition(view: PortfolioView, held: Sequence[PositionView]) -> list[tuple[str, Decimal]]:
    """Shares of the total value: each position by symbol, then cash and dividends owed."""
    owed = [("Dividends due", view.receivable)] if view.receivable else []
    return [(p.symbol, p.market_value) for p in held] + [("Cash", view.cash), *owed]
