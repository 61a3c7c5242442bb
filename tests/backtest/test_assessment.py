"""The whole judgement: the reference's figures for 8,526 pairs, folds, and plain words."""

from __future__ import annotations

from functools import lru_cache
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
from stocksite.backtest.honesty.lookahead import Finding, LookAheadCheck
from stocksite.backtest.honesty.reality import RealityCheck
from stocksite.backtest.honesty.verdict import Standing, cost_share, judge, standing_of
from stocksite.backtest.honesty.walkforward import month_edges
from stocksite.backtest.strategies import SmaCross
from stocksite.backtest.sweep import sweep
from stocksite.backtest.terms import R1
from stocksite.core.errors import InvalidInput
from stocksite.portfolios import performance as perf
from tests.backtest.samples import actions, adjusted, made, one, raw, split_adjusted

PAIRS = {"fast": {"from": 2, "to": 50}, "slow": {"from": 3, "to": 200}}


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
        """Positions stay warm, so the stitched curve beats one of folds that start flat."""
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
        assert "holding made +1,240.9%" in found.headline
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


def test_a_grid_too_large_to_walk_is_judged_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stocksite.backtest.honesty.assess.MAX_WALKED", 3)
    market = one(raw("FB"))
    grid = read_grid("dip", {"winbuy": [3, 5], "winsell": [2, 4]})
    found = assess_sweep(sweep(grid, market, 1e5, R1), Setting(market, 1e5, R1))
    assert found.verdict.walk is None
    assert found.verdict.pbo is not None
    assert found.verdict.reality.trials == 4


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
        assert holding_curve(Setting(market, 1.0, R1)).tolist() == [1.0, 1.05, 1.1, 1.4]


class TestRawThroughActions:
    """Raw prices with splits and dividends are judged like the adjusted series."""

    def test_holding_follows_splits_and_reinvests_dividends(self) -> None:
        market = one(raw("AAPL"))
        held = holding_curve(Setting(market, 1e5, R1, actions=actions("AAPL")))
        assert held[-1] - 1 == pytest.approx(12.4086158179, rel=1e-6)

    def test_verdict(self) -> None:
        market, signals = one(raw("AAPL")), one(split_adjusted("AAPL"))
        strategy = SmaCross(20, 50)
        setting = Setting(market, 1e5, R1, actions=actions("AAPL"), signals=signals)
        done = run(
            strategy.decider(signals),
            market,
            1e5,
            actions=actions("AAPL"),
            signals=signals,
        )
        found = assess_single(strategy, done.equity, setting)
        assert found.standing is Standing.BEHIND
        assert found.rule_risk is not None
        assert found.rule_risk.results[0].final == done.final
        assert found.look_ahead is not None
        assert found.look_ahead.passed


def reality(p: float, trials: int = 10) -> RealityCheck:
    return RealityCheck(1.0, p, 0, trials, 1_000)


class TestVerdict:
    @pytest.mark.parametrize(
        ("growth", "holding", "p", "standing", "words"),
        [
            (1.5, 2.0, 0.4, Standing.BEHIND, "did not beat simply holding: it made +50.0%"),
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
        assert "fewer than 1% of luck-only worlds" in said
        assert "Costs ate the whole profit." in said
        assert "It looks ahead: decisions before bar 7 change" in said
        assert "8 common sets of fill rules the same signals end 30.7% apart" in said

    def test_cost_share(self) -> None:
        assert cost_share(150, 200, 100) == 0.5
        assert cost_share(50, 90, 100) is None
