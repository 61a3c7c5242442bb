"""Placing and canceling orders.

place: lock portfolio ─> same client id? ─> quote and clock ─> fills now? ──yes──> execution.fill
                                                   │                                  │
                                                   └──no──> reserve, `accepted` ──> matching
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict, InvalidInput, NotFound, RuleViolation
from stocksite.core.money import ZERO
from stocksite.market.reading import MarketState, StockQuote
from stocksite.market.service import clock as market_clock
from stocksite.market.service import quotes
from stocksite.portfolios import orders as rules
from stocksite.portfolios.fills import OrderType, Side, fill_at_quote
from stocksite.portfolios.models import (
    OPEN_STATUSES,
    Order,
    OrderEvent,
    Portfolio,
)
from stocksite.portfolios.orders import Costs, OrderRequest
from stocksite.portfolios.service import books, execution
from stocksite.portfolios.service.holdings import Holding, holding


@dataclass(frozen=True, slots=True)
class Placed:
    """The order, and whether it is the answer to an earlier request with the same client id."""

    order: Order
    repeated: bool


def place(session: Session, actor: Actor, portfolio_id: int, request: OrderRequest) -> Placed:
    """Place an order: it fills at once or waits, with its cash or shares held.

    Raises NotFound (portfolio), InvalidInput, and RuleViolation with the codes not-available,
    no-price, insufficient-funds, insufficient-shares, client-order-id-reused.
    """
    refuse_unavailable(request)
    portfolio = books.locked(session, actor, portfolio_id)
    earlier = _earlier(session, portfolio, request)
    if earlier is not None:
        return Placed(earlier, repeated=True)
    state, quote, price = at_market(session, request.symbol)
    selling = request.side is Side.SELL
    held = holding(session, portfolio, quote.stock_id) if selling else None
    if request.sizing is None:  # the others take what cash there is when they fill
        check_means(portfolio, request, price, held)
    order = _record(session, portfolio, request, quote.stock_id, state.at)
    if fills_now(portfolio, state, quote):
        attempt = fill_at_quote(
            OrderType(request.type), request.side, price, instant=portfolio.execution == "instant"
        )
        assert attempt.fill is not None  # a market order fills at any quote
        execution.fill(session, portfolio, order, quote, attempt.fill, state.at)
        if order.status == "rejected":  # placing is all or nothing; only waiting orders may end so
            raise RuleViolation(order.reason, code="insufficient-funds")
    else:
        _let_wait(portfolio, order, request, price, state)
    session.flush()
    return Placed(order, repeated=False)


def fills_now(portfolio: Portfolio, state: MarketState, quote: StockQuote) -> bool:
    """Whether the last quote is at or after a submission made at this market time."""
    if portfolio.execution == "instant":
        return True
    return (
        state.is_open
        and quote.session_date == state.session_date
        and quote.as_of is not None
        and quote.as_of >= state.at
        and not quote.stale
    )


def cancel(session: Session, actor: Actor, portfolio_id: int, order_id: int) -> Order:
    """Cancel a waiting order and free what it held. Raises NotFound, or Conflict when final."""
    portfolio = books.locked(session, actor, portfolio_id)
    order = session.scalar(
        select(Order)
        .where(Order.id == order_id, Order.portfolio_id == portfolio.id)
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound(f"There is no order {order_id} in {portfolio.name}.")
    if order.status not in OPEN_STATUSES:
        raise Conflict(
            f"Order {order.id} is {order.status} already; only a waiting order can be canceled.",
            code="order-final",
            members={"order_status": order.status},
        )
    now = market_clock.state(session).at
    execution.end(session, portfolio, order, "canceled", "Canceled by you.", now)
    session.flush()
    return order


def costs_of(portfolio: Portfolio) -> Costs:
    """The portfolio's commission."""
    return Costs(portfolio.commission_pct, portfolio.commission_per_trade)


def refuse_unavailable(request: OrderRequest) -> None:
    """Raise for what the exchange does not do yet, and for an order of two sizes or of none."""
    if request.type != "market":
        raise RuleViolation(
            f"{request.type.replace('_', '-').capitalize()} orders are not available yet. "
            "Place a market order.",
            code="not-available",
        )
    if request.limit_price is not None or request.stop_price is not None:
        name = "limit_price" if request.limit_price is not None else "stop_price"
        raise InvalidInput.of_field(name, "A market order has no limit and no stop price.")
    if (request.quantity is None) == (request.notional is None):
        raise InvalidInput.of_field(
            "quantity", "Give either a quantity of shares or an amount of cash, not both."
        )


def _earlier(session: Session, portfolio: Portfolio, request: OrderRequest) -> Order | None:
    if request.client_order_id is None:
        return None
    order = session.scalar(
        select(Order).where(
            Order.portfolio_id == portfolio.id, Order.client_order_id == request.client_order_id
        )
    )
    if order is not None and order.request_hash != request.fingerprint():
        raise InvalidInput.of_field(
            "client_order_id",
            f"{request.client_order_id} is the id of another order in {portfolio.name}. "
            "Use a new id for a new order.",
            code="client-order-id-reused",
        )
    return order


