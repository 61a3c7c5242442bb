"""Rules about orders, pure: what was asked, what it would cost, what it waits for, in words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from stocksite.core.calendar import NEW_YORK
from stocksite.core.money import ZERO, cents, quantity_down
from stocksite.portfolios.entries import EXACT, commission, trade_cash
from stocksite.portfolios.fills import Side, largest_affordable, posting
from stocksite.portfolios.reading import OrderView

RESERVE_FACTOR = Decimal("1.04")
"""A waiting market buy holds 4 % more than the last price: what an overnight gap may take."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as somebody asked for it: either a quantity of shares or an amount of cash.

    A buy's `notional` is the most it may cost, commission included; a sale's is what the shares
    should be worth before commission. A strategy's buy may be sized at its fill: `sizing`
    `all_in` spends all cash that is free then, `up_to` the notional as far as cash goes.
    """

    symbol: str
    side: Side
    quantity: Decimal | None = None
    notional: Decimal | None = None
    type: str = "market"
    time_in_force: str = "day"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    client_order_id: str | None = None
    sizing: str | None = None
    whole_shares: bool = False

    def fingerprint(self) -> str:
        """SHA-256 over everything but the id: equal requests, equal fingerprints."""
        content: dict[str, object] = {
            "symbol": self.symbol,
            "side": self.side.value,
            "type": self.type,
            "time_in_force": self.time_in_force,
            **{
                name: None if value is None else format(value.normalize(EXACT), "f")
                for name, value in (
                    ("quantity", self.quantity),
                    ("notional", self.notional),
                    ("limit_price", self.limit_price),
                    ("stop_price", self.stop_price),
                )
            },
        }
        if self.sizing is not None:
            content |= {"sizing": self.sizing, "whole_shares": self.whole_shares}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Costs:
    """A portfolio's commission: percent points of the amount plus a fixed part per trade."""

    commission_pct: Decimal
    commission_per_trade: Decimal

    def posting(self, side: Side, quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
        """(fees, signed cash) of a fill in cents."""
        return posting(side, quantity, price, self.commission_pct, self.commission_per_trade)


def shares_for(request: OrderRequest, price: Decimal, costs: Costs) -> Decimal:
    """How many shares the request means at a price; 0 when the amount buys not even a fraction."""
    if request.quantity is not None:
        return request.quantity
    assert request.notional is not None  # the request has one of the two
    if request.side is Side.BUY:
        return largest_affordable(
            request.notional,
            price,
            costs.commission_pct,
            costs.commission_per_trade,
            fractional=not request.whole_shares,
        )
    return quantity_down(EXACT.divide(request.notional, price))


def reservation(request: OrderRequest, last_price: Decimal, costs: Costs) -> Decimal:
    """Cash a waiting buy holds: its amount, or quantity × last price × 1.04 with commission."""
    if request.side is Side.SELL:
        return ZERO
    if request.notional is not None:
        return request.notional
    assert request.quantity is not None  # the request has one of the two
    notional = cents(EXACT.multiply(EXACT.multiply(request.quantity, last_price), RESERVE_FACTOR))
    return notional + commission(notional, costs.commission_pct, costs.commission_per_trade)


def shares(value: Decimal) -> str:
    """A quantity in words: no trailing zeros, thousands separated."""
    return f"{value.normalize(EXACT):,f}"


def at_price(value: Decimal) -> str:
    """A price in words: 2 to 4 places, as quoted."""
    whole, _, places = f"{value.quantize(Decimal('0.0001'), context=EXACT):,f}".partition(".")
    return f"${whole}.{places.rstrip('0').ljust(2, '0')}"


def new_york(moment: datetime) -> str:
    """`Fri 2 Jan 2009 at 9:30 New York`."""
    local = moment.astimezone(NEW_YORK)
    return f"{local:%a} {local.day} {local:%b %Y} at {local.hour}:{local:%M} New York"


def preview_sentence(
    side: Side, quantity: Decimal, symbol: str, price: Decimal, total: Decimal, power: Decimal
) -> str:
    """`Buy 10 AAPL at about $604.85: costs $6,049.50 of your $25,000.00`."""
    verb, effect = ("Buy", "costs") if side is Side.BUY else ("Sell", "brings")
    tail = f" of your ${power:,.2f}" if side is Side.BUY else ""
    return (
        f"{verb} {shares(quantity)} {symbol} at about {at_price(price)}: "
        f"{effect} ${total:,.2f}{tail}"
    )


def outcome_sentence(order: OrderView) -> str:
    """What became of an order: `Bought 10 AAPL at $604.85 for $6,049.50.`, or what it waits for."""
    verb = "buy" if order.side == Side.BUY else "sell"
    if order.status == "filled" and order.average_fill_price is not None:
        fees = order.commission or ZERO
        cash = abs(trade_cash(order.side, order.filled_quantity, order.average_fill_price, fees))
        done = "Bought" if verb == "buy" else "Sold"
        return (
            f"{done} {shares(order.filled_quantity)} {order.symbol} at "
            f"{at_price(order.average_fill_price)} for ${cash:,.2f}."
        )
    how = order_size(order.quantity, order.notional)
    if order.is_open:
        return f"Your order to {verb} {how} {order.symbol} is accepted. {order.reason}"
    return f"Your order to {verb} {how} {order.symbol} is {order.status}. {order.reason}".strip()


def order_size(quantity: Decimal | None, notional: Decimal | None) -> str:
    """How much was asked for: `10`, or `$500.00 of`."""
    if quantity is not None:
        return shares(quantity)
    return f"${notional:,.2f} of" if notional is not None else ""
