"""What a backtest is told as: figures, curves, trades and months as plain JSON values."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np

from stocksite.backtest.bars import Floats
from stocksite.backtest.conventions import sharpe_elsewhere
from stocksite.backtest.engine import run
from stocksite.backtest.honesty.assess import holding_curve
from stocksite.backtest.manifest import rounded, tidy
from stocksite.backtest.metrics import Figures, Outcome, metrics
from stocksite.backtest.stage import Stage
from stocksite.backtest.strategies import Strategy
from stocksite.backtest.trades import Run, Trade
from stocksite.portfolios import performance as perf

_CURVE_PLACES: Final = 4
BENCHMARK_FIGURES: Final = (
    "final_value",
    "profit",
    "total_return_pct",
    "cagr_pct",
    "volatility_pct",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown_pct",
    "max_drawdown_bars",
)


def play(strategy: Strategy, on: Stage) -> Run:
    """Run the reference engine on the stage."""
    setting = on.setting
    seen = setting.signals or setting.market
    return run(
        strategy.decider(seen),
        setting.market,
        setting.cash,
        setting.terms,
        start=setting.start,
        stop=setting.stop,
        actions=setting.actions,
        signals=setting.signals,
    )


def report(done: Run, on: Stage) -> dict[str, Any]:
    """The result as JSON values, the verdict apart."""
    holding = holding_curve(on.setting)
    held = holding * on.setting.cash
    figures = metrics(Outcome.of_run(done), perf.returns_of(holding))
    days: list[date] = on.dates.tolist()
    return {
        "metrics": tidy(figures),
        "benchmark": {
            "name": f"Holding {', '.join(on.ask.symbols)}",
            "metrics": tidy(_benchmark(held)),
        },
        "curve": {
            "dates": [day.isoformat() for day in days],
            "equity": rounded(done.equity, _CURVE_PLACES),
            "benchmark": rounded(held, _CURVE_PLACES),
            "drawdown_pct": rounded(_drawdown(done.equity), _CURVE_PLACES),
        },
        "prices": rounded(
            on.shown.prices[0].close[on.setting.start : on.setting.end], _CURVE_PLACES
        ),
        "trades": [_trade(trade, on) for trade in done.trades],
        "months": _months(days, done.equity),
        "sharpe_elsewhere": tidy(sharpe_elsewhere(done.equity)),
        "dropped_orders": done.dropped,
        "lowest_cash": done.lowest_cash + 0.0,
    }


def points(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The curve as one object per close."""
    curve = result["curve"]
    return [
        {"date": day, "value": value, "benchmark": held, "drawdown_pct": below}
        for day, value, held, below in zip(
            curve["dates"],
            curve["equity"],
            curve["benchmark"],
            curve["drawdown_pct"],
            strict=True,
        )
    ]


def _benchmark(held: Floats) -> Figures:
    none = np.empty(0)
    outcome = Outcome(held, len(held), none, none, none, 0.0, 0.0, 1)
    figures = metrics(outcome)
    return {name: figures[name] for name in BENCHMARK_FIGURES}


def _drawdown(equity: Floats) -> Floats:
    """Percent below the highest close so far."""
    return np.asarray(100 * (equity / np.maximum.accumulate(equity) - 1))


def _trade(trade: Trade, on: Stage) -> dict[str, Any]:
    dates = on.setting.market.dates
    last = len(dates) - 1 if trade.exit_bar is None else trade.exit_bar
    end = None if trade.exit_bar is None else str(dates[trade.exit_bar])
    told = {
        "symbol": on.setting.market.symbols[trade.symbol],
        "entry_date": str(dates[trade.entry_bar]),
        "exit_date": end,
        "quantity": trade.quantity,
        "entry_price": trade.entry_price,
        "exit_price": trade.exit_price,
        "profit": trade.profit,
        "return_pct": 100 * trade.return_,
        "fees": trade.fees,
        "dividends": trade.dividends,
        "days_held": last - trade.entry_bar,
        "mae_pct": 100 * trade.mae,
        "mfe_pct": 100 * trade.mfe,
        "exit_rule": trade.rule,
    }
    return {
        name: round(value, 6) + 0.0 if isinstance(value, float) else value
        for name, value in told.items()
    }


def _months(days: list[date], equity: Floats) -> list[dict[str, Any]]:
    table = perf.monthly_table(days[1:], perf.returns_of(equity))
    return [
        {
            "year": row.year,
            "months": [None if m is None else round(100 * m, 4) + 0.0 for m in row.months],
            "total": round(100 * row.total, 4) + 0.0,
        }
        for row in table
    ]
