"""What an order would do if it were placed now. Changes nothing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import InvalidInput, RuleViolation
from stocksite.core.money import ZERO
from stocksite.market.reading import MarketState
from stocksite.portfolios import orders as rules
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.reading import OrderPreview
from stocksite.portfolios.service import books, orders
from stocksite.portfolios.service.holdings import holding


def preview(
    session: Session,
    actor: Actor,
    portfolio_id: int,
    request: OrderRequest,
    state: MarketState | None = None,
) -> OrderPreview:
    """What `orders.place` would do now, in numbers and in one sentence. Three statements.

    Raises what `place` raises, except for missing means: those are told in `problem`.
    """
    orders.refuse_unavailable(request)
    portfolio = books.owned(session, actor, portfolio_id)
    state, quote, price = orders.at_market(session, request.symbol, state)
    held = holding(session, portfolio, quote.stock_id)
    costs = orders.costs_of(portfolio)
    quantity = rules.shares_for(request, price, costs)
    fees, cash = costs.posting(request.side, quantity, price)
    waits = not orders.fills_now(portfolio, state, quote)
    problem, reserved = None, ZERO
    try:
        orders.check_means(portfolio, request, price, held)
        if waits:
            reserved = orders.check_can_wait(portfolio, request, price, state)
    except (RuleViolation, InvalidInput) as error:
        problem = error.detail
    power = portfolio.cash - portfolio.reserved
    return OrderPreview(
        symbol=quote.symbol,
        side=request.side.value,
        quantity=quantity,
        price=price,
        estimated_amount=abs(cash) - fees if request.side is Side.BUY else cash + fees,
        commission=fees,
        total=abs(cash),
        buying_power=power,
        available_quantity=held.available,
        waits=waits,
        waits_for=orders.waits_for(state) if waits and problem is None else "",
        reserved=reserved,
        sentence=rules.preview_sentence(
            request.side, quantity, quote.symbol, price, abs(cash), power
        ),
        problem=problem,
    )
