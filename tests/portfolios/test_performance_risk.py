"""Risk figures against published vectors and against empyrical-reloaded."""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stocksite.market
from stocksite.portfolios import performance as pf
from stocksite.portfolios.performance import FloatArray

DATA = Path(__file__).parent / "data"
VECTORS = json.loads((DATA / "metrics.json").read_text())
EMPYRICAL = json.loads((DATA / "empyrical.json").read_text())
PRICES = Path(stocksite.market.__path__[0]) / "data" / "sample-prices.csv.gz"


def bars(ticker: str) -> list[dict[str, str]]:
    with gzip.open(PRICES, "rt", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["Ticker"] == ticker]


def v1() -> tuple[FloatArray, FloatArray]:
    i = np.arange(504)
    return ((37 * i + 11) % 101 - 47) / 5000, ((53 * i + 29) % 97 - 48) / 6000


def v2() -> tuple[FloatArray, FloatArray]:
    aapl, ibm = (
        pf.returns_of([float(row["Adj Close"]) for row in bars(name)]) for name in ("AAPL", "IBM")
    )
    return aapl, ibm


def v3() -> FloatArray:
    """Equity of moving averages 20/50 on raw AAPL: crossed at a close, filled at the next open."""
    rows = bars("AAPL")
    ticks = np.array([round(float(row["Close"]) * 10_000) for row in rows])
    sums = np.concatenate(([0], np.cumsum(ticks)))
    cash, shares, side, wanted = 100_000.0, 0, 0, 0
    equity = []
    for bar, row in enumerate(rows):
        price = float(row["Open"])
        if wanted > 0 and not shares:
            shares = int(cash // (price * 1.001))
            cash -= shares * price * 1.001
        elif wanted < 0:
            cash, shares = cash + shares * price * 0.999, 0
        wanted = 0
        equity.append(cash + shares * float(row["Close"]))
        if bar >= 49:
            fast, slow = (sums[bar + 1] - sums[bar + 1 - window] for window in (20, 50))
            relation = int(np.sign(50 * fast - 20 * slow))
            if side and relation == -side:
                wanted = relation
            side = relation or side
    return np.array(equity)


def close(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("name", "series"), [("V1", v1), ("V2", v2)])
def test_v1_and_v2(name: str, series: Any) -> None:
    r, b = series()
    expected = VECTORS[name]
    deepest = pf.max_drawdown(pf.twr_index(r))
    assert deepest is not None
    assert {
        "total_return": pf.twr(r),
        "cagr": pf.annualise_trading(pf.twr(r), r.size),
        "vol_ann": pf.volatility(r),
        "sharpe": pf.sharpe(r),
        "sortino": pf.sortino(r),
        "max_drawdown": deepest.depth,
        "max_drawdown_bars": deepest.longest_bars,
        "calmar": pf.calmar(r),
        "beta": pf.beta(r, b),
        "alpha_ann_arith": pf.alpha(r, b),
        "var_95_hist": pf.value_at_risk(r),
        "psr": pf.probabilistic_sharpe(r),
    } == {key: close(value) for key, value in expected.items() if key != "sharpe_ddof0"}
    assert pf.tracking_difference(r, b) == close(pf.twr(r) - pf.twr(b))


def test_v1_above_a_risk_free_rate() -> None:
    r, _ = v1()
    assert pf.sharpe(r, risk_free=0.0001) == close(VECTORS["V1_rf"]["sharpe"])
    assert pf.sortino(r, risk_free=0.0001) == close(VECTORS["V1_rf"]["sortino"])


def test_v3_figures_of_an_equity_curve() -> None:
    equity = v3()
    expected = VECTORS["V3"]
    r = pf.returns_of(equity)
    deepest = pf.max_drawdown(equity)
    assert deepest is not None
    assert equity[-1] == close(expected["final"])
    assert pf.sharpe(r) == close(expected["sharpe"])
    assert pf.sortino(r) == close(expected["sortino"])
    assert pf.calmar(r) == close(expected["calmar"])
    assert pf.volatility(r) == close(expected["vol"])
    assert pf.annualise_trading(pf.twr(r), r.size) == close(expected["cagr252"])
    assert deepest.depth == close(expected["maxdd"])
    assert deepest.longest_bars == expected["max_drawdown_bars"]


def test_r1_drawdown_and_its_durations() -> None:
    cumulative = np.array([1, 1, -0.5, 1, 1, 2, 3, 4, 5, 6])
    assert pf.max_drawdown(1.0 + cumulative) == pf.Drawdown(-0.75, 1, 2, 3, 1, 5)
    assert pf.drawdowns(1.0 + cumulative).tolist() == [0, 0, -0.75, 0, 0, 0, 0, 0, 0, 0]


def test_r2_volatility_of_log_returns() -> None:
    r = [0.005, -1 / 300, -0.005, 0.01, 0.01, -0.005]
    assert pf.volatility(r, periods=1, logarithmic=True) == pytest.approx(0.00724097, abs=5e-9)
    assert pf.volatility(r, periods=6, logarithmic=True) == pytest.approx(0.0177367, abs=5e-8)


def test_a_drawdown_that_has_not_ended() -> None:
    deepest = pf.max_drawdown([1.0, 2.0, 1.5, 1.8, 1.0, 1.2])
    assert deepest == pf.Drawdown(-0.5, 1, 4, None, 4, 4)


def test_standing_still_is_no_drawdown() -> None:
    assert pf.max_drawdown([1.0, 1.0, 1.0, 1.1, 1.1]) is None
    assert pf.max_drawdown([]) is None
    assert pf.calmar([0.0, 0.1]) is None


def test_total_loss_is_a_drawdown_of_all() -> None:
    deepest = pf.max_drawdown([1.0, 0.0, 0.0])
    assert deepest is not None
    assert deepest.depth == -1.0


@pytest.mark.parametrize("index", [[0.0, 1.0], [-1.0, 1.0], [1.0, -0.1]])
def test_an_index_starts_above_zero_and_stays_there(index: list[float]) -> None:
    with pytest.raises(ValueError, match="starts above 0"):
        pf.drawdowns(index)


def test_probabilistic_sharpe_with_population_moments() -> None:
    """The winner of twenty strategies without an edge, as the deflated Sharpe ratio needs it."""
    i, k = np.arange(504), 9
    r = (((37 + 2 * k) * i + 11 * k * k) % 101 - 50 + k % 5) / 5000
    assert (pf.sharpe(r) or 0.0) / math.sqrt(252) == pytest.approx(0.1384994192, abs=5e-11)
    assert pf.probabilistic_sharpe(r, corrected=False) == pytest.approx(0.9990307676, abs=5e-11)
    deflated = pf.probabilistic_sharpe(r, benchmark=0.0945068020, corrected=False)
    assert deflated == pytest.approx(0.8375695929, abs=5e-9)


@pytest.mark.parametrize("r", [[], [0.01], [0.01, 0.01, 0.01, 0.01, 0.01]])
def test_what_is_not_defined_is_none(r: list[float]) -> None:
    assert pf.sharpe(r) is None
    assert pf.sortino(r) is None
    assert pf.probabilistic_sharpe(r) is None
    assert pf.beta(r, r) is None
    assert pf.alpha(r, r) is None
    assert (pf.volatility(r) is None) == (len(r) < 2)
    assert (pf.value_at_risk(r) is None) == (not r)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="2 are needed"):
        pf.beta([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="between 0 and 1"):
        pf.value_at_risk([0.1], level=95)


@pytest.mark.parametrize("case", EMPYRICAL["cases"], ids=lambda case: f"seed {case['seed']}")
def test_agreement_with_empyrical(case: dict[str, Any]) -> None:
    rng = random.Random(case["seed"])
    b = [rng.gauss(0.0003, 0.011) for _ in range(case["n"])]
    r = [0.7 * market + rng.gauss(0.0002, 0.013) for market in b]
    rate = EMPYRICAL["risk_free"]
    deepest, best, worst = pf.max_drawdown(pf.twr_index(r)), pf.best_day(r), pf.worst_day(r)
    assert deepest is not None
    assert best is not None
    assert worst is not None
    dates = [stamp.date() for stamp in pd.bdate_range("2001-01-01", periods=case["n"])]
    table = pf.monthly_table(dates, r)
    months = [month for row in table for month in row.months if month is not None]
    assert {
        "cum_return": pf.twr(r),
        "annual_return": pf.annualise_trading(pf.twr(r), len(r)),
        "annual_volatility": pf.volatility(r),
        "sharpe": pf.sharpe(r),
        "sharpe_rf": pf.sharpe(r, risk_free=rate),
        "sortino": pf.sortino(r),
        "sortino_rf": pf.sortino(r, risk_free=rate),
        "calmar": pf.calmar(r),
        "max_drawdown": deepest.depth,
        "beta": pf.beta(r, b),
        "var_95": pf.value_at_risk(r),
        "best": best.value,
        "worst": worst.value,
        "first_month": months[0],
        "last_month": months[-1],
    } == {k: close(v) for k, v in case.items() if k not in ("seed", "n", "years")}
    assert {str(row.year): row.total for row in table} == {
        year: close(total) for year, total in case["years"].items()
    }


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60))
def test_drawdown_agrees_with_a_plain_loop(changes: list[float]) -> None:
    index = pf.twr_index(changes)
    high, deepest, run, longest = 0.0, 0.0, 0, 0
    for level in index:
        high = max(high, level)
        fall = level / high - 1.0
        deepest = min(deepest, fall)
        run = run + 1 if fall < -1e-12 else 0
        longest = max(longest, run)
    found = pf.max_drawdown(index)
    if found is None:
        assert longest == 0
        return
    assert found.depth == pytest.approx(deepest, abs=1e-15)
    assert found.longest_bars == longest
    assert found.peak < found.trough < (found.recovery or len(index))
    assert longest <= found.longest_between_highs < len(index)
