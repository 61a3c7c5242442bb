"""The look-ahead self-check on eight honest rules and eight that cheat in different ways."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from stocksite.backtest import indicators as ind
from stocksite.backtest.bars import Bools, Market, Prices
from stocksite.backtest.honesty.assess import Setting, look_ahead_of
from stocksite.backtest.honesty.lookahead import check_look_ahead, cut_bars, other_future
from stocksite.backtest.strategies import STRATEGIES, build
from stocksite.backtest.terms import R1
from tests.backtest.samples import one, raw

Rule = Callable[[Prices], Bools]
WARM_UP = 50


def shifted(values: np.ndarray, by: int) -> np.ndarray:
    """values[t + by] at t; the last ones repeat."""
    return values[np.minimum(np.arange(len(values)) + by, len(values) - 1)]


def backfilled(values: np.ndarray) -> np.ndarray:
    """NaNs at the start replaced by the first known value, as pandas' bfill does."""
    first = np.flatnonzero(~np.isnan(values))[0]
    return np.where(np.arange(len(values)) < first, values[first], values)


def centred(values: np.ndarray, window: int) -> np.ndarray:
    out = np.full(len(values), np.nan)
    half = window // 2
    out[half : len(values) - half] = sliding_window_view(values, window).mean(axis=1)
    return out


def weekly_close(prices: Prices) -> np.ndarray:
    """The close of the week each day lies in, known only on Friday."""
    weeks = prices.dates.astype("datetime64[W]")
    last = np.searchsorted(weeks, weeks, side="right") - 1
    return prices.close[last]


HONEST: dict[str, Rule] = {
    "average crossing": lambda p: ind.crossings(ind.sma(p.close, 20), ind.sma(p.close, 50))[0],
    "exponential average": lambda p: p.close > ind.ema(p.close, 50),
    "dip": lambda p: p.close < ind.sma(p.close, 50),
    "rsi": lambda p: ind.rsi(p.close, 14) < 30,
    "band": lambda p: p.close < ind.bollinger(p.close, 20, 2.0)[0],
    "breakout": lambda p: p.close > ind.highest(p.high, 50),
    "running best": lambda p: p.close >= np.maximum.accumulate(p.close),
    "volume": lambda p: p.volume > 1.5 * ind.sma(p.volume, 50),
}

LEAKY: dict[str, Rule] = {
    "tomorrow's close": lambda p: shifted(p.close, 1) > p.close,
    "tomorrow's open": lambda p: shifted(p.open, 1) > p.close,
    "centred average": lambda p: p.close > centred(p.close, 21),
    "best of all time": lambda p: p.close > 0.5 * p.close.max(),
    "standardised over the whole history": lambda p: (p.close - p.close.mean()) / p.close.std() > 1,
    "back-filled warm-up": lambda p: p.close < backfilled(ind.sma(p.close, WARM_UP)),
    "this week's close": lambda p: weekly_close(p) > p.close,
    "a threshold fitted on the end": lambda p: p.close < np.quantile(p.close[-250:], 0.3),
}


def looked_ahead(rule: Rule) -> bool:
    def decisions(market: Market, cut: int) -> object:
        return rule(market.prices[0])[:cut].tobytes()

    return not check_look_ahead(decisions, one(raw("AAPL")), WARM_UP).passed


@pytest.mark.parametrize("name", HONEST)
def test_honest_rules_pass(name: str) -> None:
    assert not looked_ahead(HONEST[name])


@pytest.mark.parametrize("name", LEAKY)
def test_planted_leaks_are_found(name: str) -> None:
    assert looked_ahead(LEAKY[name])


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "rules"])
def test_our_own_strategies_never_look_ahead(name: str) -> None:
    market = one(raw("GOOG").part(0, 600))
    found = look_ahead_of(build(name, {}), Setting(market, 1e5, R1))
    assert found.passed
    assert found.futures_tried == 24


def test_cuts_lie_in_the_warm_up_and_after_it() -> None:
    cuts = cut_bars(3_270, 50)
    assert len(cuts) == 12
    assert sum(cut < 50 for cut in cuts) == 4
    assert cut_bars(5, 50) == [1, 2, 3, 4]
    assert cut_bars(2, 0) == [1]
    assert cut_bars(1, 0) == []


def test_the_other_future_keeps_the_past_and_changes_the_rest() -> None:
    market = one(raw("FB"))
    up = other_future(market, 100, 0.02, np.random.default_rng(0)).prices[0]
    real = market.prices[0]
    np.testing.assert_array_equal(up.close[:100], real.close[:100])
    assert (up.close[100:] != real.close[100:]).mean() > 0.95
    assert up.close[-1] > 3 * real.close[99]
    assert (up.low <= np.minimum(up.open, up.close)).all()
