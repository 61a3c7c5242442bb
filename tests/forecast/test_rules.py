"""Series, features, GARCH, baselines and scores against independent arithmetic."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.signal import lfilter
from scipy.stats import norm

from stocksite.forecast import baselines, bootstrap, drift, features, garch, keeping, refusals
from stocksite.forecast.scoring import score
from stocksite.forecast.series import decayed, ewma, log_returns, trailing_mean
from stocksite.forecast.terms import HORIZONS, LEVELS, Spread
from tests.forecast.samples import walk


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.94, 0.999])
def test_decayed_is_the_recursion(decay):
    x = np.random.default_rng(0).standard_normal(777)
    assert decayed(x, decay) == pytest.approx(lfilter([1.0], [1.0, -decay], x), abs=1e-9)
    assert decayed(x[:1], decay) == pytest.approx(x[:1])


def test_ewma_and_trailing_mean():
    x = np.abs(np.random.default_rng(0).standard_normal(50))
    slow = [0.9 * 2.0 + 0.1 * x[0]]
    for value in x[1:]:
        slow.append(0.9 * slow[-1] + 0.1 * value)
    assert ewma(x, 0.9, 2.0) == pytest.approx(slow)
    means = trailing_mean(x, 5)
    assert means[20] == pytest.approx(x[16:21].mean())
    assert means[3] == pytest.approx(x[1:4].mean()), "the first value is no return"


def test_features_are_what_their_names_say():
    closes = walk(600)
    row = dict(zip(features.FEATURES, features.matrix(closes)[-1], strict=True))
    returns = log_returns(closes)
    assert row["vol_22"] == pytest.approx(0.5 * np.log((returns[-22:] ** 2).mean()))
    assert row["vol_250"] == pytest.approx(0.5 * np.log((returns[-250:] ** 2).mean()))
    assert row["move_22"] == pytest.approx(
        np.log(closes[-1] / closes[-23]) / (np.exp(row["vol_22"]) * np.sqrt(22))
    )
    assert np.isfinite(features.matrix(np.full(100, 7.0))).all(), "a price that never moves"


def test_features_do_not_depend_on_the_unit_of_the_price():
    closes = walk(400)
    assert features.matrix(closes * 28.5) == pytest.approx(features.matrix(closes), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_garch_climbs_as_high_as_an_optimizer(seed):
    closes = walk(2000, seed)
    fitted = garch.fit(closes)
    squares = log_returns(closes)[1:] ** 2
    level = squares.mean()

    def loss(alpha, beta):
        variances = garch._variances(squares, level, alpha, beta)
        return -garch._likelihood(squares, variances)

    found = minimize(
        lambda p: loss(*p) if min(p) > 0 and sum(p) < 0.9995 else 9e9,
        [0.08, 0.88],
        method="Nelder-Mead",
    )
    assert loss(fitted.alpha, fitted.beta) <= found.fun + 2e-5
    assert 0 < fitted.alpha + fitted.beta < 1


def test_garchs_forecast_is_its_recursion():
    fitted = garch.Garch(1e-4, 0.1, 0.8, 4e-4)
    variance, total = 4e-4, []
    for _ in range(30):
        total.append(variance)
        variance = 1e-4 * 0.1 + 0.9 * variance
    assert fitted.cumulative() == pytest.approx(np.cumsum(total))


def test_garch_survives_odd_histories():
    crash = walk(500)
    crash[250:] *= 0.48
    for closes in (np.full(80, 5.0), crash, walk(66)):
        fitted = garch.fit(closes)
        assert np.isfinite(fitted.cumulative()).all()
        assert (fitted.cumulative() > 0).all()


def test_baselines():
    closes = walk(800)
    returns = log_returns(closes)[1:]
    plain = baselines.last_price(closes)
    assert plain.center.tolist() == [0.0] * 30
    assert plain.scale == pytest.approx(np.sqrt((returns**2).mean() * HORIZONS))
    assert plain.shape == pytest.approx(norm.ppf(LEVELS))
    assert baselines.drift(closes).center == pytest.approx(returns.mean() * HORIZONS)


def test_the_straight_line_is_least_squares():
    closes = 50 + 0.1 * np.arange(300) + np.random.default_rng(3).standard_normal(300)
    spread = baselines.regression(closes)
    slope, level = np.polyfit(np.arange(300), closes, 1)
    line = level + slope * (299 + HORIZONS)
    assert closes[-1] * np.exp(spread.center) == pytest.approx(line)
    falling = np.linspace(100, 1, 300)
    assert np.isfinite(baselines.regression(falling).quantiles()).all()


def test_scores_of_a_worked_example():
    quantiles = np.array(LEVELS) * 0.2 - 0.1
    one = score(quantiles[None], np.array([0.05]))
    gap = 0.05 - quantiles
    by_hand = [
        level * g if g >= 0 else (level - 1) * g for level, g in zip(LEVELS, gap, strict=True)
    ]
    assert one.pinball[0] == pytest.approx(np.mean(by_hand))
    assert one.crps[0] == pytest.approx(2 * np.mean(by_hand[1:-1]))
    assert (one.inside80[0], one.inside95[0]) == (1.0, 1.0)
    assert one.winkler80[0] == pytest.approx(0.16)
    miss = score(quantiles[None], np.array([0.1]))
    assert (miss.inside80[0], miss.inside95[0]) == (0.0, 0.0)
    assert miss.winkler80[0] == pytest.approx(0.16 + 10 * 0.02)
    assert miss.winkler95[0] == pytest.approx(0.19 + 40 * 0.005)
    assert score(quantiles[None], np.array([0.08])).inside80[0] == 1.0, "a bound is inside"


def test_the_truth_scores_best():
    """A proper score: of normal fans the true width loses least."""
    outcomes = np.random.default_rng(5).standard_normal(20_000)
    losses = {
        width: score(np.broadcast_to(width * norm.ppf(LEVELS), (20_000, 21)), outcomes)
        for width in (0.6, 1.0, 1.6)
    }
    assert min(losses, key=lambda w: losses[w].crps.mean()) == 1.0
    assert min(losses, key=lambda w: losses[w].winkler80.mean()) == 1.0
    assert losses[1.0].inside80.mean() == pytest.approx(0.8, abs=0.01)


def test_bootstrap_tells_a_difference_from_none():
    rng = np.random.default_rng(1)
    base = rng.uniform(1, 2, 100)
    assert bootstrap.ratio(base * 0.9, base).high < 1
    assert bootstrap.ratio(base * rng.uniform(0.5, 1.5, 100), base).spans_one
    assert bootstrap.ratio(base[:3], base[:3]).low is None, "three blocks say nothing"
    assert bootstrap.ratio(base, base) == bootstrap.ratio(base, base), "the seed is fixed"


def test_spreads_survive_being_stored():
    shape = np.linspace(-2, 2, 21)
    spreads = baselines.spreads(walk(500), garch.fit(walk(500)))
    spreads |= {"model": Spread(np.zeros(30), np.sqrt(HORIZONS**1.1), shape)}
    spreads |= {"linear": spreads["model"]}
    back = keeping.unpack(keeping.pack(spreads))
    for method, spread in back.items():
        assert spread.quantiles() == pytest.approx(spreads[method].quantiles(), abs=1e-11)


def days(n, end=date(2010, 6, 30)):
    return [end - timedelta(days=n - 1 - i) for i in range(n)]


def test_refusals():
    closes, known = walk(300), days(300)
    end = known[-1]
    assert refusals.refuse(known, closes, known, end) is None
    assert refusals.refuse(known[:65], closes[:65], known[:65], known[64]).code == "too-short"
    assert refusals.refuse([], closes[:0], known, end).code == "too-short"
    late = [*known, *(end + timedelta(days=i) for i in range(1, 5))]
    assert refusals.refuse(known, closes, late[:-1], late[-2]) is None, "three days are not stale"
    assert refusals.refuse(known, closes, late, late[-1]).code == "stale"
    holes = [d for i, d in enumerate(known) if i < 240 or i % 10]
    assert refusals.refuse(holes, closes[: len(holes)], known, end).code == "stale"
    doubled = closes.copy()
    doubled[290:] *= 2.5
    found = refusals.refuse(known, doubled, known, end)
    assert found.code == "absurd"
    assert str(known[290]) in found.sentence
    doubled = closes.copy()
    doubled[20:] *= 2.5
    assert refusals.refuse(known, doubled, known, end) is None, "long ago"
    for bad in (0.0, -1.0, np.nan, np.inf):
        broken = closes.copy()
        broken[5] = bad
        assert refusals.refuse(known, broken, known, end).code == "absurd"


def test_the_drift_alarm():
    assert not drift.check(None, 0, 0, 0).alarm
    assert not drift.check(0.8, 60, 0, 5).alarm
    assert drift.check(0.69, 60, 0, 5).alarm
    assert drift.check(0.91, 60, 0, 5).alarm
    assert not drift.check(0.5, 19, 0, 5).alarm, "too few origins to tell"
    assert drift.check(0.8, 60, 2, 5).alarm
    assert not drift.check(0.8, 60, 2, 10).alarm, "a fifth is not more than a fifth"
    assert not drift.check(0.8, 60, 1, 4).alarm, "one stock is not drift"
    assert not drift.check(0.71, 60, 0, 5).alarm
    assert drift.check(0.71, 60, 0, 5, rang=True).alarm, "it ends only well inside"
    assert not drift.check(0.73, 60, 0, 5, rang=True).alarm
