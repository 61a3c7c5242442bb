"""Strategies: their declared parameters, how they are built, and what they decide."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from stocksite.backtest.bars import align
from stocksite.backtest.engine import run
from stocksite.backtest.strategies import (
    STRATEGIES,
    BuyAndHold,
    Dca,
    Dip,
    Momentum,
    PercentMove,
    Rules,
    SmaCross,
    build,
    describe,
)
from stocksite.backtest.strategies.builder import INDICATORS
from stocksite.backtest.terms import R1, Costs, Exits, Shares, Terms
from stocksite.core.errors import InvalidInput
from tests.backtest.samples import made, one, raw, walk

FREE = Terms(costs=Costs(0.0))

NAMES = {
    "buy_and_hold": (),
    "dca": ("amount", "every_days"),
    "sma_cross": ("fast", "slow"),
    "ema_cross": ("fast", "slow"),
    "dip": ("winbuy", "winsell"),
    "percent_move": ("buy_pct", "sell_pct"),
    "rsi": ("window", "buy_below", "sell_above"),
    "bollinger": ("window", "width"),
    "macd": ("fast", "slow", "signal"),
    "donchian": ("entry", "exit"),
    "momentum": ("lookback", "top", "every_days"),
}


def test_names_and_parameters_are_the_contract_s() -> None:
    assert {name: cls.name for name, cls in STRATEGIES.items()} == {n: n for n in STRATEGIES}
    assert set(STRATEGIES) == {*NAMES, "rules"}
    for name, parameters in NAMES.items():
        assert tuple(p.name for p in STRATEGIES[name].parameters()) == parameters


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_parameter_says_what_it_means(name: str) -> None:
    told = describe(STRATEGIES[name])
    assert told["title"]
    assert told["meaning"].endswith(".")
    for parameter in told["parameters"]:
        assert parameter["meaning"].endswith(".")
        if parameter["type"] != "rules":
            assert parameter["minimum"] <= parameter["default"] <= parameter["maximum"]


@pytest.mark.parametrize("name", NAMES)
def test_defaults_run_on_real_bars(name: str) -> None:
    strategy, market = build(name, {}), one(raw("IBM").part(0, 800))
    done = run(strategy.decider(market), market, 100_000.0)
    assert len(done.equity) == 800
    assert (done.equity > 0).all()
    assert done.trades
    assert strategy.warm_up <= 800
    assert strategy == build(name, {})


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("sma_cross", {"fast": 50, "slow": 20}, "slow"),
        ("sma_cross", {"fast": 1.5}, "parameters.fast"),
        ("sma_cross", {"fast": "20"}, "parameters.fast"),
        ("sma_cross", {"fast": True}, "parameters.fast"),
        ("sma_cross", {"fast": 0}, "parameters.fast"),
        ("sma_cross", {"fast": float("nan")}, "parameters.fast"),
        ("sma_cross", {"speed": 3}, "parameters.speed"),
        ("rsi", {"buy_below": 80}, "sell_above"),
        ("buy_and_hold", {"fast": 3}, "parameters.fast"),
        ("nonsense", {}, "strategy"),
    ],
)
def test_bad_parameters_are_named(name: str, parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        build(name, parameters)
    assert [fault.field for fault in caught.value.fields] == [field]


def test_whole_numbers_may_come_as_doubles() -> None:
    assert build("sma_cross", {"fast": 20.0, "slow": 50}) == SmaCross(20, 50)


def test_dip_by_hand() -> None:
    closes = [10, 10, 9, 8, 8, 11, 12, 12, 9]
    market = one(made(closes, opens=closes))
    done = run(Dip(winbuy=2, winsell=3).decider(market), market, 1000.0, FREE)
    assert [(f.bar, f.side.value) for f in done.fills] == [(3, "buy"), (6, "sell")]


def test_percent_moves_by_hand() -> None:
    closes = [100, 110, 104, 104, 115, 116, 109, 100]
    market = one(made(closes, opens=closes))
    done = run(PercentMove(5.0, 10.0).decider(market), market, 1000.0, FREE)
    # Down 5.5 % from 110 at bar 2; bought at 104; 115 is 10.6 % higher; after the sale the peak
    # starts anew at 116, and 109 lies 6 % below it.
    assert [(f.bar, f.side.value) for f in done.fills] == [(3, "buy"), (5, "sell"), (7, "buy")]


def test_a_stop_on_the_day_of_the_entry_starts_a_new_peak() -> None:
    prices = made(
        [100, 90, 88, 80, 79, 78],
        opens=[100, 100, 90, 88, 80, 79],
        lows=[100, 90, 70, 80, 79, 78],
    )
    terms = Terms(costs=Costs(0.0), exits=Exits(stop_loss_pct=10))
    done = run(PercentMove(5.0, 50.0).decider(one(prices)), one(prices), 1000.0, terms)
    assert [(t.entry_bar, t.exit_bar) for t in done.trades] == [(2, 2), (4, None)]


def test_hold_and_save() -> None:
    market = one(made([10.0] * 12))
    held = run(BuyAndHold().decider(market), market, 100.0, FREE)
    assert [(f.bar, f.quantity) for f in held.fills] == [(1, 10)]
    terms = Terms(costs=Costs(0.0), shares=Shares.FRACTIONAL)
    saved = run(Dca(25.0, 3).decider(market), market, 100.0, terms)
    assert [(f.bar, f.quantity) for f in saved.fills] == [(1, 2.5), (4, 2.5), (7, 2.5), (10, 2.5)]
    assert len(saved.trades) == 1


def test_momentum_holds_what_rose_most() -> None:
    rising, falling = np.linspace(10, 20, 12), np.linspace(20, 10, 12)
    first = np.concatenate((rising, falling))
    second = np.concatenate((falling, rising))
    market = align([made(first, symbol="A"), made(second, symbol="B")])
    done = run(Momentum(5, 1, 4).decider(market), market, 1000.0, FREE)
    assert [(f.symbol, f.side.value) for f in done.fills] == [(0, "buy"), (0, "sell"), (1, "buy")]


class TestRules:
    RAW: ClassVar[dict[str, Any]] = {
        "enter": {
            "all": [
                {"left": "close", "op": ">", "right": {"indicator": "sma", "window": 5}},
                {"any": [{"left": {"indicator": "rsi", "window": 3}, "op": "<", "right": 90}]},
            ]
        },
        "leave": {
            "any": [
                {
                    "left": "close",
                    "op": "crosses_below",
                    "right": {"indicator": "ema", "window": 4},
                }
            ]
        },
    }

    def test_an_average_crossing_written_as_rules_is_that_strategy(self) -> None:
        fast, slow = ({"indicator": "sma", "window": w} for w in (20, 50))
        rules = build(
            "rules",
            {
                "enter": {"all": [{"left": fast, "op": "crosses_above", "right": slow}]},
                "leave": {"all": [{"left": fast, "op": "crosses_below", "right": slow}]},
            },
        )
        market = one(raw("AAPL"))
        done = run(rules.decider(market), market, 100_000.0, R1)
        assert round(done.final, 2) == 472_726.56
        assert rules.warm_up == 50

    def test_and_or_and_never(self) -> None:
        prices = walk(200, 4)
        rules = Rules.of(self.RAW)
        signals = rules.signals(prices)
        assert signals.enter.any()
        assert signals.leave.any()
        assert not (signals.enter & (prices.close < 0)).any()
        no_exit = Rules.of({"enter": self.RAW["enter"]})
        assert not no_exit.leave(prices).any()
        assert rules == Rules.of(self.RAW)
        assert hash(rules) == hash(Rules.of(self.RAW))

    @pytest.mark.parametrize("name", INDICATORS)
    def test_every_indicator_can_be_used(self, name: str) -> None:
        parameters = {p: low + 3 for p, low, _ in INDICATORS[name][0]}
        operand = {"indicator": name, **parameters}
        rules = Rules.of({"enter": {"all": [{"left": operand, "op": ">", "right": -1e9}]}})
        assert rules.enter(walk(60, 1)).any()

    @pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "crosses_above", "crosses_below"])
    def test_every_operator_and_column(self, op: str) -> None:
        for column in ("open", "high", "low", "close", "volume"):
            raw_rules = {"enter": {"any": [{"left": column, "op": op, "right": "open"}]}}
            assert Rules.of(raw_rules).enter(walk(30, 2)).dtype == np.bool_

    @pytest.mark.parametrize(
        ("bad", "path"),
        [
            ([], "rules"),
            ({"leave": {"all": []}}, "rules.enter"),
            ({"enter": {}, "else": 1}, "rules"),
            ({"enter": {"all": [], "any": []}}, "enter"),
            ({"enter": {"all": 3}}, "enter.all"),
            ({"enter": {"all": [{"left": 1, "op": "<"}]}}, "enter.all[0]"),
            ({"enter": {"all": [{"left": 1, "op": "=", "right": 2}]}}, "enter.all[0].op"),
            ({"enter": {"all": [{"left": "moon", "op": "<", "right": 2}]}}, "enter.all[0].left"),
            (
                {"enter": {"all": [{"left": 1, "op": "<", "right": {"indicator": "sma"}}]}},
                "enter.all[0].right",
            ),
            (
                {
                    "enter": {
                        "all": [
                            {"left": 1, "op": "<", "right": {"indicator": "sma", "window": 1.5}}
                        ]
                    }
                },
                "enter.all[0].right.window",
            ),
            ({"enter": {"all": [{"left": 1e300, "op": "<", "right": 1}]}}, "enter.all[0].left"),
            ({"enter": {"all": [{"left": True, "op": "<", "right": 1}]}}, "enter.all[0].left"),
            (
                {"enter": {"all": [{"all": [{"all": [{"all": [{"all": []}]}]}]}]}},
                "enter.all[0].all[0].all[0].all[0]",
            ),
            (
                {"enter": {"all": [{"left": 1, "op": "<", "right": 2}] * 21}},
                "enter.all[20]",
            ),
        ],
    )
    def test_what_is_wrong_is_named_by_its_path(self, bad: Any, path: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Rules.of(bad)
        assert [fault.field for fault in caught.value.fields] == [path]
