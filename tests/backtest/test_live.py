"""Deployed strategies: what they order at each close is what the backtest decided there."""

from __future__ import annotations

from typing import Any

import pytest

from stocksite.backtest.bars import Market, align
from stocksite.backtest.engine import run
from stocksite.backtest.live import Standing, orders_at_last_close
from stocksite.backtest.strategies import build
from stocksite.backtest.trades import Run
from stocksite.portfolios.fills import Side
from tests.backtest.samples import one, raw, walk

CASES: list[tuple[str, dict[str, Any]]] = [
    ("sma_cross", {"fast": 5, "slow": 20}),
    ("dip", {"winbuy": 10, "winsell": 5}),
    ("percent_move", {"buy_pct": 3, "sell_pct": 4}),
    ("dca", {"amount": 5_000, "every_days": 10}),
    ("momentum", {"lookback": 10, "top": 1, "every_days": 7}),
]


def standings(done: Run) -> list[Standing]:
    held: dict[int, float] = {}
    paid: dict[int, float] = {}
    found = []
    for fill in done.fills:
        before = held.get(fill.symbol, 0.0)
        if fill.side is Side.BUY:
            paid[fill.symbol] = paid.get(fill.symbol, 0.0) + fill.quantity * fill.price
            held[fill.symbol] = before + fill.quantity
        else:
            held[fill.symbol] = before - fill.quantity
        shares = held[fill.symbol]
        if not shares:
            paid[fill.symbol] = 0.0
        price = paid[fill.symbol] / shares if shares else 0.0
        found.append(Standing(fill.bar, fill.symbol, shares, price))
    return found


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_every_close_decides_like_the_backtest(name: str, parameters: dict[str, Any]) -> None:
    whole = one(raw("MSFT").part(0, 160))
    if name == "momentum":
        whole = align([walk(160, 3, symbol="A"), walk(160, 4, symbol="B")])
    strategy = build(name, parameters)
    done = run(strategy.decider(whole), whole, 100_000.0, start=30)
    known = standings(done)
    assert len(done.decisions) > 3
    for last in range(30, 160, 3):
        seen = Market(tuple(prices.part(0, last + 1) for prices in whole.prices))
        orders = orders_at_last_close(
            strategy,
            seen,
            [s for s in known if s.bar <= last],
            attached=30,
            cash=0.0,
            equity=0.0,
        )
        assert list(orders) == [order for bar, order in done.decisions if bar == last]
