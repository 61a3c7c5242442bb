"""What a sweep is told as: the best, the plateau, the walk forward, the verdict, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from stocksite.backtest import judging
from stocksite.backtest.ask import Ask, complete
from stocksite.backtest.bars import Floats
from stocksite.backtest.cells import Cells
from stocksite.backtest.grid import EXIT_AXES, Grid, merged_exits
from stocksite.backtest.honesty.assess import SweepAssessment, holding_curve
from stocksite.backtest.honesty.walkforward import WalkForward
from stocksite.backtest.manifest import rounded, tidy
from stocksite.backtest.plateau import plateau
from stocksite.backtest.stage import Stage
from stocksite.backtest.terms import Exits

BEST_ROWS: Final = 100


def ask_of(ask: Ask, grid: Grid, i: int) -> Ask:
    """The single backtest behind combination i."""
    chosen = grid.parameters(i)
    varied = {name: chosen.pop(name) for name in list(chosen) if name in EXIT_AXES}
    exits = merged_exits(ask.exits, replace(Exits(), **varied))
    return replace(ask, parameters=complete(ask.strategy, chosen), exits=exits)


def survey(
    grid: Grid, cells: Cells, on: Stage, assessment: SweepAssessment | None
) -> dict[str, Any]:
    """The result; without an assessment (canceled) only what is known so far."""
    finals = cells["final_value"]
    known = ~np.isnan(finals)
    holding = holding_curve(on.setting)
    told: dict[str, Any] = {
        "axes": [{"name": axis.name, "values": list(axis.values)} for axis in grid.axes],
        "complete": assessment is not None,
        "known": int(known.sum()),
        "sums": {
            "final_value": float(finals[known].sum()),
            "trades": int(cells["trades"][known].sum()),
        },
        "benchmark": {
            "name": f"Holding {', '.join(on.ask.symbols)}",
            "final_value": float(holding[-1] * on.setting.cash),
            "total_return_pct": float(100 * (holding[-1] - 1)),
        },
        "beat_holding_pct": _share_above(finals, float(holding[-1] * on.setting.cash)),
        "best": None,
        "most_money": None,
        "plateau": None,
        "top": [],
        "verdict": None,
        "walk_forward": None,
    }
    if known.any():
        told |= _ranked(grid, cells, on)
    if assessment is not None:
        told["best"] = row(grid, cells, assessment.best, on.setting.cash)
        told["verdict"] = judging.told(assessment.verdict)
        told["walk_forward"] = _walk(grid, assessment.verdict.walk, on, holding)
    result: dict[str, Any] = tidy(told)
    return result


def row(grid: Grid, cells: Cells, i: int, cash: float) -> dict[str, Any]:
    """One combination: its number, its varied parameters, its figures."""
    final = float(cells["final_value"][i])
    told = {
        "cell": i,
        "parameters": {
            axis.name: axis.values[at] for axis, at in zip(grid.axes, grid.index[i], strict=True)
        },
        "final_value": final,
        "total_return_pct": 100 * (final / cash - 1),
        "trades": float(cells["trades"][i]),
        "win_rate_pct": float(cells["win_rate_pct"][i]),
        "sharpe": float(cells["sharpe"][i]),
        "max_drawdown_pct": float(cells["max_drawdown_pct"][i]),
    }
    cleaned: dict[str, Any] = tidy(told)
    if cleaned["trades"] is not None:
        cleaned["trades"] = int(cleaned["trades"])
    return cleaned


def _ranked(grid: Grid, cells: Cells, on: Stage) -> Mapping[str, Any]:
    finals, cash = cells["final_value"], on.setting.cash
    order = np.argsort(-np.nan_to_num(finals, nan=-np.inf), kind="stable")
    best = [int(i) for i in order[:BEST_ROWS] if not np.isnan(finals[i])]
    flat = plateau(grid.matrix(finals))
    at = None if flat is None else _number_at(grid, flat)
    return {
        "most_money": row(grid, cells, best[0], cash),
        "plateau": None if at is None else row(grid, cells, at, cash),
        "top": [row(grid, cells, i, cash) for i in best],
    }


def _number_at(grid: Grid, position: tuple[int, ...]) -> int | None:
    found = np.flatnonzero((grid.index == np.array(position)).all(axis=1))
    return int(found[0]) if len(found) else None


def _share_above(finals: Floats, level: float) -> float | None:
    known = finals[~np.isnan(finals)]
    return 100 * float((known > level).mean()) if len(known) else None


def _walk(
    grid: Grid, walk: WalkForward | None, on: Stage, holding: Floats
) -> dict[str, Any] | None:
    """The stitched curve beside holding, and the path of the chosen parameters."""
    if walk is None:
        return None
    days = on.dates
    first, last = walk.folds[0].out_from, walk.folds[-1].out_to
    growth = np.concatenate(([1.0], np.cumprod(1 + walk.returns)))
    held = holding[first : last + 1] / holding[first]
    return {
        "dates": [str(day) for day in days[first : last + 1]],
        "growth": rounded(growth, 6),
        "holding": rounded(held, 6),
        "in_sharpe": walk.in_sharpe,
        "out_sharpe": walk.out_sharpe,
        "efficiency": walk.efficiency,
        "winners": walk.winners,
        "path": [
            {
                "chosen_on": [str(days[fold.in_from]), str(days[fold.out_from])],
                "traded": [str(days[fold.out_from + 1]), str(days[fold.out_to])],
                "cell": fold.chosen,
                "parameters": {
                    axis.name: axis.values[at]
                    for axis, at in zip(grid.axes, grid.index[fold.chosen], strict=True)
                },
                "in_sharpe": fold.in_sharpe,
                "out_sharpe": fold.out_sharpe,
            }
            for fold in walk.folds
        ],
    }
