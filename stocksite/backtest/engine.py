"""The reference engine: a bar loop over one purse, with the paper exchange's fill rules.

What happens on bar t, in this order: corporate actions; orders given at earlier closes, sells
first, then in the order given; stops and targets inside the bar; the close; the strategy's
decision. It is meant to be read, and it is the oracle the kernels are tested against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stocksite.backtest import guards
from stocksite.backtest.account import Account
from stocksite.backtest.bars import CorporateAction, Market
from stocksite.backtest.orders import Decider, Order
from stocksite.backtest.sizing import shares_for
from stocksite.backtest.terms import R1, FillAt, SizeBy, Terms
from stocksite.backtest.trades import Run
from stocksite.portfolios.fills import (
    Bar,
    Fill,
    FillRule,
    OrderType,
    Side,
    fill_in_bar,
    slipped,
)

_AT_SIGNAL: Final = (SizeBy.SIGNAL_OVERDRAFT, SizeBy.SIGNAL_OR_REJECT)


def run(
    decider: Decider,
    market: Market,
    cash: float,
    terms: Terms = R1,
    *,
    start: int = 0,
    stop: int | None = None,
    actions: Sequence[CorporateAction] = (),
    signals: Market | None = None,
) -> Run:
    """Trade bars start..stop-1 of `market` with `cash`, deciding first at the close of `start`.

    Bars before `start` are warm-up that the view shows but nothing trades. `market` holds the
    prices that trade; `signals` (default: the same) what the strategy sees, as when raw prices with
    `actions` trade on split-adjusted signals. Orders of the last bar never fill, except under
    same_close. An open position stays open and is valued at the last close.
    """
    account = Account(market, signals or market, cash, terms, actions)
    loop = _Loop(account, terms)
    last = len(market) if stop is None else stop
    equity, held = loop.play(decider, start, last)
    return Run(
        first=start,
        equity=np.array(equity),
        held=np.array(held, dtype=np.bool_),
        start_cash=cash,
        cash=account.purse.cash,
        lowest_cash=account.lowest,
        trades=account.all_trades(),
        fills=tuple(account.fills),
        decisions=tuple(loop.decisions),
        dropped=loop.dropped,
    )


@dataclass(slots=True)
class _Waiting:
    """An order on its way: when it was given, its size where already fixed, the trigger's flag."""

    order: Order
    given: int
    quantity: float | None
    triggered: bool = False


