"""The verdict as plain JSON values, and the earlier tries a single run is judged beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.bars import Floats
from stocksite.backtest.honesty.assess import assess_single
from stocksite.backtest.honesty.rulerisk import RuleRisk
from stocksite.backtest.honesty.verdict import Verdict
from stocksite.backtest.honesty.walkforward import WalkForward
from stocksite.backtest.manifest import tidy
from stocksite.backtest.report import play
from stocksite.backtest.stage import Stage, stage
from stocksite.backtest.strategies import BuyAndHold
from stocksite.backtest.trades import Run
from stocksite.market.stored import StoredSeries

HOLDING_ITSELF: Final = (
    "This is holding itself. What differs is the first day, at whose close holding begins to "
    "count, and the costs, which it does not pay."
)


def judge_run(
    done: Run,
    on: Stage,
    series: Sequence[StoredSeries],
    tries: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """All checks on one result, beside the earlier tries played on the same days."""
    earlier = earlier_curves(on.ask, series, tries)
    verdict = assess_single(on.ask.make(), done.equity, on.setting, earlier)
    return told(verdict, on.ask.strategy == BuyAndHold.name)


def earlier_curves(
    ask: Ask, series: Sequence[StoredSeries], tries: Sequence[Mapping[str, Any]]
) -> Floats | None:
    """Equity of each earlier try on the window of `ask`, shape (tries, closes); None for none."""
    rows = []
    for each in tries:
        other = read_ask(
            {**each, "symbols": ask.symbols, "start": ask.start, "end": ask.end}
            | {"initial_investment": ask.initial_investment}
        )
        on = stage(other, series, 0)
        rows.append(play(other.make(), on).equity)
    return np.array(rows) if rows else None


def told(verdict: Verdict, is_holding: bool = False) -> dict[str, Any]:
    """A verdict as JSON values: words first, the figures behind them after."""
    reality, deflated, risk = verdict.reality, verdict.deflated, verdict.rule_risk
    check = verdict.look_ahead
    return tidy(  # type: ignore[no-any-return]
        {
            "standing": verdict.standing.value,
            "headline": verdict.headline,
            "sentences": [*([HOLDING_ITSELF] if is_holding else []), *verdict.sentences],
            "total_return_pct": 100 * (verdict.growth - 1),
            "holding_return_pct": 100 * (verdict.holding - 1),
            "reality_check": {
                "p_value": reality.p_value,
                "statistic": reality.statistic,
                "trials": reality.trials,
                "resamples": reality.resamples,
            },
            "deflated_sharpe": None
            if deflated is None
            else {"dsr": deflated.dsr, "psr": deflated.psr, "trials": deflated.trials},
            "pbo": verdict.pbo,
            "sharpe_interval": None if verdict.interval is None else list(verdict.interval),
            "walk_forward": None if verdict.walk is None else _walk(verdict.walk),
            "cost_share_pct": _percent(verdict.cost_share),
            "look_ahead": None
            if check is None
            else {"passed": check.passed, "futures_tried": check.futures_tried},
            "rule_risk": None if risk is None else _rule_risk(risk),
        }
    )


def _rule_risk(risk: RuleRisk) -> dict[str, Any]:
    results = [
        {
            "name": each.name,
            "meaning": each.meaning,
            "final_value": each.final,
            "difference_pct": each.difference_pct,
            "lowest_cash": each.lowest_cash,
        }
        for each in risk.results
    ]
    return {"spread_pct": risk.spread_pct, "results": results}


def _walk(walk: WalkForward) -> dict[str, Any]:
    return {
        "folds": len(walk.folds),
        "winners": walk.winners,
        "in_sharpe": walk.in_sharpe,
        "out_sharpe": walk.out_sharpe,
        "efficiency": walk.efficiency,
        "growth": walk.growth,
        "holding": walk.holding,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
