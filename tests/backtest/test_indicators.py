"""Indicators against their plain definitions, and that none of them sees tomorrow."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.backtest import indicators as ind
from stocksite.backtest.bars import Floats
from tests.backtest.samples import raw, walk

CLOSES = walk(120, 9).close

SERIES: dict[str, Callable[[Floats], Floats]] = {
    "sma": lambda v: ind.sma(v, 7),
    "ema": lambda v: ind.ema(v, 7),
    "rsi": lambda v: ind.rsi(v, 7),
    "deviation": lambda v: ind.deviation(v, 7),
    "lower": lambda v: ind.bollinger(v, 7, 2.0)[0],
    "upper": lambda v: ind.bollinger(v, 7, 2.0)[1],
    "macd": lambda v: ind.macd(v, 3, 7, 4)[0],
    "signal": lambda v: ind.macd(v, 3, 7, 4)[1],
    "highest": lambda v: ind.highest(v, 7),
    "lowest": lambda v: ind.lowest(v, 7),
    "change": lambda v: ind.change(v, 7),
    "volatility": lambda v: ind.volatility(v, 7),
}


@pytest.mark.parametrize("name", SERIES)
def test_no_value_depends_on_later_ones(name: str) -> None:
    whole = SERIES[name](CLOSES)
    assert whole.shape == CLOSES.shape
    for cut in (3, 7, 8, 9, 40, 119):
        np.testing.assert_array_equal(SERIES[name](CLOSES[:cut]), whole[:cut])


def test_sma_is_the_mean() -> None:
    got = ind.sma(CLOSES, 5)
    assert np.isnan(got[:4]).all()
    for t in range(4, 120):
        assert got[t] == pytest.approx(CLOSES[t - 4 : t + 1].mean(), abs=1e-6)
    assert np.isnan(ind.sma(CLOSES[:3], 5)).all()


@given(st.lists(st.integers(1, 40), min_size=6, max_size=40), st.integers(1, 6), st.integers(1, 6))
def test_equal_averages_are_equal_doubles(cents: list[int], short: int, long: int) -> None:
    """Compared as exact rationals, averages relate as the doubles do."""
    closes = np.array(cents) / 100
    first, second = ind.sma_many(closes, [short, long])
    for t in range(max(short, long) - 1, len(cents)):
        exact = [Fraction(sum(cents[t - w + 1 : t + 1]), w) for w in (short, long)]
        assert (first[t] > second[t]) == (exact[0] > exact[1])
        assert (first[t] == second[t]) == (exact[0] == exact[1])


def test_sma_with_gaps() -> None:
    values = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])
    np.testing.assert_array_equal(ind.sma(values, 2), [np.nan, 1.5, np.nan, np.nan, 4.5, 5.5])


def test_ema_by_its_recursion() -> None:
    level, weight = CLOSES[0], 2 / 8
    for close in CLOSES[1:]:
        level += weight * (close - level)
    assert ind.ema(CLOSES, 7)[-1] == pytest.approx(level, rel=1e-12)
    many = ind.ema_many(CLOSES, [3, 7, 30])
    for row, window in zip(many, (3, 7, 30), strict=True):
        np.testing.assert_allclose(row, ind.ema(CLOSES, window), rtol=1e-12)
        assert np.isnan(row[: window - 1]).all()
        assert not np.isnan(row[window - 1 :]).any()


def test_ema_skips_a_missing_start() -> None:
    padded = np.concatenate(([np.nan, np.nan], CLOSES))
    np.testing.assert_array_equal(ind.ema(padded, 7)[2:], ind.ema(CLOSES, 7))
    assert np.isnan(ind.ema(np.full(5, np.nan), 2)).all()


def test_rsi_of_wilder_s_kind() -> None:
    assert ind.rsi(np.arange(1.0, 30.0), 14)[-1] == 100.0
    assert ind.rsi(np.arange(30.0, 1.0, -1), 14)[-1] == 0.0
    assert ind.rsi(np.full(30, 5.0), 14)[-1] == 50.0
    closes = np.array([44, 44.25, 43.5, 44.75, 44.5])
    gain, loss = (0.25 + 1.25) / 3, 0.75 / 3
    assert ind.rsi(closes, 3)[3] == pytest.approx(100 - 100 / (1 + gain / loss))
    gain, loss = gain * 2 / 3, (loss * 2 + 0.25) / 3
    assert ind.rsi(closes, 3)[4] == pytest.approx(100 - 100 / (1 + gain / loss))


def test_bands_and_channels() -> None:
    lower, upper = ind.bollinger(CLOSES, 20, 2.0)
    part = CLOSES[-20:]
    assert lower[-1] == pytest.approx(part.mean() - 2 * part.std(), abs=1e-6)
    assert upper[-1] == pytest.approx(part.mean() + 2 * part.std(), abs=1e-6)
    assert ind.highest(CLOSES, 10)[-1] == CLOSES[-11:-1].max()
    assert ind.lowest(CLOSES, 10)[-1] == CLOSES[-11:-1].min()
    assert ind.change(CLOSES, 10)[-1] == pytest.approx(100 * (CLOSES[-1] / CLOSES[-11] - 1))
    returns = np.diff(CLOSES[-11:]) / CLOSES[-11:-1]
    assert ind.volatility(CLOSES, 10)[-1] == pytest.approx(returns.std(ddof=1) * np.sqrt(252) * 100)


def test_a_tie_neither_makes_nor_hides_a_crossing() -> None:
    flat = np.zeros(6)
    up, down = ind.crossings(np.array([-1.0, 0.0, 0.0, 1.0, 0.0, 1.0]), flat)
    assert np.flatnonzero(up).tolist() == [3]
    assert not down.any()
    up, down = ind.crossings(np.array([1.0, 0.0, -1.0, 0.0, 0.0, 2.0]), flat)
    assert (np.flatnonzero(up).tolist(), np.flatnonzero(down).tolist()) == ([5], [2])
    up, down = ind.crossings(np.array([np.nan, 1.0, np.nan, -1.0]), flat[:4])
    assert (up.any(), np.flatnonzero(down).tolist()) == (False, [3])


def test_prices_survive_the_ticks() -> None:
    closes = raw("AAPL").close
    np.testing.assert_array_equal(ind.exact(closes), closes)
