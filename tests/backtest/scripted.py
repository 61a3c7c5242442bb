"""Scripted runs: prepared orders at prepared bars, on six bars to follow by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stocksite.backtest.bars import Market, Prices
from stocksite.backtest.engine import run
from stocksite.backtest.orders import Order, View
from stocksite.backtest.terms import (
    Costs,
    Terms,
)
from stocksite.backtest.trades import Run
from stocksite.portfolios.fills import Side
from tests.backtest.samples import made, one

FREE = Terms(costs=Costs(0.0))
BUY, SELL = Side.BUY, Side.SELL


class Script:
    """Gives prepared orders at prepared bars."""

    def __init__(self, orders: dict[int, Sequence[Order]]) -> None:
        self.orders = orders

    def decide(self, now: View) -> Sequence[Order]:
        return self.orders.get(now.t, ())


def play(
    prices: Prices | Market,
    orders: dict[int, Sequence[Order]],
    terms: Terms = FREE,
    cash: float = 1000.0,
    **more: Any,
) -> Run:
    market = prices if isinstance(prices, Market) else one(prices)
    return run(Script(orders), market, cash, terms, **more)


def fills(done: Run) -> list[tuple[int, str, float, float, str]]:
    return [(f.bar, f.side.value, f.quantity, f.price, f.rule) for f in done.fills]


#         bar      0    1    2    3    4    5
BARS = made(
    closes=[100, 104, 110, 108, 120, 118],
    opens=[100, 102, 106, 112, 109, 121],
    highs=[101, 105, 111, 113, 122, 123],
    lows=[99, 101, 105, 107, 108, 117],
)
