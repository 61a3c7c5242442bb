"""What every combination of a sweep came to: packed for storage, laid out as a heatmap."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stocksite.backtest.bars import Floats
from stocksite.backtest.grid import Axis, Grid
from stocksite.backtest.honesty.evidence import Evidence
from stocksite.backtest.kernels.log import Money
from stocksite.core.errors import InvalidInput

COLUMNS: Final = ("final_value", "trades", "win_rate_pct", "sharpe", "max_drawdown_pct")
METRICS: Final[Mapping[str, str]] = {
    "final_value": "Final value",
    "total_return_pct": "Total return",
    "sharpe": "Sharpe ratio",
    "max_drawdown_pct": "Deepest drawdown",
    "trades": "Trades",
    "win_rate_pct": "Winners",
}
"""What a heatmap can show."""

Cells = Mapping[str, Floats]
"""One array per column, one entry per combination; NaN where it is not known."""


def of_money(money: Money) -> dict[str, Floats]:
    """The first tier: money, trades, winners."""
    known = ~np.isnan(money.final)
    unknown = np.full(len(money.final), np.nan)
    return {
        "final_value": money.final,
        "trades": np.where(known, money.entries.astype(np.float64), np.nan),
        "win_rate_pct": np.where(known, 100 * money.win_rate, np.nan),
        "sharpe": unknown,
        "max_drawdown_pct": unknown,
    }


def with_evidence(cells: Cells, evidence: Evidence) -> dict[str, Floats]:
    """The second tier beside the first."""
    return {
        **cells,
        "sharpe": evidence.sharpe,
        "max_drawdown_pct": 100 * evidence.max_drawdown,
    }


def pack(cells: Cells) -> bytes:
    """As bytes, compressed; exactly what `unpack` gives back."""
    return zlib.compress(np.stack([cells[name] for name in COLUMNS]).astype("<f8").tobytes(), 1)


def unpack(packed: bytes) -> dict[str, Floats]:
    """The columns again."""
    table = np.frombuffer(zlib.decompress(packed), dtype="<f8").reshape(len(COLUMNS), -1)
    return {name: np.asarray(row) for name, row in zip(COLUMNS, table, strict=True)}


def figure(cells: Cells, metric: str, cash: float) -> Floats:
    """One metric of all combinations."""
    if metric == "total_return_pct":
        return np.asarray(100 * (cells["final_value"] / cash - 1))
    return cells[metric]


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """A heatmap: `values[row, column]`, rows along `y`, columns along `x`, NaN where nothing goes.

    `index` holds the combination's number per cell, -1 where there is none. A third axis is held
    at `fixed`; a grid of one axis has no `y` and a single row.
    """

    metric: str
    x: Axis
    y: Axis | None
    values: Floats
    index: Any
    fixed: Mapping[str, float]


def heat(grid: Grid, values: Floats, metric: str, held: int | None = None) -> Heat:
    """Lay one figure per combination out. `held` is the position on the third axis."""
    matrix = grid.matrix(values)
    numbers = np.full(grid.shape, -1, dtype=np.int64)
    numbers[tuple(grid.index.T)] = np.arange(len(grid))
    fixed: dict[str, float] = {}
    if len(grid.axes) == 3:
        third = grid.axes[2]
        at = min(max(held or 0, 0), len(third.values) - 1)
        matrix, numbers = matrix[:, :, at], numbers[:, :, at]
        fixed = {third.name: third.values[at]}
    if len(grid.axes) == 1:
        return Heat(metric, grid.axes[0], None, matrix[None, :], numbers[None, :], fixed)
    return Heat(metric, grid.axes[1], grid.axes[0], matrix, numbers, fixed)


def checked_metric(metric: str | None) -> str:
    """A metric by name. InvalidInput lists those there are."""
    name = metric or "final_value"
    if name not in METRICS:
        raise InvalidInput.of_field("metric", f"Use one of: {', '.join(METRICS)}.")
    return name
