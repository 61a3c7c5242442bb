"""What each figure means, and why another library prints another number for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from stocksite.backtest.bars import Floats
from stocksite.portfolios import performance as perf


@dataclass(frozen=True, slots=True)
class Note:
    """One figure: its name, its formula, what it is counted over, and what others do."""

    label: str
    formula: str
    basis: str
    elsewhere: str = ""


NOTES: Final[Mapping[str, Note]] = {
    "final_value": Note("Final value", "cash + shares · last close", "the last close"),
    "profit": Note("Profit", "final value - initial investment", "whole window"),
    "total_return_pct": Note("Total return", "E_n/E_0 - 1", "whole window"),
    "roi_pct": Note("ROI", "profit / initial investment", "whole window; equals total return"),
    "cagr_pct": Note(
        "Return per year",
        "(E_n/E_0)^(252/n) - 1",
        "n trading days",
        "backtesting.py counts calendar days / 365.25, LEAN days / 365.",
    ),
    "volatility_pct": Note(
        "Volatility",
        "sd(r, ddof 1) · √252",
        "daily simple returns",
        "backtesting.py uses a log-normal form; PyBroker ddof 0.",
    ),
    "sharpe": Note(
        "Sharpe ratio",
        "mean(r)/sd(r, ddof 1) · √252, risk-free rate 0",
        "daily simple returns",
        "backtesting.py divides a geometric return by its own volatility; vectorbt takes years of "
        "365 days and a leading zero; LEAN divides (1 + mean)^252 - 1 by the volatility.",
    ),
    "sortino": Note(
        "Sortino ratio",
        "mean(r)/√mean(min(r, 0)²) · √252",
        "all daily returns, gains counted as 0",
        "backtesting.py has a geometric numerator.",
    ),
    "calmar": Note(
        "Calmar ratio",
        "return per year / |max drawdown|",
        "whole window",
        "Some take the last three years only.",
    ),
    "max_drawdown_pct": Note(
        "Deepest drawdown", "min(E_t / max(E_0..E_t) - 1)", "closes, the start included"
    ),
    "max_drawdown_bars": Note(
        "Longest drawdown",
        "closes below an earlier high in a row",
        "trading days",
        "backtesting.py counts calendar days.",
    ),
    "var_95_pct": Note(
        "Value at risk, 95%",
        "5% quantile of r",
        "daily simple returns",
        "quantstats assumes a normal distribution.",
    ),
    "psr": Note(
        "Probability that the Sharpe ratio is above 0",
        "Φ[SR·√(n-1)/√(1 - g3·SR + (g4-1)/4·SR²)], bias-corrected moments",
        "daily simple returns (Bailey and López de Prado 2012)",
        "Says nothing about how many strategies were tried.",
    ),
    "beta": Note("Beta", "cov(r, b)/var(b)", "daily returns; b: holding the symbol"),
    "alpha_pct": Note(
        "Alpha per year",
        "(mean r - β · mean b) · 252",
        "daily returns",
        "empyrical compounds it; backtesting.py takes total returns.",
    ),
    "benchmark_return_pct": Note("Holding instead", "last close / first close - 1", "whole window"),
    "trades": Note("Round trips", "positions opened and closed", "closed trades"),
    "open_trades": Note("Still open", "positions held at the last close", "valued, not sold"),
    "win_rate_pct": Note(
        "Winners",
        "closed trades with net profit > 0 / closed trades",
        "closed trades after fees",
        "quantstats counts days.",
    ),
    "profit_factor": Note(
        "Profit factor",
        "Σ profits / Σ losses, in money",
        "closed trades after fees",
        "backtesting.py sums percentages, quantstats days.",
    ),
    "expectancy": Note("Profit per trade", "mean net profit", "closed trades"),
    "expectancy_pct": Note("Return per trade", "mean of profit / amount bought", "closed trades"),
    "expectancy_r": Note("Profit per trade in R", "mean profit / |mean loss|", "closed trades"),
    "average_win": Note("Average win", "mean profit of winners", "closed trades"),
    "average_loss": Note("Average loss", "mean profit of losers", "closed trades"),
    "payoff": Note("Payoff", "average win / |average loss|", "closed trades"),
    "sqn": Note(
        "System quality",
        "√N · mean/sd(profit, ddof 1)",
        "closed trades",
        "Tharp caps N at 100.",
    ),
    "kelly_pct": Note(
        "Kelly fraction", "W - (1 - W)/payoff", "closed trades", "quantstats counts days."
    ),
    "geometric_mean_trade_pct": Note(
        "Geometric return per trade", "(Π(1 + return))^(1/N) - 1", "closed trades"
    ),
    "best_trade_pct": Note("Best trade", "largest profit / amount bought", "closed trades"),
    "worst_trade_pct": Note("Worst trade", "smallest profit / amount bought", "closed trades"),
    "average_bars_held": Note("Days held", "mean bars from entry to exit", "closed trades"),
    "fees": Note("Commissions", "Σ of all fills", "whole window"),
    "fees_pct_of_start": Note(
        "Commissions of the start", "Σ fees / initial investment", "whole window"
    ),
    "traded": Note("Traded", "Σ notional bought and sold", "whole window"),
    "turnover": Note(
        "Turnover per year",
        "traded / 2 / mean equity / years",
        "bars / 252 years",
        "No other library prints it under this name.",
    ),
    "exposure_pct": Note(
        "Time in the market",
        "bars with shares at the close / bars",
        "all bars",
        "backtesting.py counts the bar of the exit too.",
    ),
}


def sharpe_elsewhere(equity: Floats) -> dict[str, float | None]:
    """The Sharpe ratio of one equity curve as other libraries print it; None where undefined."""
    returns = perf.returns_of(equity)
    n = len(returns)
    mean, spread = float(returns.mean()), float(returns.std(ddof=1))
    if n < 2 or spread == 0:
        return dict.fromkeys(("stocksite", "backtesting.py", "vectorbt", "LEAN"))
    days = perf.TRADING_DAYS
    # backtesting.py annualises over n + 1 bars and takes a log-normal-style deviation.
    daily = (float(equity[-1]) / float(equity[0])) ** (1 / n) - 1
    yearly = (1 + daily) ** days - 1
    own = math.sqrt((spread**2 + (1 + daily) ** 2) ** days - (1 + daily) ** (2 * days))
    padded = np.concatenate(([0.0], returns))
    leading = float(padded.mean() / padded.std(ddof=1)) * math.sqrt(365)
    return {
        "stocksite": perf.sharpe(returns),
        "backtesting.py": yearly / own,
        "vectorbt": leading,
        "LEAN": ((1 + mean) ** days - 1) / (spread * math.sqrt(days)),
    }
