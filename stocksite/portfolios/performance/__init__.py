"""What a portfolio earned and at what risk: the one definition pages, backtests and reports share.

Returns are fractions (0.01 is one percent). Money enters as Decimal and becomes float64 once, at
the boundary; ratios never flow back into the ledger. A figure that is not defined is None, never
zero and never NaN.
"""

from stocksite.portfolios.performance.benchmark import alpha, beta, tracking_difference
from stocksite.portfolios.performance.contribution import contributions
from stocksite.portfolios.performance.drawdown import Drawdown, calmar, drawdowns, max_drawdown
from stocksite.portfolios.performance.months import YearOfReturns, monthly_table
from stocksite.portfolios.performance.returns import (
    DailyReturns,
    DayReturn,
    annualise_calendar,
    annualise_trading,
    average_capital,
    best_day,
    daily_returns,
    modified_dietz,
    returns_of,
    simple_return,
    twr,
    twr_index,
    worst_day,
)
from stocksite.portfolios.performance.risk import (
    probabilistic_sharpe,
    sharpe,
    sortino,
    value_at_risk,
    volatility,
)
from stocksite.portfolios.performance.series import TRADING_DAYS, FloatArray, Numbers
from stocksite.portfolios.performance.xirr import Xirr, XirrRefusal, xirr

__all__ = [
    "TRADING_DAYS",
    "DailyReturns",
    "DayReturn",
    "Drawdown",
    "FloatArray",
    "Numbers",
    "Xirr",
    "XirrRefusal",
    "YearOfReturns",
    "alpha",
    "annualise_calendar",
    "annualise_trading",
    "average_capital",
    "best_day",
    "beta",
    "calmar",
    "contributions",
    "daily_returns",
    "drawdowns",
    "max_drawdown",
    "modified_dietz",
    "monthly_table",
    "probabilistic_sharpe",
    "returns_of",
    "sharpe",
    "simple_return",
    "sortino",
    "tracking_difference",
    "twr",
    "twr_index",
    "value_at_risk",
    "volatility",
    "worst_day",
    "xirr",
]
