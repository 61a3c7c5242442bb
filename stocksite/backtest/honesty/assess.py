"""All checks on one result, in one call: what a single backtest or a sweep is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stocksite.backtest.bars import ActionCalendar, CorporateAction, Floats, Market
from stocksite.backtest.engine import run
from stocksite.backtest.grid import Grid, merged_exits
from stocksite.backtest.honesty.evidence import Evidence, gather
from stocksite.backtest.honesty.lookahead import (
    LookAheadCheck,
    check_look_ahead,
    decisions_of,
)
from stocksite.backtest.honesty.overfitting import deflated_sharpe
from stocksite.backtest.honesty.resampling import sharpe_interval
from stocksite.backtest.honesty.rulerisk import RuleRisk, rule_risk
from stocksite.backtest.honesty.verdict import Verdict, cost_share, judge
from stocksite.backtest.honesty.walkforward import WalkForward, month_edges, walk_forward
from stocksite.backtest.strategies import Strategy
from stocksite.backtest.sweep import Sweep
from stocksite.backtest.terms import Terms
from stocksite.backtest.trades import Run
from stocksite.core.errors import InvalidInput
from stocksite.portfolios import performance as perf

Progress = Callable[[float], None]

MAX_WALKED: Final = 20_000
"""The largest grid that is walked forward: monthly sums of more would not fit in memory."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how a result came about: bars start..stop-1 of `market`, cash, terms, the seed.

    `actions` and `signals` as in `engine.run`, for raw prices through splits and dividends.
    """

    market: Market
    cash: float
    terms: Terms
    start: int = 0
    stop: int | None = None
    seed: int = 0
    actions: tuple[CorporateAction, ...] = ()
    signals: Market | None = None

    @property
    def end(self) -> int:
        """One past the last bar."""
        return len(self.market) if self.stop is None else self.stop


@dataclass(frozen=True, slots=True, eq=False)
class SweepAssessment:
    """The verdict on the best of a sweep, and the figures of every combination."""

    best: int
    evidence: Evidence
    verdict: Verdict


def holding_curve(setting: Setting) -> Floats:
    """What 1 becomes by holding all symbols in equal parts from their first close on, per close.

    A part waits as cash until its symbol has a price. Splits are followed, dividends reinvested at
    the close of their ex-date. Shape (stop - start,).
    """
    market, window = setting.market, slice(setting.start, setting.end)
    calendar = ActionCalendar.of(market, setting.actions).by_bar
    parts = []
    for symbol, prices in enumerate(market.prices):
        closes = prices.close.copy()
        for bar in sorted(calendar):
            for owner, action in calendar[bar]:
                if owner == symbol and action.split is not None:
                    closes[bar:] *= action.split[0] / action.split[1]
                elif owner == symbol:
                    closes[bar:] *= 1 + action.dividend / prices.close[bar]
        parts.append(_growth(closes[window]))
    return np.asarray(np.mean(parts, axis=0))


def _growth(closes: Floats) -> Floats:
    """Closes over the first known one; gaps keep the last, and 1 stands before the first."""
    known = ~np.isnan(closes)
    if not known.any():
        return np.ones(len(closes))
    last = np.maximum.accumulate(np.where(known, np.arange(len(closes)), 0))
    filled = closes[last] / float(closes[known][0])
    return np.where(np.isnan(filled), 1.0, filled)


def assess_single(
    strategy: Strategy, equity: Floats, setting: Setting, earlier: Floats | None = None
) -> Verdict:
    """Judge one result: `equity` at each close of the window, shape (n + 1,).

    `earlier`, shape (tries, n + 1): equity of the user's earlier runs on the same days, which are
    tries too.
    """
    tries = equity[None, :] if earlier is None else np.concatenate((equity[None, :], earlier))
    rng = np.random.default_rng(setting.seed)
    holding = holding_curve(setting)
    edges = month_edges(setting.market.dates[setting.start : setting.end])
    chunk = [(0, len(tries), tries)]
    evidence = gather(chunk, len(tries), perf.returns_of(holding), edges, rng)
    return _judged(strategy, equity, setting, holding, evidence, rng, with_pbo=False)


def assess_sweep(
    sweep: Sweep,
    setting: Setting,
    *,
    in_months: int | None = None,
    out_months: int | None = None,
    progress: Progress | None = None,
) -> SweepAssessment:
    """Judge the combination with the highest Sharpe ratio against all that were tried.

    Walk-forward windows default to 36 and 6 months, or a half and a twelfth of shorter histories;
    grids above MAX_WALKED are not walked.
    """
    grid = sweep.grid
    rng = np.random.default_rng(setting.seed)
    holding = holding_curve(setting)
    edges = month_edges(setting.market.dates[setting.start : setting.end])
    walked = len(grid) <= MAX_WALKED
    if not walked:
        edges = edges[[0, -1]]
    evidence = gather(
        sweep.equity(), len(grid), perf.returns_of(holding), edges, rng, progress=progress
    )
    sharpes = evidence.sharpe
    best = 0 if np.isnan(sharpes).all() else int(np.nanargmax(sharpes))
    strategy, exits = grid.of(best)
    equity = next(iter(sweep.equity(np.array([best]))))[2][0]
    walk = None
    if walked:
        walk = _walk(sweep, evidence, setting, holding, in_months, out_months)
    terms = replace(setting.terms, exits=merged_exits(setting.terms.exits, exits))
    verdict = _judged(
        strategy, equity, replace(setting, terms=terms), holding, evidence, rng, walk=walk
    )
    return SweepAssessment(best, evidence, verdict)


def slowest_warm_up(grid: Grid) -> int:
    """Bars the slowest combination needs before its first signal."""
    candidates = {int(i) for i in grid.index.argmax(axis=0)} | {len(grid) - 1}
    return max(grid.of(i)[0].warm_up for i in candidates)


def look_ahead_of(strategy: Strategy, setting: Setting) -> LookAheadCheck:
    """The self-check on what the strategy sees up to the window's end."""
    market = _until(setting.signals or setting.market, setting.end)
    decisions = decisions_of(strategy, setting.terms, setting.cash)
    return check_look_ahead(decisions, market, strategy.warm_up, setting.seed)