class _Loop:
    """Time and orders; money and shares are the account's."""

    def __init__(self, account: Account, terms: Terms) -> None:
        self.account, self.terms = account, terms
        self.waiting: list[_Waiting] = []
        self.decisions: list[tuple[int, Order]] = []
        self.dropped = 0

    def play(self, decider: Decider, first: int, stop: int) -> tuple[list[float], list[bool]]:
        account, exits = self.account, self.terms.exits
        view, actions, decide = account.view, account.actions, decider.decide
        same_close = self.terms.fill is FillAt.SAME_CLOSE
        equity: list[float] = []
        held: list[bool] = []
        for t in range(first, stop):
            if t in actions:
                self.restate(account.act(t))
            if self.waiting:
                self.fill(t, late=False)
            if exits.intrabar and account.open:
                account.guard(t)
            if self.waiting:
                self.fill(t, late=True)
            value = account.mark(t)
            view.t = t
            view.equity = value
            orders = decide(view)
            if account.open and exits.max_holding is not None:
                orders = [
                    *orders,
                    *guards.too_old(exits.max_holding, account.positions, t, orders),
                ]
            if orders:
                self.accept(t, orders)
                if same_close:
                    self.fill(t, late=True)
                    value = account.mark(t)
            equity.append(value)
            held.append(account.open > 0)
        return equity, held

    def accept(self, t: int, orders: Sequence[Order]) -> None:
        """Queue orders: sells first, then as given. Sizes at the signal are fixed now."""
        for order in orders:
            self.decisions.append((t, order))
            quantity = order.quantity
            if quantity is None and order.side is Side.BUY and self.terms.size_by in _AT_SIGNAL:
                quantity = self.size(order, self.account.closes[order.symbol])
            self.waiting.append(_Waiting(order, t, quantity))
            self.account.view.waiting[order.symbol] += 1
        if len(self.waiting) > 1:
            self.waiting.sort(key=lambda item: item.order.side is Side.BUY)

    def fill(self, t: int, *, late: bool) -> None:
        """Hold waiting orders against bar t: at its open, or `late`, at prices known after it."""
        queue, self.waiting = self.waiting, []
        for item in queue:
            order = item.order
            after_open = order.type is OrderType.MARKET and self.terms.fill is not FillAt.NEXT_OPEN
            if after_open is not late or self.account.missing(order.symbol, t):
                self.waiting.append(item)
                continue
            price = self.price(item, t)
            expired = order.good_for is not None and t - item.given >= order.good_for
            if price is not None:
                self.trade(item, price, t)
            elif not expired and not self.pointless(order):
                self.waiting.append(item)
                continue
            self.account.view.waiting[order.symbol] -= 1

    def pointless(self, order: Order) -> bool:
        """A sell that outlived its position."""
        return order.side is Side.SELL and not self.account.view.shares[order.symbol]

    def price(self, item: _Waiting, t: int) -> Fill[float] | None:
        """The price before slippage that bar t gives an order, if any."""
        order = item.order
        opens, highs, lows, closes = self.account.bars[order.symbol]
        if order.type is OrderType.MARKET and self.terms.fill is FillAt.NEXT_MID:
            return Fill((highs[t] + lows[t]) / 2, FillRule.MARKET_AT_MID)
        if order.type is OrderType.MARKET and self.terms.fill is not FillAt.NEXT_OPEN:
            return Fill(closes[t], FillRule.MARKET_AT_CLOSE)
        attempt = fill_in_bar(
            order.type,
            order.side,
            Bar(opens[t], highs[t], lows[t], closes[t]),
            limit=order.limit,
            stop=order.stop,
            triggered=item.triggered,
        )
        item.triggered = attempt.triggered
        return attempt.fill

    def trade(self, item: _Waiting, fill: Fill[float], t: int) -> None:
        """Execute an order whose price is known; a buy the purse cannot pay is dropped."""
        order, symbol = item.order, item.order.symbol
        if order.side is Side.SELL:
            held = self.account.view.shares[symbol]
            quantity = held if item.quantity is None else min(item.quantity, held)
            if quantity > 0:
                self.account.sell(symbol, quantity, fill, t)
            return
        price = slipped(fill, Side.BUY, self.terms.costs.slippage_pct).price
        quantity = self.size(order, price) if item.quantity is None else item.quantity
        if quantity <= 0 or (item.quantity is not None and self.refused(quantity, price)):
            self.dropped += 1
            return
        self.account.buy(symbol, quantity, fill, t)

    def size(self, order: Order, price: float) -> float:
        """Shares of a buy at `price` after slippage; equity and history as of the last close."""
        account = self.account
        history = account.view.history("close", order.symbol)
        return shares_for(account.purse, order.sizing, self.terms, price, account.value(), history)

    def refused(self, quantity: float, price: float) -> bool:
        """Whether the purse cannot pay for a quantity that was fixed before the price."""
        if self.terms.size_by is SizeBy.SIGNAL_OVERDRAFT:
            return False
        return quantity > self.account.purse.affordable(None, price)

    def restate(self, factors: dict[int, float]) -> None:
        """Carry waiting orders over a split: prices times the factor, shares divided by it."""
        for item in self.waiting:
            factor = factors.get(item.order.symbol)
            if factor is None:
                continue
            order = item.order
            item.order = replace(
                order,
                limit=order.limit and order.limit * factor,
                stop=order.stop and order.stop * factor,
            )
            if item.quantity is not None:
                item.quantity /= factor
