"""Luck, counted: vectors, plain definitions, and the reference's figures for the whole grid."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stocksite.backtest.bars import align
from stocksite.backtest.engine import run
from stocksite.backtest.grid import read_grid
from stocksite.backtest.honesty.assess import (
    Setting,
    SweepAssessment,
    assess_single,
    assess_sweep,
    holding_curve,
    slowest_warm_up,
)
from stocksite.backtest.honesty.evidence import gather
from stocksite.backtest.honesty.lookahead import Finding, LookAheadCheck
from stocksite.backtest.honesty.overfitting import (
    block_edges,
    deflated_sharpe,
    expected_best,
    overfitting_probability,
    segment_sums,
)
from stocksite.backtest.honesty.reality import RealityCheck, RealityChecker
from stocksite.backtest.honesty.resampling import (
    blocks,
    counts,
    resampled_sums,
    sharpe_interval,
)
from stocksite.backtest.honesty.verdict import Standing, cost_share, judge, standing_of
from stocksite.backtest.honesty.walkforward import month_edges
from stocksite.backtest.kernels.curves import return_rows
from stocksite.backtest.strategies import SmaCross
from stocksite.backtest.sweep import sweep
from stocksite.backtest.terms import R1, Exits, Terms
from stocksite.core.errors import InvalidInput
from stocksite.portfolios import performance as perf
from tests.backtest.samples import adjusted, made, one, raw, vector_m, walk

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


@lru_cache(maxsize=1)
def the_whole_grid() -> SweepAssessment:
    market = one(adjusted("AAPL"))
    played = sweep(read_grid("sma_cross", PAIRS), market, 100_000.0, R1)
    return assess_sweep(played, Setting(market, 100_000.0, R1, seed=7))


class TestTheWholeGrid:
    """8,526 pairs on adjusted AAPL bars, beside the reference's figures."""

    def test_best_by_sharpe(self) -> None:
        found = the_whole_grid()
        grid = read_grid("sma_cross", PAIRS)
        assert grid.parameters(found.best) == {"fast": 50, "slow": 56}
        assert found.evidence.sharpe[found.best] == pytest.approx(1.243, abs=5e-4)
        assert found.evidence.final[found.best] == pytest.approx(7.13e6, rel=1e-3)

    def test_luck(self) -> None:
        found = the_whole_grid().verdict
        assert found.deflated is not None
        assert found.deflated.psr == pytest.approx(0.999997, abs=1e-6)
        assert found.deflated.dsr == pytest.approx(0.996, abs=5e-4)
        assert found.pbo == pytest.approx(0.56, abs=5e-3)
        assert found.reality.p_value == pytest.approx(0.77, abs=0.06)
        assert found.interval == pytest.approx((0.73, 1.75), abs=0.03)
        assert found.standing is Standing.LUCK

    def test_walk_forward(self) -> None:
        """Positions stay warm here, so the stitched curve does better than folds that start flat."""
        walked = the_whole_grid().verdict.walk
        assert walked is not None
        assert walked.in_sharpe == pytest.approx(1.72, abs=0.02)
        assert 0.9 < (walked.out_sharpe or 0) < 1.2
        assert walked.growth < walked.holding
        assert walked.winners == 16
        assert len(walked.folds) == 21
        assert [fold.out_to for fold in walked.folds[:-1]] == [
            fold.out_from for fold in walked.folds[1:]
        ]

    def test_plain_words(self) -> None:
        found = the_whole_grid().verdict
        assert found.headline.startswith("It ended ahead of simply holding, but luck explains it")
        assert "holding made +1,240.9 %" in found.headline
        assert (
            "% of luck-only worlds look at least as good as the best of 8,526 tries"
            in (found.sentences[0])
        )
        assert any("never looked ahead (24 other futures" in line for line in found.sentences)

    def test_the_same_seed_gives_the_same_verdict(self) -> None:
        market = one(raw("FB"))
        setting = Setting(market, 1_000.0, R1, seed=3)
        grid = read_grid("dip", {"winbuy": [3, 5, 9], "winsell": [2, 4]})
        first, second = (
            assess_sweep(sweep(grid, market, 1_000.0, R1), setting).verdict for _ in range(2)
        )
        assert repr(first) == repr(second)


