"""Which slice of a sweep a heatmap shows, and what of it fits on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stocksite.backtest import cells as cell_rules
from stocksite.backtest.bars import Floats
from stocksite.backtest.cells import Cells, Heat
from stocksite.backtest.grid import Grid
from stocksite.backtest.reading import SweepView

MOST_ROWS: Final = 28
MOST_COLUMNS: Final = 40
LEVELS: Final = 9


def heat_of(
    view: SweepView, grid: Grid, cells: Cells, metric: str | None, third: int | None = None
) -> Heat:
    """The heatmap of a metric. A third axis is held where the best combination lies, unless a
    position on it is given. Raises InvalidInput for a metric there is not.
    """
    name = cell_rules.checked_metric(metric)
    held = third
    if held is None and len(grid.axes) == 3 and view.result is not None:
        best = view.result.get("best") or view.result.get("most_money")
        held = int(grid.index[best["cell"], 2]) if best else 0
    values = cell_rules.figure(cells, name, view.ask.initial_investment)
    return cell_rules.heat(grid, values, name, held)


@dataclass(frozen=True, slots=True)
class Tile:
    """One square: a block of combinations by its middle value, or a single one (`cell` ≥ 0)."""

    row: int
    column: int
    value: float
    level: int
    """0 to 8, from the lowest shown to the highest."""
    cell: int
    at: tuple[int, int]
    """Row and column of the matrix in its middle: where to look closer."""
    x: str
    y: str
    """The parameters it stands for: `20`, or `20–24`."""
    mark: str = ""
    """`best` or `plateau` when that combination lies here."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A heatmap as it fits on a page. `step` cells go into a tile per side; 1 is full detail."""

    tiles: tuple[Tile, ...]
    rows: int
    columns: int
    step: tuple[int, int]
    low: float
    high: float
    window: tuple[int, int, int, int]
    """First row, last row + 1, first column, last column + 1 of the matrix."""
    whole: bool
    """Whether the window is everything."""


def picture(
    heat: Heat,
    around: tuple[int, int] | None = None,
    marks: Mapping[str, int] | None = None,
) -> Picture | None:
    """The heatmap in tiles; None when nothing is known. With `around` (row, column) the part of it
    that fits in full detail. `marks` names combinations to point out.
    """
    rows, columns = heat.values.shape
    window = (0, rows, 0, columns)
    if around is not None:
        top, bottom = _span(around[0], rows, MOST_ROWS)
        left, right = _span(around[1], columns, MOST_COLUMNS)
        window = (top, bottom, left, right)
    shown = heat.values[window[0] : window[1], window[2] : window[3]]
    if np.isnan(shown).all():
        return None
    low, high = float(np.nanmin(heat.values)), float(np.nanmax(heat.values))
    step = (math.ceil(shown.shape[0] / MOST_ROWS), math.ceil(shown.shape[1] / MOST_COLUMNS))
    edges = np.nanquantile(heat.values, np.linspace(0, 1, LEVELS + 1)[1:-1])
    tiles = _tiles(heat, window, step, edges, marks or {})
    return Picture(
        tuple(tiles),
        math.ceil(shown.shape[0] / step[0]),
        math.ceil(shown.shape[1] / step[1]),
        step,
        low,
        high,
        window,
        window == (0, rows, 0, columns),
    )


def _span(middle: int, count: int, most: int) -> tuple[int, int]:
    size = min(count, most)
    first = min(max(middle - size // 2, 0), count - size)
    return first, first + size


def _tiles(
    heat: Heat,
    window: tuple[int, int, int, int],
    step: tuple[int, int],
    edges: Floats,
    marks: Mapping[str, int],
) -> list[Tile]:
    tiles = []
    for row, top in enumerate(range(window[0], window[1], step[0])):
        for column, left in enumerate(range(window[2], window[3], step[1])):
            bottom, right = min(top + step[0], window[1]), min(left + step[1], window[3])
            block = heat.values[top:bottom, left:right]
            if np.isnan(block).all():
                continue
            value = float(np.nanmedian(block))
            single = step == (1, 1)
            tiles.append(
                Tile(
                    row,
                    column,
                    value,
                    int(np.searchsorted(edges, value, side="right")),
                    int(heat.index[top, left]) if single else -1,
                    ((top + bottom - 1) // 2, (left + right - 1) // 2),
                    _words(heat.x.values[left:right]),
                    _words(heat.y.values[top:bottom]) if heat.y else "",
                    _mark(heat.index[top:bottom, left:right], marks),
                )
            )
    return tiles


def _mark(block: Any, marks: Mapping[str, int]) -> str:
    return next((name for name, cell in marks.items() if (block == cell).any()), "")


def _words(values: tuple[float, ...]) -> str:
    first, last = f"{values[0]:g}", f"{values[-1]:g}"
    return first if first == last else f"{first}–{last}"
