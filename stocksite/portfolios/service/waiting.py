"""Waiting orders around a split: put into new shares, or canceled with the reason."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.portfolios import corporate as rules
from stocksite.portfolios.corporate import Action, AdjustedOrder
from stocksite.portfolios.models import OPEN_STATUSES, Order, OrderEvent, Portfolio
from stocksite.portfolios.orders import at_price, shares
from stocksite.portfolios.service import execution


def adjust(session: Session, action: Action, ex_at: datetime, now: datetime) -> int:
    """Adjust every waiting order of the stock that was placed before the ex-date's open.

    `now` is market time; the caller holds the portfolios' row locks. Returns how many orders.
    """
    rows = session.execute(
        select(Order, Portfolio)
        .join(Portfolio, Portfolio.id == Order.portfolio_id)
        .where(
            Order.stock_id == action.stock_id,
            Order.status.in_(OPEN_STATUSES),
            Order.submitted_at < ex_at,
            Portfolio.archived_at.is_(None),
        )
        .order_by(Order.id)
        .execution_options(populate_existing=True)
    ).all()
    for order, portfolio in rows:
        _adjust(session, action, order, portfolio, now)
    session.flush()
    return len(rows)


def _adjust(
    session: Session, action: Action, order: Order, portfolio: Portfolio, now: datetime
) -> None:
    adjusted = rules.adjusted_order(
        action,
        order.quantity,
        order.held_quantity,
        order.limit_price,
        order.stop_price,
        portfolio.fractions,
    )
    if adjusted is None:
        size = shares(order.quantity or order.held_quantity)
        reason = (
            f"Canceled: the {action.text} of {_day(action)} leaves no whole share of the {size} "
            "ordered. Place it again in new shares."
        )
        execution.end(session, portfolio, order, "canceled", reason, now)
        return
    said = _said(order, adjusted)
    order.quantity, order.held_quantity = adjusted.quantity, adjusted.held
    order.limit_price, order.stop_price = adjusted.limit_price, adjusted.stop_price
    if order.filled_quantity and action.ratio is not None:
        order.filled_quantity = rules.split_quantity(order.filled_quantity, action.ratio)
    if order.average_fill_price is not None and action.ratio is not None:
        order.average_fill_price = rules.new_price(order.average_fill_price, action.ratio)
    if not said:
        return
    told = f"Adjusted for the {action.text} of {_day(action)}: {said}."
    order.reason = f"{order.reason} {told}".strip()
    session.add(
        OrderEvent(
            order_id=order.id, status=order.status, reason=told, at=now, recorded_at=wall_now()
        )
    )


def _said(order: Order, adjusted: AdjustedOrder) -> str:
    """What changed, in words; an order for an amount of cash holds other shares and is the same."""
    changes = [
        f"{name}{word(old)} became {word(new)}"
        for name, old, new, word in (
            ("", order.quantity, adjusted.quantity, _shares),
            ("the limit of ", order.limit_price, adjusted.limit_price, at_price),
            ("the stop of ", order.stop_price, adjusted.stop_price, at_price),
        )
        if old is not None and new is not None and old != new
    ]
    return ", ".join(changes)


def _shares(value: Decimal) -> str:
    return f"{shares(value)} {'share' if value == 1 else 'shares'}"


def _day(action: Action) -> str:
    return f"{action.ex_date.day} {action.ex_date:%b %Y}"