class TestWalkForward:
    def test_months(self) -> None:
        dates = np.array(["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-04", "2020-03-02"])
        assert month_edges(dates.astype("datetime64[D]")).tolist() == [0, 1, 3, 4]

    def assessed(self, **more: Any) -> SweepAssessment:
        prices = raw("MSFT").part(0, 1_000)
        market = one(prices)
        grid = read_grid("sma_cross", {"fast": [5, 20], "slow": [60, 200]})
        return assess_sweep(
            sweep(grid, market, 1e5, R1, start=210), Setting(market, 1e5, R1, start=210), **more
        )

    def test_returns_are_the_winners_own(self) -> None:
        prices = raw("MSFT").part(0, 1_000)
        market = one(prices)
        walked = self.assessed(in_months=12, out_months=3).verdict.walk
        assert walked is not None
        grid = read_grid("sma_cross", {"fast": [5, 20], "slow": [60, 200]})
        done, charged = 0, 0
        for fold in walked.folds:
            strategy = grid.of(fold.chosen)[0]
            own = run(strategy.decider(market), market, 1e5, start=210)
            part = perf.returns_of(own.equity)[fold.out_from : fold.out_to]
            mine = walked.returns[done : done + len(part)]
            np.testing.assert_allclose(mine[1:], part[1:], atol=1e-12)
            assert part[0] - mine[0] == pytest.approx(0.001) or part[0] == pytest.approx(mine[0])
            charged += bool(part[0] - mine[0] > 5e-4)
            done += len(part)
        assert done == len(walked.returns) == 1_000 - 211 - walked.folds[0].out_from
        assert 0 < charged < len(walked.folds)

    def test_folds_shorter_than_the_slow_window_are_refused_without_history(self) -> None:
        prices = raw("MSFT").part(0, 1_000)
        market = one(prices)
        grid = read_grid("sma_cross", {"fast": [5, 20], "slow": [60, 200]})
        assert slowest_warm_up(grid) == 200
        with pytest.raises(InvalidInput, match="slowest average needs 200"):
            assess_sweep(
                sweep(grid, market, 1e5, R1),
                Setting(market, 1e5, R1),
                in_months=3,
                out_months=3,
            )
        assert self.assessed(in_months=3, out_months=3).verdict.walk is not None

    def test_too_few_months_are_refused_when_asked_for_and_passed_over_otherwise(self) -> None:
        with pytest.raises(InvalidInput, match="needs 1200 months"):
            self.assessed(in_months=1_000, out_months=200)
        prices = raw("FB").part(0, 40)
        market = one(prices)
        grid = read_grid("sma_cross", {"fast": [5, 20], "slow": [60, 200]})
        short = assess_sweep(sweep(grid, market, 1e5, R1), Setting(market, 1e5, R1))
        assert short.verdict.walk is None
        assert short.verdict.standing in (Standing.LUCK, Standing.BEHIND)


class TestSingle:
    def test_a_run_and_the_tries_before_it(self) -> None:
        market = one(raw("AAPL"))
        setting = Setting(market, 1e5, R1, seed=1)
        equity = run(SmaCross(20, 50).decider(market), market, 1e5).equity
        alone = assess_single(SmaCross(20, 50), equity, setting)
        assert alone.reality.trials == 1
        assert alone.deflated is not None
        assert alone.deflated.dsr == alone.deflated.psr
        assert alone.pbo is None
        earlier = np.array(
            [run(SmaCross(f, 90).decider(market), market, 1e5).equity for f in (5, 10, 30)]
        )
        among = assess_single(SmaCross(20, 50), equity, setting, earlier)
        assert among.reality.trials == 4
        assert among.deflated is not None
        assert (among.deflated.dsr or 0) < (alone.deflated.dsr or 0)
        assert among.cost_share == pytest.approx((501_707.49 - 472_726.56) / 401_707.49, abs=1e-6)

    def test_holding_several_symbols(self) -> None:
        market = align(
            [made([10, 11, 12, 13], symbol="A"), made([20, 30], symbol="B", start="2020-01-03")]
        )
        assert holding_curve(market, 0, 4).tolist() == [1.0, 1.05, 1.1, 1.4]


def reality(p: float, trials: int = 10) -> RealityCheck:
    return RealityCheck(1.0, p, 0, trials, 1_000)


class TestVerdict:
    @pytest.mark.parametrize(
        ("growth", "holding", "p", "standing", "words"),
        [
            (1.5, 2.0, 0.4, Standing.BEHIND, "did not beat simply holding: it made +50.0 %"),
            (2.5, 2.0, 0.4, Standing.LUCK, "luck explains it"),
            (2.5, 2.0, 0.01, Standing.EDGE, "beat simply holding by more than luck"),
            (1.5, 2.0, 0.01, Standing.EDGE, "Its days beat holding's"),
        ],
    )
    def test_the_reality_check_decides(
        self, growth: float, holding: float, p: float, standing: Standing, words: str
    ) -> None:
        found = judge(growth, holding, reality(p))
        assert found.standing is standing is standing_of(growth, holding, reality(p))
        assert words in found.headline
        assert len(found.sentences) == 1

    def test_every_opinion_has_its_sentence(self) -> None:
        risk: Any = SimpleNamespace(results=(1,) * 8, spread_pct=30.7)
        found = judge(
            1.1,
            1.2,
            reality(0.004),
            pbo=0.5,
            interval=(0.1, 0.9),
            cost_share=1.5,
            look_ahead=LookAheadCheck((Finding(7, "up"),), 24),
            rule_risk=risk,
        )
        said = " ".join(found.sentences)
        assert "fewer than 1 % of luck-only worlds" in said
        assert "Costs ate the whole profit." in said
        assert "It looks ahead: decisions before bar 7 change" in said
        assert "8 common sets of fill rules the same signals end 30.7 % apart" in said

    def test_cost_share(self) -> None:
        assert cost_share(150, 200, 100) == 0.5
        assert cost_share(50, 90, 100) is None


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
