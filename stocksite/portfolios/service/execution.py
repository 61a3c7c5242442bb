"""What happens when an order meets a price: one fill, one transaction, one receipt.

The caller holds the portfolio's row lock. Used by placing (at once) and by matching (later).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.errors import RuleViolation
from stocksite.core.money import ZERO
from stocksite.market.reading import StockQuote
from stocksite.portfolios import orders as rules
from stocksite.portfolios.fills import Fill, FillRule, Side
from stocksite.portfolios.models import Order, OrderEvent, Portfolio
from stocksite.portfolios.orders import Costs, OrderRequest
from stocksite.portfolios.service import postings


def fill(
    session: Session,
    portfolio: Portfolio,
    order: Order,
    quote: StockQuote,
    at: Fill[Decimal],
    executed_at: datetime,
) -> None:
    """Fill the whole order at a price, or reject it with the numbers when cash does not suffice.

    `executed_at` is market time. The order's own reservation is freed first: what was held for
    it is there to pay for it.
    """
    side = Side(order.side)
    costs = Costs(portfolio.commission_pct, portfolio.commission_per_trade)
    release(portfolio, order)
    quantity = rules.shares_for(_as_sized(portfolio, order, quote.symbol), at.price, costs)
    fees, cash = costs.posting(side, quantity, at.price)
    try:
        if quantity <= ZERO:
            least = "share" if order.whole_shares else "fraction"
            raise RuleViolation(f"The amount buys no {least} of {quote.symbol} at this price.")
        if cash < ZERO:  # a buy, or a sale too small for its own commission
            check_funds(portfolio, quote.symbol, quantity, -cash)
        posted = postings.post_trade(
            session,
            portfolio,
            postings.Trade(
                order.side,
                quote.symbol,
                quote.stock_id,
                quantity,
                at.price,
                fees,
                cash,
                executed_at,
                order.id,
            ),
        )
    except RuleViolation as error:
        end(session, portfolio, order, "rejected", error.detail, executed_at)
        return
    order.filled_quantity = quantity
    order.average_fill_price = at.price
    order.commission = fees
    order.filled_at = executed_at
    order.receipt = _receipt(order, quote, at, executed_at, fees, posted.id)
    reason = "Filled at the last known price." if at.rule is FillRule.INSTANT else ""
    end(session, portfolio, order, "filled", reason, executed_at)


def _as_sized(portfolio: Portfolio, order: Order, symbol: str) -> OrderRequest:
    """The order as a request, its notional resolved against the cash that is free now."""
    notional = order.notional
    if order.sizing is not None and notional is not None:
        free = portfolio.cash - portfolio.reserved
        notional = free if order.sizing == "all_in" else min(notional, free)
    return OrderRequest(
        symbol, Side(order.side), order.quantity, notional, whole_shares=order.whole_shares
    )


def end(
    session: Session, portfolio: Portfolio, order: Order, status: str, reason: str, at: datetime
) -> None:
    """Move an order to a final status, free what it held, and write the step down."""
    release(portfolio, order)
    order.status = status
    order.reason = reason
    session.add(
        OrderEvent(order_id=order.id, status=status, reason=reason, at=at, recorded_at=wall_now())
    )


def release(portfolio: Portfolio, order: Order) -> None:
    """Give back the cash and the shares a waiting order holds."""
    portfolio.reserved -= order.reserved
    order.reserved = ZERO
    order.held_quantity = ZERO


def check_funds(portfolio: Portfolio, symbol: str, quantity: Decimal, required: Decimal) -> None:
    """Raise RuleViolation "insufficient-funds" unless buying power covers `required`."""
    if required > portfolio.cash - portfolio.reserved:
        raise short_of_cash(portfolio, symbol, quantity, required)


def short_of_cash(
    portfolio: Portfolio, symbol: str, quantity: Decimal, required: Decimal, margin_pct: int = 0
) -> RuleViolation:
    """The sentence for a buy that cash does not cover."""
    available = portfolio.cash - portfolio.reserved
    held = f" ({portfolio.reserved:,.2f} more is held by waiting orders)"
    margin = f", {margin_pct} % over the last price in case it opens higher" if margin_pct else ""
    return RuleViolation(
        f"Buying {rules.shares(quantity)} {symbol} takes ${required:,.2f}{margin}; you have "
        f"${available:,.2f} to spend{held if portfolio.reserved else ''}. Buy less or deposit.",
        code="insufficient-funds",
        members={"required": required, "available": available},
    )


def _receipt(
    order: Order,
    quote: StockQuote,
    at: Fill[Decimal],
    executed_at: datetime,
    fees: Decimal,
    transaction_id: int,
) -> dict[str, Any]:
    """The evidence of a fill: the quote and its age, the rule, the costs."""
    official_open = at.rule is FillRule.OFFICIAL_OPEN
    quoted_at = quote.opened_at if official_open else quote.as_of
    age = (executed_at - quoted_at).total_seconds() if quoted_at else None
    return {
        "rule": at.rule.value,
        "price": f"{at.price:f}",
        "quote": {
            "price": f"{at.price:f}",
            "as_of": _z(quoted_at),
            "received_at": _z(quote.received_at),
            "source": quote.source,
            "age_s": max(age, 0.0) if age is not None else None,
        },
        "submitted_at": _z(order.submitted_at),
        "executed_at": _z(executed_at),
        "slippage": "0.00",
        "commission": f"{fees:f}",
        "transaction": transaction_id,
    }


def _z(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
