"""A strategy on paper: what it holds told as standings, and its orders as requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from stocksite.backtest.bars import ActionCalendar, Floats
from stocksite.backtest.honesty.assess import Setting
from stocksite.backtest.live import Standing, orders_at_last_close
from stocksite.backtest.orders import Order
from stocksite.backtest.sizing import volatility_fraction
from stocksite.backtest.stage import Stage
from stocksite.backtest.terms import Shares, SizingKind
from stocksite.core.money import ZERO, cents, from_observation, quantity
from stocksite.portfolios.entries import market_value
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest


@dataclass(frozen=True, slots=True)
class PaperFill:
    """A fill of the portfolio: on which trading day, which way, how many, at what price."""

    day: date
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Purse:
    """What the portfolio has at the close: free cash, all cash, shares by symbol."""

    free: Decimal
    cash: Decimal
    shares: Mapping[str, Decimal]


def standings(fills: Sequence[PaperFill], setting: Setting) -> list[Standing]:
    """What was held from which bar on, through fills and splits, in order of bars."""
    market = setting.market
    index = {symbol: i for i, symbol in enumerate(market.symbols)}
    splits = ActionCalendar.of(market, setting.actions).by_bar
    events: list[tuple[int, int, int, PaperFill | tuple[int, int]]] = [
        (bar, 0, symbol, action.split)
        for bar, booked in splits.items()
        for symbol, action in booked
        if action.split is not None
    ]
    for fill in fills:
        if fill.symbol in index:
            bar = int(np.searchsorted(market.dates, np.datetime64(fill.day, "D")))
            events.append((bar, 1, index[fill.symbol], fill))
    held: dict[int, tuple[float, float]] = {}
    found = []
    for bar, _, symbol, event in sorted(events, key=lambda e: e[:2]):
        shares, paid = held.get(symbol, (0.0, 0.0))
        if isinstance(event, PaperFill):
            shares, paid = _filled(shares, paid, event)
        elif shares:
            shares = shares * event[0] / event[1]
        else:
            continue
        held[symbol] = (shares, paid)
        found.append(Standing(bar, symbol, shares, paid / shares if shares else 0.0))
    return found


def _filled(shares: float, paid: float, fill: PaperFill) -> tuple[float, float]:
    """(shares, what they were bought for) after a fill."""
    traded = float(fill.quantity)
    if fill.side == Side.BUY:
        return shares + traded, paid + traded * float(fill.price)
    left = shares - traded
    if left <= 1e-9:
        return 0.0, 0.0
    return left, paid * left / shares


def wanted(on: Stage, fills: Sequence[PaperFill], purse: Purse) -> list[OrderRequest]:
    """The requests to place at the last close of the stage, sells first, as the engine would
    queue them.

    The stage's start is the first close at which the strategy decided.
    """
    setting = on.setting
    seen = setting.signals or setting.market
    known = standings(fills, setting)
    equity = _equity(on, purse)
    orders = orders_at_last_close(
        on.ask.make(),
        seen,
        known,
        attached=setting.start,
        cash=float(purse.cash),
        equity=float(equity),
        traded=setting.market,
    )
    ranked = sorted(orders, key=lambda order: order.side is Side.BUY)
    return [found for order in ranked if (found := _request(order, on, purse, equity)) is not None]


def _equity(on: Stage, purse: Purse) -> Decimal:
    worth = purse.cash
    for prices in on.setting.market.prices:
        held = purse.shares.get(prices.symbol, ZERO)
        known = prices.close[~np.isnan(prices.close)]
        if held and len(known):
            worth += market_value(held, from_observation(float(known[-1])))
    return worth


def _request(order: Order, on: Stage, purse: Purse, equity: Decimal) -> OrderRequest | None:
    symbol = on.setting.market.symbols[order.symbol]
    exact = None if order.quantity is None else quantity(Decimal(repr(order.quantity)))
    if order.side is Side.SELL:
        held = purse.shares.get(symbol, ZERO)
        amount = held if exact is None else min(exact, held)
        return OrderRequest(symbol, Side.SELL, quantity=amount) if amount > ZERO else None
    if exact is not None:
        return OrderRequest(symbol, Side.BUY, quantity=exact)
    sizing = order.sizing or on.ask.sizing
    whole = on.ask.shares is Shares.WHOLE
    if sizing.kind is SizingKind.ALL_IN:
        return OrderRequest(
            symbol, Side.BUY, notional=purse.free, sizing="all_in", whole_shares=whole
        )
    share = sizing.value
    if sizing.kind is SizingKind.VOLATILITY_TARGET:
        share = volatility_fraction(sizing, _closes(on, order.symbol))
    worth = 1.0 if sizing.kind is SizingKind.FIXED_CASH else float(equity)
    budget = cents(Decimal(repr(share * worth)))
    if budget <= ZERO:
        return None
    return OrderRequest(symbol, Side.BUY, notional=budget, sizing="up_to", whole_shares=whole)


def _closes(on: Stage, symbol: int) -> Floats:
    return (on.setting.signals or on.setting.market).prices[symbol].close


def fills_of(
    rows: Iterable[tuple[date, str | None, str, Decimal, Decimal | None]],
) -> list[PaperFill]:
    """Ledger rows (day, symbol, type, quantity, price) that are fills."""
    return [
        PaperFill(day, symbol, kind, shares, price)
        for day, symbol, kind, shares, price in rows
        if kind in ("buy", "sell") and symbol is not None and price is not None
    ]