def at_market(
    session: Session, symbol: str, state: MarketState | None = None
) -> tuple[MarketState, StockQuote, Decimal]:
    """The clock, the quote and the last price an order is sized at.

    Raises InvalidInput for a symbol nobody knows, RuleViolation for one without a price.
    """
    state = state or market_clock.state(session)
    try:
        quote = quotes.of(session, symbol)
    except NotFound as error:
        raise InvalidInput.of_field("symbol", error.detail, code=error.code) from None
    if not quote.listed:
        raise RuleViolation(
            f"{quote.symbol} is not listed yet at the market's date (first session "
            f"{quote.first_bar}). Choose another stock.",
            code="not-listed-yet",
        )
    if quote.price is None:
        raise RuleViolation(
            f"{quote.symbol} has no price yet, so an order cannot be sized. Try again once it "
            "has traded.",
            code="no-price",
        )
    return state, quote, quote.price


def check_means(
    portfolio: Portfolio, request: OrderRequest, price: Decimal, held: Holding | None
) -> None:
    """Raise RuleViolation unless cash (a buy) or free shares (a sale) suffice at a price.

    `held` is needed for a sale only.
    """
    costs = costs_of(portfolio)
    quantity = rules.shares_for(request, price, costs)
    fees, cash = costs.posting(request.side, quantity, price)
    if quantity <= ZERO or abs(cash) + fees == ZERO:
        raise RuleViolation(
            f"That is too little to trade: at {rules.at_price(price)} a share it comes to nothing "
            "in cents. Raise the quantity or the amount.",
            code="order-too-small",
        )
    if request.side is Side.BUY:
        execution.check_funds(portfolio, request.symbol, quantity, -cash)
    elif held is not None and quantity > held.available:
        promised = rules.shares(held.promised)
        raise RuleViolation(
            f"You asked to sell {rules.shares(quantity)} {request.symbol}; "
            f"{rules.shares(held.available)} can be sold"
            f"{f' ({promised} held by open sell orders)' if held.promised else ''}.",
            code="insufficient-shares",
            members={"requested": quantity, "available": held.available},
        )


def _record(
    session: Session,
    portfolio: Portfolio,
    request: OrderRequest,
    stock_id: int,
    submitted_at: datetime,
) -> Order:
    order = Order(
        portfolio_id=portfolio.id,
        stock_id=stock_id,
        client_order_id=request.client_order_id or uuid.uuid4().hex,
        request_hash=request.fingerprint(),
        side=request.side.value,
        type=request.type,
        time_in_force=request.time_in_force,
        quantity=request.quantity,
        notional=request.notional,
        sizing=request.sizing,
        whole_shares=request.whole_shares,
        status="accepted",
        filled_quantity=ZERO,
        reserved=ZERO,
        held_quantity=ZERO,
        submitted_at=submitted_at,
        reason="",
    )
    session.add(order)
    session.flush()
    session.add(
        OrderEvent(order_id=order.id, status="accepted", at=submitted_at, recorded_at=wall_now())
    )
    return order


def _let_wait(
    portfolio: Portfolio, order: Order, request: OrderRequest, price: Decimal, state: MarketState
) -> None:
    """Hold what the order will need and say in words what it waits for."""
    costs = costs_of(portfolio)
    order.reserved = check_can_wait(portfolio, request, price, state)
    if request.side is Side.SELL:
        order.held_quantity = rules.shares_for(request, price, costs)
    portfolio.reserved += order.reserved
    fills_in = xnys().at(state.at) or xnys().next_after(state.at)
    order.expires_at = fills_in.close if request.time_in_force == "day" else None
    held = f" ${order.reserved:,.2f} of cash is held." if order.reserved else ""
    order.reason = f"Waits for {waits_for(state)}.{held}"


def check_can_wait(
    portfolio: Portfolio, request: OrderRequest, price: Decimal, state: MarketState
) -> Decimal:
    """The cash a waiting order holds. Raises RuleViolation when there is not so much, or no more
    sessions.
    """
    if state.phase == "ended":
        raise RuleViolation(
            "The sample market has ended: there are no more sessions to trade in.",
            code="market-ended",
        )
    costs = costs_of(portfolio)
    reserve = rules.reservation(request, price, costs)
    if request.sizing is not None:
        free = portfolio.cash - portfolio.reserved
        return free if request.sizing == "all_in" else min(reserve, free)
    if reserve > portfolio.cash - portfolio.reserved:
        quantity = rules.shares_for(request, price, costs)
        raise execution.short_of_cash(portfolio, request.symbol, quantity, reserve, 4)
    return reserve


def waits_for(state: MarketState) -> str:
    """What an order placed now would wait for, in words."""
    if state.is_open:
        return "the next quote"
    return f"the open, {rules.new_york(xnys().next_after(state.at).open)}"
