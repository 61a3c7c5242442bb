"""Every figure of one result, from its equity and its trades.

Daily figures come from `portfolios.performance`, so that each has one definition on the whole site.
Percentages are percent points and end in `_pct`; a figure that is not defined is None.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from stocksite.backtest.bars import Floats, Prices
from stocksite.backtest.kernels.log import TradeLog
from stocksite.backtest.terms import Costs
from stocksite.backtest.trades import Run
from stocksite.portfolios import performance as perf

Figures: TypeAlias = dict[str, float | int | None]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What metrics are made of: equity per close, and closed trades as columns of one length.

    `profits` in money after all fees, `costs` what the buys took without fees, `bars` how long each
    was held; `fees` and `traded` (notional bought and sold) count open trades too.
    """

    equity: Floats
    held_bars: int
    profits: Floats
    costs: Floats
    bars: Floats
    fees: float
    traded: float
    open_trades: int = 0

    @classmethod
    def of_run(cls, run: Run) -> Outcome:
        """From the reference engine."""
        closed = run.closed
        return cls(
            equity=run.equity,
            held_bars=int(run.held.sum()),
            profits=np.array([trade.profit for trade in closed]),
            costs=np.array([trade.cost for trade in closed]),
            bars=np.array([float((t.exit_bar or 0) - t.entry_bar) for t in closed]),
            fees=run.fees,
            traded=run.traded,
            open_trades=len(run.trades) - len(closed),
        )

    @classmethod
    def of_log(cls, log: TradeLog, equity: Floats, prices: Prices, costs: Costs) -> Outcome:
        """From a kernel's log of a single combination."""
        paid = prices.open[log.entry] * (1 + costs.slip) * log.shares
        before = np.concatenate(([log.start_cash], log.cash_after[:-1]))[: len(log.shares)]
        closed = log.exit < log.n
        got = log.cash_after - log.cash_held
        fee = costs.commission_per_trade
        proceeds = np.where(closed, (got + fee) / (1 - costs.rate), 0.0)
        traded = float(paid.sum() + proceeds.sum())
        return cls(
            equity=equity,
            held_bars=int((log.exit - log.entry).sum()),
            profits=(log.cash_after - before)[closed],
            costs=paid[closed],
            bars=(log.exit - log.entry)[closed].astype(np.float64),
            fees=traded * costs.rate + fee * (len(paid) + int(closed.sum())),
            traded=traded,
            open_trades=int((~closed).sum()),
        )


def metrics(outcome: Outcome, benchmark: Floats | None = None) -> Figures:
    """All figures. `benchmark` are the daily returns of simply holding, shape (bars - 1,)."""
    return {
        **_money(outcome),
        **_daily(outcome.equity, benchmark),
        **_trades(outcome.profits, outcome.costs, outcome.bars),
        "open_trades": outcome.open_trades,
    }


def _money(outcome: Outcome) -> Figures:
    equity = outcome.equity
    start, final, bars = float(equity[0]), float(equity[-1]), len(equity)
    total = final / start - 1
    years = bars / perf.TRADING_DAYS
    mean_equity = float(equity.mean())
    return {
        "final_value": final,
        "profit": final - start,
        "total_return_pct": 100 * total,
        "roi_pct": 100 * total,
        "fees": outcome.fees,
        "fees_pct_of_start": 100 * outcome.fees / start,
        "traded": outcome.traded,
        "turnover": outcome.traded / 2 / mean_equity / years if mean_equity > 0 else None,
        "exposure_pct": 100 * outcome.held_bars / bars,
    }


def _daily(equity: Floats, benchmark: Floats | None) -> Figures:
    returns = perf.returns_of(equity)
    deepest = perf.max_drawdown(equity)
    yearly = perf.annualise_trading(perf.twr(returns), len(returns)) if len(returns) else None
    depth = deepest.depth if deepest else 0.0
    figures: Figures = {
        "cagr_pct": _percent(yearly),
        "volatility_pct": _percent(perf.volatility(returns)),
        "sharpe": perf.sharpe(returns),
        "sortino": perf.sortino(returns),
        "max_drawdown_pct": 100 * depth,
        "max_drawdown_bars": deepest.longest_bars if deepest else 0,
        "calmar": yearly / -depth if deepest and yearly is not None else None,
        "var_95_pct": _percent(perf.value_at_risk(returns)),
        "psr": perf.probabilistic_sharpe(returns),
    }
    if benchmark is not None:
        figures["beta"] = perf.beta(returns, benchmark)
        figures["alpha_pct"] = _percent(perf.alpha(returns, benchmark))
        figures["benchmark_return_pct"] = 100 * perf.twr(benchmark)
    return figures


def _trades(profits: Floats, costs: Floats, bars: Floats) -> Figures:
    """Figures of closed trades; None where there are too few of the kind they need."""
    count = len(profits)
    if not count:
        return {"trades": 0} | dict.fromkeys(_TRADE_FIGURES)
    won, lost = profits[profits > 0], profits[profits <= 0]
    returns = profits / costs
    mean = float(profits.mean())
    average_win = float(won.mean()) if len(won) else None
    average_loss = float(lost.mean()) if len(lost) else None
    rate = len(won) / count
    payoff = average_win / -average_loss if average_win and average_loss else None
    spread = float(profits.std(ddof=1)) if count > 1 else 0.0
    lost_money = -float(lost.sum())
    growth = 1 + returns
    whole = float(np.exp(np.log(growth).mean())) - 1 if (growth > 0).all() else -1.0
    return {
        "trades": count,
        "win_rate_pct": 100 * rate,
        "profit_factor": float(won.sum()) / lost_money if lost_money > 0 else None,
        "expectancy": mean,
        "expectancy_pct": 100 * float(returns.mean()),
        "expectancy_r": mean / -average_loss if average_loss else None,
        "average_win": average_win,
        "average_loss": average_loss,
        "payoff": payoff,
        "sqn": math.sqrt(count) * mean / spread if spread > 0 else None,
        "kelly_pct": 100 * (rate - (1 - rate) / payoff) if payoff else None,
        "geometric_mean_trade_pct": 100 * whole,
        "best_trade_pct": 100 * float(returns.max()),
        "worst_trade_pct": 100 * float(returns.min()),
        "average_bars_held": float(bars.mean()),
    }


_TRADE_FIGURES: Sequence[str] = (
    "win_rate_pct",
    "profit_factor",
    "expectancy",
    "expectancy_pct",
    "expectancy_r",
    "average_win",
    "average_loss",
    "payoff",
    "sqn",
    "kelly_pct",
    "geometric_mean_trade_pct",
    "best_trade_pct",
    "worst_trade_pct",
    "average_bars_held",
)


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction
