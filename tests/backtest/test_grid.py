"""Grids: what they hold, what they refuse, and how they say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stocksite.backtest.grid import MAX_COMBINATIONS, MAX_LOOPED, read_grid
from stocksite.backtest.plateau import neighbourhood, plateau
from stocksite.backtest.strategies import Dip, SmaCross
from stocksite.backtest.terms import Exits
from stocksite.core.errors import InvalidInput


def test_lists_ranges_and_fixed_values() -> None:
    grid = read_grid("macd", {"fast": [5, 12], "slow": {"from": 10, "to": 20, "step": 5}})
    assert [axis.values for axis in grid.axes] == [(5, 12), (10, 15, 20)]
    assert len(grid) == 5
    assert grid.parameters(0) == {"fast": 5, "slow": 10}
    matrix = grid.matrix(np.arange(5.0))
    assert np.isnan(matrix[1, 0])
    assert matrix[1, 2] == 4.0
    widths = read_grid("bollinger", {"width": {"from": 1, "to": 2, "step": 0.1}, "window": 20})
    assert widths.axes[0].values[:4] == (1.0, 1.1, 1.2, 1.3)
    assert len(widths) == 11


def test_exits_may_vary_too() -> None:
    grid = read_grid("dip", {"winbuy": [5], "stop_loss_pct": [3, 5], "max_holding": 10})
    strategy, exits = grid.of(1)
    assert strategy == Dip(5)
    assert exits == Exits(stop_loss_pct=5.0, max_holding=10)


def test_the_asked_grids_fit() -> None:
    pairs = {"fast": {"from": 2, "to": 50}, "slow": {"from": 3, "to": 200}}
    assert len(read_grid("sma_cross", pairs)) == 8_526
    span = {"from": 2, "to": 200}
    dips = read_grid("dip", {"winbuy": span, "winsell": span, "stop_loss_pct": [1, 2, 3, 4, 5]})
    assert len(dips) == 198_005
    assert dips.of(198_004)[0] == Dip(200, 200)
    assert read_grid("sma_cross", {"fast": [3], "slow": [9]}).of(0)[0] == SmaCross(3, 9)


def test_a_billion_combinations_get_a_coarser_offer() -> None:
    names = ("winbuy", "winsell", "max_holding")
    with pytest.raises(InvalidInput, match="1,000,000,000 combinations") as caught:
        read_grid("dip", {name: {"from": 1, "to": 1000} for name in names})
    error = caught.value
    assert error.code == "grid-too-large"
    assert error.members == {"combinations": 10**9, "limit": MAX_COMBINATIONS}
    offer = error.detail.split("fits: ")[1][:-1].split(", ")
    steps = dict(part.split(" in steps of ") for part in offer)
    again = {name: {"from": 1, "to": 1000, "step": int(steps[name])} for name in names}
    assert MAX_COMBINATIONS / 2 < len(read_grid("dip", again)) <= MAX_COMBINATIONS


def test_loops_have_a_smaller_limit() -> None:
    saving = {"every_days": {"from": 1, "to": 500}, "amount": [1, 2, 3, 4, 5]}
    with pytest.raises(InvalidInput) as caught:
        read_grid("dca", saving, looped=True)
    assert caught.value.members["limit"] == MAX_LOOPED


@pytest.mark.parametrize(
    ("name", "raw", "field"),
    [
        ("sma_cross", {"fast": 3, "slow": 9}, "parameters"),
        ("sma_cross", {"fast": [3], "pace": [1]}, "parameters.pace"),
        ("sma_cross", {"fast": []}, "parameters.fast"),
        ("sma_cross", {"fast": [3, "x"]}, "parameters.fast"),
        ("sma_cross", {"fast": [0]}, "parameters.fast"),
        ("sma_cross", {"fast": [2.5]}, "parameters.fast"),
        ("sma_cross", {"fast": {"from": 2}}, "parameters.fast"),
        ("sma_cross", {"fast": {"from": 9, "to": 2}}, "parameters.fast"),
        ("sma_cross", {"fast": {"from": 2, "to": 9, "step": 0}}, "parameters.fast"),
        ("sma_cross", {"fast": {"from": 2, "to": 9, "step": 0.5}}, "parameters.fast"),
        ("sma_cross", {"fast": {"from": 2, "to": 9, "by": 1}}, "parameters.fast"),
        ("sma_cross", {"fast": [60], "slow": [50]}, "parameters.slow"),
        ("rsi", {"window": [5], "buy_below": 101}, "parameters.buy_below"),
        ("nonsense", {"fast": [3]}, "strategy"),
    ],
)
def test_bad_grids_are_named(name: str, raw: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_grid(name, raw)
    assert [fault.field for fault in caught.value.fields] == [field]


class TestPlateau:
    def test_a_lonely_peak_loses_to_a_plateau(self) -> None:
        values = np.zeros((7, 7))
        values[1, 1] = 5.0
        values[4:6, 3:6] = 3.0
        found = plateau(values)
        assert found is not None
        assert values[found] == 3.0

    def test_missing_cells_are_left_out(self) -> None:
        values = np.array([[1.0, np.nan], [3.0, 5.0]])
        assert neighbourhood(values)[0, 0] == 3.0
        assert np.isnan(neighbourhood(values)[0, 1])
        assert plateau(np.full((2, 2), np.nan)) is None

    def test_one_and_three_axes(self) -> None:
        assert plateau(np.array([0.0, 9.0, 0.0, 6.0, 6.0, 6.0, 0.0])) == (4,)
        cube = np.zeros((4, 4, 4))
        cube[1:4, 1:4, 1:4] = 1.0
        assert plateau(cube) == (2, 2, 2)
