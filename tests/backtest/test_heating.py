"""Heatmaps: which slice is shown, how it is cut to what fits, what is pointed out."""

from __future__ import annotations

import numpy as np
import pytest

from stocksite.backtest import cells, heating
from stocksite.backtest.cells import heat
from stocksite.backtest.grid import read_grid
from stocksite.core.errors import InvalidInput


def grid_of(fast: int, slow: int):
    return read_grid(
        "sma_cross",
        {
            "fast": {"from": 1, "to": fast, "step": 1},
            "slow": {"from": 2, "to": slow, "step": 1},
        },
    )


def test_every_combination_lies_where_its_parameters_say() -> None:
    grid = grid_of(5, 9)
    found = heat(grid, np.arange(len(grid), dtype=float), "trades")
    for number in range(len(grid)):
        parameters = grid.parameters(number)
        row = found.y.values.index(parameters["fast"])
        column = found.x.values.index(parameters["slow"])
        assert found.index[row, column] == number == found.values[row, column]
    assert (found.index == -1).sum() == 5 * 8 - len(grid)


def test_a_large_map_fits_and_looking_closer_shows_every_cell() -> None:
    grid = grid_of(199, 200)
    found = heat(grid, np.arange(len(grid), dtype=float), "trades")
    whole = heating.picture(found, marks={"best": 777})
    assert whole.rows <= heating.MOST_ROWS
    assert whole.columns <= heating.MOST_COLUMNS
    assert len(whole.tiles) <= heating.MOST_ROWS * heating.MOST_COLUMNS
    assert [tile.mark for tile in whole.tiles if tile.mark] == ["best"]
    assert all(tile.cell == -1 for tile in whole.tiles)
    assert {tile.level for tile in whole.tiles} <= set(range(9))
    marked = next(tile for tile in whole.tiles if tile.mark)
    close = heating.picture(found, marked.at, {"best": 777})
    assert close.step == (1, 1)
    assert not close.whole
    assert 777 in {tile.cell for tile in close.tiles}
    assert all(found.index[found.index >= 0].max() >= tile.cell >= 0 for tile in close.tiles)


def test_what_is_not_known_is_not_drawn() -> None:
    grid = grid_of(3, 5)
    values = np.full(len(grid), np.nan)
    assert heating.picture(heat(grid, values, "sharpe")) is None
    values[2] = 1.0
    shown = heating.picture(heat(grid, values, "sharpe"))
    assert [tile.cell for tile in shown.tiles] == [2]


def test_packing_keeps_every_bit() -> None:
    rng = np.random.default_rng(7)
    before = {name: rng.standard_normal(1000) for name in cells.COLUMNS}
    before["sharpe"][3] = np.nan
    after = cells.unpack(cells.pack(before))
    for name, column in before.items():
        assert after[name].tobytes() == column.tobytes()


def test_only_metrics_there_are() -> None:
    assert cells.checked_metric(None) == "final_value"
    with pytest.raises(InvalidInput):
        cells.checked_metric("luck")
