"""Luck, counted: vector M, the bootstrap and the Reality Check against their definitions."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from stocksite.backtest.grid import read_grid
from stocksite.backtest.honesty.evidence import gather
from stocksite.backtest.honesty.overfitting import (
    block_edges,
    deflated_sharpe,
    expected_best,
    overfitting_probability,
    segment_sums,
)
from stocksite.backtest.honesty.reality import RealityChecker
from stocksite.backtest.honesty.resampling import (
    blocks,
    counts,
    resampled_sums,
    sharpe_interval,
)
from stocksite.backtest.honesty.walkforward import month_edges
from stocksite.backtest.kernels.curves import return_rows
from stocksite.backtest.sweep import sweep
from stocksite.backtest.terms import Exits, Terms
from stocksite.portfolios import performance as perf
from tests.backtest.samples import one, vector_m, walk

PAIRS = {"fast": {"from": 2, "to": 50}, "slow": {"from": 3, "to": 200}}


class TestVectorM:
    def test_deflated_sharpe(self) -> None:
        returns = vector_m()
        sharpes = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
        best = int(sharpes.argmax())
        found = deflated_sharpe(returns[best], sharpes)
        assert best == 9
        assert found.best == pytest.approx(0.1384994192, abs=5e-11)
        assert found.variance == pytest.approx(0.0024722669, abs=5e-11)
        assert found.threshold == pytest.approx(0.0945068020, abs=5e-11)
        assert found.psr == pytest.approx(0.9990307676, abs=5e-11)
        assert found.dsr == pytest.approx(0.8375695929, abs=5e-11)

    @pytest.mark.parametrize(("size", "expected"), [(4, 0.0), (8, 0.1)])
    def test_overfitting_probability_fast_and_naive(self, size: int, expected: float) -> None:
        returns = vector_m()
        edges = block_edges(504, size)
        sums, squares = segment_sums(returns, edges)
        assert overfitting_probability(sums, squares, np.diff(edges)) == expected
        assert naive_pbo(returns, size) == expected


def naive_pbo(returns: Any, size: int) -> float:
    parts = np.split(returns, size, axis=1)
    low, halves = 0, list(combinations(range(size), size // 2))
    for chosen in halves:
        inside = np.concatenate([parts[i] for i in chosen], axis=1)
        outside = np.concatenate([parts[i] for i in range(size) if i not in chosen], axis=1)
        first, second = (h.mean(axis=1) / h.std(axis=1, ddof=1) for h in (inside, outside))
        rank = sorted(second).index(second[first.argmax()]) + 1
        omega = rank / (len(returns) + 1)
        low += math.log(omega / (1 - omega)) <= 0
    return low / len(halves)


def test_one_try_is_not_deflated() -> None:
    assert expected_best(0.1, 1) == 0.0
    returns = np.random.default_rng(0).normal(0.001, 0.01, 500)
    found = deflated_sharpe(returns, np.array([returns.mean() / returns.std(ddof=1)]))
    assert found.dsr == found.psr


def test_an_odd_number_of_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        overfitting_probability(np.ones((2, 3)), np.ones((2, 3)), np.ones(3, dtype=np.int64))


class TestResampling:
    def test_blocks_cover_each_world_exactly(self) -> None:
        starts, lengths = blocks(500, 300, 20, np.random.default_rng(1))
        assert (lengths.sum(axis=1) == 500).all()
        assert ((starts >= 0) & (starts < 500)).all()
        used = lengths[lengths > 0]
        assert used.mean() == pytest.approx(20, rel=0.1)

    def test_counts_draw_n_days_evenly(self) -> None:
        drawn = counts(250, 400, np.random.default_rng(2))
        assert (drawn.sum(axis=0) == 250).all()
        assert (drawn >= 0).all()
        assert drawn.mean(axis=1).std() < 0.15

    def test_sums_by_prefix_are_the_sums_of_the_days_drawn(self) -> None:
        values = np.random.default_rng(3).normal(size=(180, 2))
        drawn = counts(180, 50, np.random.default_rng(4))
        sums = resampled_sums(values, 50, np.random.default_rng(4))
        np.testing.assert_allclose(sums, drawn.T @ values, atol=1e-4)

    def test_the_interval_covers_and_narrows(self) -> None:
        rng = np.random.default_rng(5)
        returns = rng.normal(0.0005, 0.01, 2_000)
        low, high = sharpe_interval(returns, np.random.default_rng(0)) or (0.0, 0.0)
        truth = 0.0005 / 0.01 * np.sqrt(252)
        assert low < truth < high
        assert high - low == pytest.approx(2 * 1.96 * np.sqrt(252 / 2_000), rel=0.25)
        assert sharpe_interval(np.zeros(100), rng) is None


class TestRealityCheck:
    def test_against_its_definition(self) -> None:
        rng = np.random.default_rng(6)
        returns, benchmark = rng.normal(0, 0.01, (7, 300)), rng.normal(0, 0.01, 300)
        checker = RealityChecker(benchmark, np.random.default_rng(9), resamples=200)
        checker.add(returns[:3])
        checker.add(returns[3:])
        found = checker.result()
        drawn = counts(300, 200, np.random.default_rng(9)).astype(np.float64)
        excess = returns - benchmark
        means = excess.mean(axis=1)
        worlds = (excess @ drawn / 300 - means[:, None]).max(axis=0)
        assert found.statistic == pytest.approx(np.sqrt(300) * means.max())
        assert found.best == int(means.argmax())
        assert found.p_value == pytest.approx(float((worlds >= means.max()).mean()), abs=0.006)
        assert (found.trials, found.resamples) == (7, 200)

    def test_a_real_edge_and_none(self) -> None:
        rng = np.random.default_rng(7)
        benchmark = rng.normal(0, 0.01, 1_000)
        edge = RealityChecker(benchmark, np.random.default_rng(0))
        edge.add((benchmark + rng.normal(0.002, 0.005, 1_000))[None, :])
        assert edge.result().p_value < 0.01
        same = RealityChecker(benchmark, np.random.default_rng(0))
        same.add(benchmark[None, :])
        assert same.result().p_value == 1.0
        with pytest.raises(ValueError, match="nothing"):
            RealityChecker(benchmark, rng).result()


def test_evidence_in_chunks_is_the_evidence_at_once() -> None:
    prices = walk(400, 8)
    market = one(prices)
    grid = read_grid("sma_cross", {"fast": {"from": 2, "to": 12}, "slow": {"from": 15, "to": 30}})
    played = sweep(grid, market, 1e5, Terms(exits=Exits()))
    rows = np.concatenate([equity for _, _, equity in played.equity()])
    benchmark, edges = perf.returns_of(prices.close), month_edges(prices.dates)
    told: list[float] = []
    streamed = gather(
        played.equity(),
        len(grid),
        benchmark,
        edges,
        np.random.default_rng(1),
        progress=told.append,
    )
    whole = gather([(0, len(grid), rows)], len(grid), benchmark, edges, np.random.default_rng(1))
    np.testing.assert_allclose(streamed.sharpe, whole.sharpe)
    np.testing.assert_allclose(streamed.month_sums, whole.month_sums)
    assert (streamed.pbo, streamed.reality.p_value) == (whole.pbo, whole.reality.p_value)
    assert told[-1] == 1.0
    np.testing.assert_allclose(
        whole.month_sums.sum(axis=1), return_rows(rows).sum(axis=1), atol=1e-12
    )
