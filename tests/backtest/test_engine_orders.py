"""Orders on a bar: which price, in which order, and what a strategy may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from stocksite.backtest.bars import align
from stocksite.backtest.engine import run
from stocksite.backtest.orders import LookAhead, Order, View
from stocksite.backtest.strategies import SmaCross
from stocksite.backtest.terms import (
    Costs,
    FillAt,
    Terms,
)
from stocksite.portfolios.fills import FillRule, OrderType
from tests.backtest.samples import one, walk
from tests.backtest.scripted import BARS, BUY, FREE, SELL, fills, play


class TestMarketOrders:
    def test_signal_at_the_close_fills_at_the_next_open(self) -> None:
        done = play(BARS, {0: [Order(BUY)], 2: [Order(SELL)]})
        assert fills(done) == [
            (1, "buy", 9.0, 102.0, "market-at-open"),
            (3, "sell", 9.0, 112.0, "market-at-open"),
        ]
        assert done.final == 1000 + 9 * 10

    def test_a_signal_on_the_last_bar_never_fills(self) -> None:
        assert play(BARS, {5: [Order(BUY)]}).fills == ()

    @pytest.mark.parametrize(
        ("fill", "bar", "price", "rule"),
        [
            (FillAt.NEXT_CLOSE, 1, 104.0, FillRule.MARKET_AT_CLOSE),
            (FillAt.NEXT_MID, 1, 103.0, FillRule.MARKET_AT_MID),
            (FillAt.SAME_CLOSE, 0, 100.0, FillRule.MARKET_AT_CLOSE),
        ],
    )
    def test_other_moments(self, fill: FillAt, bar: int, price: float, rule: FillRule) -> None:
        (done,) = play(BARS, {0: [Order(BUY)]}, replace(FREE, fill=fill)).fills
        assert (done.bar, done.price, done.rule) == (bar, price, rule)

    def test_fees_and_slippage(self) -> None:
        terms = Terms(costs=Costs(1.0, 2.0, 0.5))
        done = play(BARS, {0: [Order(BUY)], 2: [Order(SELL)]}, terms)
        bought, sold = done.fills
        assert bought.price == pytest.approx(102 * 1.005)
        assert sold.price == pytest.approx(112 * 0.995)
        assert bought.fees == pytest.approx(bought.quantity * bought.price * 0.01 + 2)
        assert done.fees == pytest.approx(bought.fees + sold.fees)
        assert done.trades[0].profit == pytest.approx(done.final - 1000)

    def test_nothing_affordable_is_dropped(self) -> None:
        done = play(BARS, {0: [Order(BUY)]}, cash=50.0)
        assert (done.dropped, done.fills, done.final) == (1, (), 50.0)

    def test_no_cash_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cash"):
            play(BARS, {}, cash=0.0)

    def test_quantities(self) -> None:
        done = play(BARS, {0: [Order(BUY, quantity=3)], 1: [Order(SELL, quantity=2)]})
        assert [f.quantity for f in done.fills] == [3, 2]
        assert done.trades[0].closed is False
        too_much = play(BARS, {0: [Order(BUY, quantity=100)]})
        assert too_much.dropped == 1


class TestWaitingOrders:
    def limit(self, price: float, **more: Any) -> Order:
        return Order(BUY, type=OrderType.LIMIT, limit=price, **more)

    def test_limit_waits_until_it_is_gone_through(self) -> None:
        done = play(BARS, {0: [self.limit(101)], 1: [self.limit(107.5)]})
        assert fills(done)[0][:4] == (2, "buy", 9.0, 106.0)

    def test_limit_expires(self) -> None:
        never = play(BARS, {0: [self.limit(90, good_for=2)]})
        assert never.fills == ()
        late = play(BARS, {0: [self.limit(107.5, good_for=1)]})
        assert fills(late)[0][0] == 1

    def test_stop_entry_and_its_gap(self) -> None:
        order = Order(BUY, type=OrderType.STOP, stop=111.5)
        assert fills(play(BARS, {0: [order]}))[0][3:] == (112.0, "stop-gapped-open")
        order = Order(BUY, type=OrderType.STOP, stop=103.0)
        assert fills(play(BARS, {0: [order]}))[0][3:] == (103.0, "stop-touched")

    def test_stop_limit_keeps_its_trigger(self) -> None:
        order = Order(BUY, type=OrderType.STOP_LIMIT, stop=111.0, limit=108.5)
        done = play(BARS, {0: [order]})
        assert fills(done)[0] == (3, "buy", 9.0, 108.5, "limit-penetrated")

    def test_a_sell_order_ends_with_its_position(self) -> None:
        target = Order(SELL, type=OrderType.LIMIT, limit=200.0)
        orders = {0: [Order(BUY)], 1: [target], 2: [Order(SELL)], 3: [Order(BUY)]}
        done = play(BARS, orders)
        assert [f.side for f in done.fills] == [BUY, SELL, BUY]

    def test_sells_come_before_buys_whatever_the_order_given(self) -> None:
        market = align([BARS, replace(BARS, symbol="Y")])
        orders = {0: [Order(BUY, 0)], 1: [Order(BUY, 1), Order(SELL, 0)]}
        done = play(market, orders)
        assert [(f.side, f.symbol) for f in done.fills] == [(BUY, 0), (SELL, 0), (BUY, 1)]


class TestView:
    def test_it_ends_at_now(self) -> None:
        seen: list[Any] = []

        class Peek:
            def decide(self, now: View) -> Sequence[Order]:
                seen.append((now.t, now.history().tolist(), now.at(-1), now.at(0, "open")))
                for later in (now.t + 1, -now.t - 2):
                    with pytest.raises(LookAhead):
                        now.at(later)
                with pytest.raises(ValueError, match="read-only"):
                    now.history()[0] = 1.0
                return ()

        run(Peek(), one(BARS), 1000.0)
        assert seen[2] == (2, [100, 104, 110], 110.0, 100.0)
        assert len(seen) == 6

    def test_warm_up_shows_bars_before_the_start_and_trades_none_of_them(self) -> None:
        prices = walk(120, 2)
        strategy = SmaCross(3, 55)
        done = run(strategy.decider(one(prices)), one(prices), 1000.0, start=60, stop=110)
        assert len(done.equity) == 50
        assert done.fills[0].bar > 60
        assert done.fills[0].bar < 110
        cold = run(strategy.decider(one(prices.part(60, 110))), one(prices.part(60, 110)), 1000.0)
        assert not cold.fills
