"""Vectors V1, V2, V3 to 1e-9: the figures, and where they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stocksite.backtest.conventions import NOTES, sharpe_elsewhere
from stocksite.backtest.engine import run
from stocksite.backtest.kernels.curves import equity_rows
from stocksite.backtest.kernels.hop import play_one
from stocksite.backtest.metrics import Figures, Outcome, metrics
from stocksite.backtest.strategies import SmaCross
from stocksite.backtest.terms import R1
from stocksite.portfolios import performance as perf
from tests.backtest.samples import adjusted, one, raw, v1, vectors

NO_TRADES = np.empty(0)


def figures(returns: Any, benchmark: Any) -> Figures:
    equity = perf.twr_index(returns, 100_000.0)
    return metrics(Outcome(equity, 0, NO_TRADES, NO_TRADES, NO_TRADES, 0.0, 0.0), benchmark)


def check(got: Figures, wanted: dict[str, float]) -> None:
    names = {
        "total_return": ("total_return_pct", 100),
        "cagr": ("cagr_pct", 100),
        "vol_ann": ("volatility_pct", 100),
        "sharpe": ("sharpe", 1),
        "sortino": ("sortino", 1),
        "max_drawdown": ("max_drawdown_pct", 100),
        "max_drawdown_bars": ("max_drawdown_bars", 1),
        "calmar": ("calmar", 1),
        "beta": ("beta", 1),
        "alpha_ann_arith": ("alpha_pct", 100),
        "var_95_hist": ("var_95_pct", 100),
    }
    for name, (ours, scale) in names.items():
        assert got[ours] == pytest.approx(scale * wanted[name], rel=1e-9), name


def test_v1() -> None:
    returns, benchmark = v1()
    assert [float(returns.sum()), float(benchmark.sum())] == pytest.approx(vectors()["V1_sums"])
    got = figures(returns, benchmark)
    check(got, vectors()["V1"]["proposed"])
    assert got["psr"] == pytest.approx(vectors()["V1"]["quantstats"]["psr"], rel=1e-9)


def test_v2() -> None:
    returns = perf.returns_of(adjusted("AAPL").close)
    benchmark = perf.returns_of(adjusted("IBM").close)
    got = figures(returns, benchmark)
    check(got, vectors()["V2"]["proposed"])
    assert got["psr"] == pytest.approx(vectors()["V2"]["quantstats"]["psr"], rel=1e-9)


def _from_the_engine() -> Figures:
    market = one(raw("AAPL"))
    return metrics(Outcome.of_run(run(SmaCross(20, 50).decider(market), market, 100_000)))


def _from_the_kernel() -> Figures:
    prices = raw("AAPL")
    log = play_one(SmaCross(20, 50), prices, 100_000)
    equity = equity_rows(log, prices.close, 0, 1)[0]
    return metrics(Outcome.of_log(log, equity, prices, R1.costs))


@pytest.mark.parametrize("source", [_from_the_engine, _from_the_kernel])
def test_v3(source: Any) -> None:
    got, v3 = source(), vectors()["V3"]
    names = {
        "final_value": "final",
        "trades": "closed_trades",
        "profit_factor": "profit_factor_money",
        "expectancy": "expectancy_money",
        "expectancy_pct": "expectancy_return_pct",
        "expectancy_r": "expectancy_R",
        "average_win": "avg_win",
        "average_loss": "avg_loss",
        "payoff": "payoff",
        "sqn": "SQN_ddof1",
        "geometric_mean_trade_pct": "geo_mean_trade_pct",
        "fees": "fees",
        "traded": "turnover_traded_notional",
        "turnover": "turnover_ann_one_sided",
        "sharpe": "sharpe",
        "sortino": "sortino",
        "calmar": "calmar",
    }
    for ours, theirs in names.items():
        assert got[ours] == pytest.approx(v3[theirs], rel=1e-9), ours
    percents = {
        "win_rate_pct": "win_rate",
        "kelly_pct": "kelly",
        "exposure_pct": "exposure_bars_held",
        "max_drawdown_pct": "maxdd",
        "cagr_pct": "cagr252",
        "volatility_pct": "vol",
    }
    for ours, theirs in percents.items():
        assert got[ours] == pytest.approx(100 * v3[theirs], rel=1e-9), ours
    assert got["max_drawdown_bars"] == 1097
    assert got["best_trade_pct"] == pytest.approx(vectors()["V3_backtesting.py"]["Best Trade [%]"])


def test_why_another_library_shows_another_sharpe() -> None:
    market = one(raw("AAPL"))
    shown = sharpe_elsewhere(run(SmaCross(20, 50).decider(market), market, 100_000).equity)
    assert shown == {
        "stocksite": pytest.approx(0.539255, abs=5e-7),
        "backtesting.py": pytest.approx(0.296979, abs=5e-7),
        "vectorbt": pytest.approx(0.648894, abs=5e-7),
        "LEAN": pytest.approx(0.596, abs=5e-4),
    }
    assert set(sharpe_elsewhere(np.ones(10)).values()) == {None}


def test_every_figure_has_a_note() -> None:
    prices = raw("AAPL")
    log = play_one(SmaCross(20, 50), prices, 100_000)
    equity = equity_rows(log, prices.close, 0, 1)[0]
    outcome = Outcome.of_log(log, equity, prices, R1.costs)
    assert set(metrics(outcome, perf.returns_of(prices.close))) == set(NOTES)


def test_figures_without_trades_are_none_not_zero() -> None:
    got = figures(np.zeros(10), np.zeros(10))
    assert got["trades"] == 0
    for name in ("sharpe", "sortino", "calmar", "win_rate_pct", "profit_factor", "beta"):
        assert got[name] is None