def rules_of(strategy: Strategy, setting: Setting) -> RuleRisk:
    """The rule laboratory on the window."""
    market = _until(setting.market, setting.end)
    signals = market if setting.signals is None else _until(setting.signals, setting.end)

    def run_with(terms: Terms) -> Run:
        return run(
            strategy.decider(signals),
            market,
            setting.cash,
            terms,
            start=setting.start,
            actions=setting.actions,
            signals=signals,
        )

    return rule_risk(run_with, setting.terms)


def _until(market: Market, end: int) -> Market:
    return Market(tuple(prices.part(0, end) for prices in market.prices))


def _judged(
    strategy: Strategy,
    equity: Floats,
    setting: Setting,
    holding: Floats,
    evidence: Evidence,
    rng: np.random.Generator,
    *,
    walk: WalkForward | None = None,
    with_pbo: bool = True,
) -> Verdict:
    returns = perf.returns_of(equity)
    rules = rules_of(strategy, setting)
    free = rules.results[-1].final
    return judge(
        float(equity[-1] / equity[0]),
        float(holding[-1] / holding[0]),
        evidence.reality,
        deflated=deflated_sharpe(returns, evidence.sharpe / np.sqrt(perf.TRADING_DAYS)),
        pbo=evidence.pbo if with_pbo else None,
        interval=sharpe_interval(returns, rng),
        walk=walk,
        cost_share=cost_share(float(equity[-1]), free, setting.cash),
        look_ahead=look_ahead_of(strategy, setting),
        rule_risk=rules,
    )


def _walk(
    sweep: Sweep,
    evidence: Evidence,
    setting: Setting,
    holding: Floats,
    in_months: int | None,
    out_months: int | None,
) -> WalkForward | None:
    """The walk-forward; None when the windows were ours to choose and none fits."""
    months = len(evidence.month_edges) - 1
    chosen = in_months is not None and out_months is not None
    costs = setting.terms.costs
    try:
        return walk_forward(
            sweep,
            evidence.month_sums,
            evidence.month_squares,
            evidence.month_edges,
            perf.returns_of(holding),
            in_months=in_months or min(36, months // 2),
            out_months=out_months or min(6, max(months // 12, 1)),
            warm_up=slowest_warm_up(sweep.grid),
            cost=costs.rate + costs.slip,
            first_bar=setting.start,
        )
    except InvalidInput:
        if chosen:
            raise
        return None
