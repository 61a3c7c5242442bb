"""Positions: what ends them, how large they are, what splits and dividends do to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stocksite.backtest.bars import CorporateAction, Market, Prices, align
from stocksite.backtest.engine import run
from stocksite.backtest.orders import Order
from stocksite.backtest.sizing import volatility_fraction
from stocksite.backtest.strategies import BuyAndHold
from stocksite.backtest.terms import (
    Costs,
    Exits,
    FillAt,
    Rounding,
    Shares,
    SizeBy,
    Sizing,
    SizingKind,
    Terms,
)
from stocksite.backtest.trades import Run
from stocksite.portfolios.fills import OrderType
from tests.backtest.samples import made, walk
from tests.backtest.scripted import BARS, BUY, FREE, SELL, play


class TestExits:
    def holding(self, exits: Exits, prices: Prices, **more: Any) -> Run:
        return play(prices, {0: [Order(BUY)]}, replace(FREE, exits=exits, **more))

    def test_stop_loss_on_the_day_of_the_entry(self) -> None:
        prices = made([100, 95, 96], opens=[100, 100, 95], lows=[100, 89, 95], highs=[100, 101, 97])
        (trade,) = self.holding(Exits(stop_loss_pct=10), prices).trades
        assert (trade.entry_bar, trade.exit_bar, trade.exit_price) == (1, 1, 90.0)

    def test_stop_loss_gap_costs_the_open(self) -> None:
        opens, highs, lows = [100, 100, 85], [100, 102, 86], [100, 99, 80]
        prices = made([100, 101, 84], opens, highs, lows)
        (trade,) = self.holding(Exits(stop_loss_pct=10), prices).trades
        assert (trade.exit_price, trade.rule) == (85.0, "stop-gapped-open")

    def test_one_bar_with_both_levels_counts_the_stop(self) -> None:
        prices = made([100, 100], opens=[100, 100], lows=[100, 80], highs=[100, 130])
        (trade,) = self.holding(Exits(10, 20), prices).trades
        assert (trade.exit_price, trade.rule) == (90.0, "stop-touched")

    def test_opening_beyond_the_target_takes_the_open(self) -> None:
        prices = made(
            [100, 101, 100], opens=[100, 100, 125], lows=[100, 99, 80], highs=[100, 102, 130]
        )
        (trade,) = self.holding(Exits(10, 20), prices).trades
        assert (trade.exit_price, trade.rule) == (125.0, "limit-at-better-open")

    def test_a_touched_target_is_not_enough(self) -> None:
        prices = made([100, 110], opens=[100, 100], highs=[100, 120], lows=[100, 100])
        assert not self.holding(Exits(take_profit_pct=20), prices).closed

    def test_trailing_stop_hangs_below_the_high_of_earlier_bars(self) -> None:
        prices = made(
            [100, 120, 115, 112],
            opens=[100, 100, 120, 115],
            highs=[100, 125, 121, 116],
            lows=[100, 95, 113, 110],
        )
        (trade,) = self.holding(Exits(trailing_stop_pct=10), prices).trades
        assert (trade.exit_bar, trade.exit_price) == (3, 112.5)

    def test_maximum_holding(self) -> None:
        (trade,) = self.holding(Exits(max_holding=2), BARS).trades
        assert (trade.entry_bar, trade.exit_bar, trade.exit_price) == (1, 3, 112.0)

    def test_a_fill_at_the_close_is_not_stopped_by_that_day_s_low(self) -> None:
        prices = made([100, 100, 100], opens=[100, 100, 99], lows=[100, 50, 98], highs=[101] * 3)
        done = self.holding(Exits(stop_loss_pct=10), prices, fill=FillAt.NEXT_CLOSE)
        assert not done.closed
        assert done.trades[0].mae == pytest.approx(-0.02)


class TestSizing:
    def bought(self, sizing: Sizing, **more: Any) -> float:
        done = play(BARS, {2: [Order(BUY)]}, replace(FREE, sizing=sizing, **more))
        return done.fills[0].quantity

    def test_fixed_fraction_and_cash(self) -> None:
        assert self.bought(Sizing(SizingKind.FIXED_FRACTION, 0.5)) == 4
        assert self.bought(Sizing(SizingKind.FIXED_CASH, 250)) == 2
        assert self.bought(Sizing(SizingKind.FIXED_CASH, 1e9)) == 8
        fractional = self.bought(Sizing(SizingKind.FIXED_CASH, 250), shares=Shares.FRACTIONAL)
        assert fractional == pytest.approx(250 / 112)

    def test_volatility_target(self) -> None:
        sizing = Sizing(SizingKind.VOLATILITY_TARGET, 0.2, window=20)
        closes = walk(200, 3, volatility=0.4).close
        realised = np.std(np.diff(closes[-21:]) / closes[-21:-1], ddof=1) * np.sqrt(252)
        assert volatility_fraction(sizing, closes) == pytest.approx(min(0.2 / realised, 1.0))
        assert volatility_fraction(sizing, closes[:20]) == 0.0
        assert volatility_fraction(sizing, np.ones(50)) == 1.0

    def test_equity_of_all_positions_counts(self) -> None:
        market = align([BARS, replace(BARS, symbol="Y")])
        half = replace(FREE, sizing=Sizing(SizingKind.FIXED_FRACTION, 0.5))
        done = play(market, {0: [Order(BUY, 0)], 1: [Order(BUY, 1)]}, half)
        # 4 shares at 102 are worth 104 at the close: half of 1,008 buys 4 at 106.
        assert [f.quantity for f in done.fills] == [4, 4]

    def test_sized_at_the_signal(self) -> None:
        terms = replace(FREE, size_by=SizeBy.SIGNAL_OVERDRAFT)
        done = play(BARS, {0: [Order(BUY)]}, terms)
        assert done.fills[0].quantity == 10
        assert done.lowest_cash == -20
        refused = play(BARS, {0: [Order(BUY)]}, replace(FREE, size_by=SizeBy.SIGNAL_OR_REJECT))
        assert (refused.dropped, refused.fills) == (1, ())


class TestCorporateActions:
    def test_split_keeps_value_and_restates_the_trade(self) -> None:
        prices = made([100, 100, 50, 55], opens=[100, 100, 50, 52])
        day = prices.dates[2]
        done = play(
            prices,
            {0: [Order(BUY)], 2: [Order(SELL)]},
            actions=[CorporateAction("X", day, split=(2, 1))],
        )
        assert done.equity.tolist() == [1000, 1000, 1000, 1040]
        (trade,) = done.trades
        assert (trade.quantity, trade.entry_price, trade.exit_price) == (20, 50, 52)
        assert trade.mae == pytest.approx(0.0)

    def test_stops_and_waiting_orders_are_restated(self) -> None:
        prices = made([100, 100, 50, 44], opens=[100, 100, 50, 49], lows=[100, 99, 49, 40])
        split = [CorporateAction("X", prices.dates[2], split=(2, 1))]
        stopped = play(
            prices, {0: [Order(BUY)]}, replace(FREE, exits=Exits(stop_loss_pct=10)), actions=split
        )
        assert stopped.trades[0].exit_price == 45.0
        waiting = Order(BUY, type=OrderType.LIMIT, limit=90.0, quantity=4)
        (fill,) = play(prices, {0: [waiting]}, actions=split).fills
        assert (fill.bar, fill.price, fill.quantity) == (3, 45.0, 8)

    def test_dividend_is_paid_on_shares_held_before_the_ex_date(self) -> None:
        prices = made([100, 100, 98, 98], opens=[100, 100, 98, 98])
        paid = [CorporateAction("X", prices.dates[2], dividend=2.0)]
        done = play(prices, {0: [Order(BUY)], 2: [Order(SELL)]}, actions=paid)
        assert done.equity.tolist() == [1000, 1000, 1000, 1000]
        assert done.trades[0].dividends == 20.0
        assert done.trades[0].profit == 0.0
        late = play(prices, {1: [Order(BUY)]}, actions=paid)
        assert late.equity[-1] == 1000.0
        assert late.cash == pytest.approx(1000 - 10 * 98)

    def test_a_weekend_ex_date_acts_on_the_next_session(self) -> None:
        prices = made([100, 100, 100, 50])
        dates = prices.dates.copy()
        dates[3] += 2
        action = [CorporateAction("X", dates[3] - 1, split=(2, 1))]
        moved = replace(prices, dates=dates, open=np.array([100.0, 100, 100, 50]))
        assert play(moved, {0: [Order(BUY)]}, actions=action).final == 1000.0


class TestSeveralSymbols:
    def test_a_symbol_without_bars_waits_and_keeps_its_price(self) -> None:
        first = made([10, 11, 12, 13], symbol="A")
        second = made([20, 22], symbol="B", start="2020-01-03")
        market = align([first, second])
        assert np.isnan(market.prices[1].close[:2]).all()
        done = play(market, {0: [Order(BUY, 1, quantity=5)]})
        assert (done.fills[0].bar, done.fills[0].price) == (2, 20.0)

    def test_hold_buys_each_symbol_when_it_appears(self) -> None:
        market = align(
            [made([10, 11, 12, 13], symbol="A"), made([20, 22], symbol="B", start="2020-01-03")]
        )
        half = replace(FREE, sizing=Sizing(SizingKind.FIXED_FRACTION, 0.5))
        done = run(BuyAndHold().decider(market), market, 1000.0, half)
        assert [(f.symbol, f.bar) for f in done.fills] == [(0, 1), (1, 3)]

    def test_calendars_must_agree(self) -> None:
        with pytest.raises(ValueError, match="align"):
            Market((made([1, 2, 3]), made([1, 2])))


def test_cents_mode_rounds_like_the_ledger() -> None:
    prices = made([10.005] * 3, opens=[10.005] * 3)
    terms = Terms(costs=Costs(0.1), rounding=Rounding.CENT)
    done = play(prices, {0: [Order(BUY, quantity=3)]}, terms)
    # 3 · 10.005 = 30.015 → 30.02; fee 0.03002 → 0.03.
    assert (done.cash, done.fees) == (969.95, 0.03)
    assert done.final == pytest.approx(969.95 + 30.02)
