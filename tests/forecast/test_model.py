"""The artifact: numbers only, checked before it is read, and equal to what scikit-learn says."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import GammaRegressor

from stocksite.core.errors import InvalidInput
from stocksite.forecast import forest, model, shipped, train
from stocksite.forecast.fan import fans
from stocksite.forecast.model import fingerprint, inputs_at_knots
from stocksite.forecast.terms import KNOTS
from tests.forecast.samples import history, walk

CUT = date(2005, 1, 1)


@pytest.fixture(scope="module")
def panel():
    return [history(1500, seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def rows(panel):
    return train._gather(panel, 5)


def test_the_linear_part_equals_sklearn(rows, monkeypatch):
    kept = {}
    original = GammaRegressor.fit

    def fit(self, inputs, target):
        kept["fitted"], kept["inputs"] = original(self, inputs, target), inputs
        return kept["fitted"]

    monkeypatch.setattr(GammaRegressor, "fit", fit)
    core = train._fit("linear", rows.features, rows.outcomes)
    ours = np.exp(core.predict(inputs_at_knots(rows.features)))
    theirs = kept["fitted"].predict(kept["inputs"])
    assert np.max(np.abs(ours / theirs - 1)) < 1e-10


def test_the_trees_equal_sklearn(rows):
    inputs = inputs_at_knots(rows.features)
    target = np.maximum(rows.outcomes[:, np.array(KNOTS) - 1].ravel() ** 2, 1e-6)
    with train._one_thread():
        fitted = HistGradientBoostingRegressor(loss="gamma", max_iter=40, random_state=0).fit(
            inputs, target
        )
    walker = forest.from_sklearn(fitted)
    assert np.max(np.abs(np.exp(walker.predict(inputs)) / fitted.predict(inputs) - 1)) < 1e-10
    back = forest.Forest.from_json(json.loads(json.dumps(walker.to_json())), inputs.shape[1])
    assert np.array_equal(back.predict(inputs), walker.predict(inputs))


@pytest.mark.parametrize("kind", model.KINDS)
def test_trained_twice_gives_the_same_bytes_in_any_order(panel, kind):
    first = model.dump(train.train(kind, panel, CUT))
    assert model.dump(train.train(kind, panel[::-1], CUT)) == first
    read = model.load(first, fingerprint(first))
    assert model.dump(read) == first


def test_training_sees_nothing_after_the_cut(panel):
    """Whatever comes after the cut may be shuffled: the model is the same."""
    rng = np.random.default_rng(9)
    shuffled = []
    for one in panel:
        at = int(np.searchsorted(one.days, np.datetime64("2003-01-01")))
        closes = one.closes.copy()
        rng.shuffle(closes[at:])
        shuffled.append(type(one)(one.symbol, one.days, closes))
    cut = date(2003, 1, 1)
    before = model.dump(train.train("linear", panel, cut))
    assert model.dump(train.train("linear", shuffled, cut)) == before


def test_too_little_history_is_said(panel):
    with pytest.raises(InvalidInput, match="too little history"):
        train.train("linear", [panel[0].before(date(2001, 1, 1))], CUT)


@pytest.mark.parametrize("kind", model.KINDS)
def test_a_shipped_model_says_how_its_recipe_did(kind):
    found = shipped.metrics(kind)
    assert found["forecasts"] > 100
    assert set(found["by_year80_pct"]) == {"2004", "2005", "2006", "2007", "2008"}
    assert set(found["by_state80_pct"]) == {"calm", "middle", "wild"}
    assert "30" in found["by_horizon80_pct"]
    assert all(found[f"vs_{rival}"]["value"] > 0 for rival in ("last_price", "ewma", "garch"))


@pytest.mark.parametrize("kind", model.KINDS)
def test_the_shipped_models_are_the_known_ones(kind):
    loaded = shipped.shipped(kind)
    assert loaded.training["to"] < str(shipped.CUT) == "2009-01-02"
    raw = shipped.artifact(kind)
    assert b"pickle" not in raw
    assert len(raw) < {"linear": 20_000, "boosted": 500_000}[kind]


def test_the_shipped_linear_model_can_be_trained_again():
    """To the last bit on the machine that made it; closely where exp and log round otherwise."""
    again = train.train("linear", shipped.sample_histories(), shipped.CUT)
    known = shipped.shipped("linear")
    assert again.core.coefficients == pytest.approx(known.core.coefficients, rel=1e-4, abs=1e-4)
    assert again.shapes.table == pytest.approx(known.shapes.table, rel=1e-4, abs=1e-4)
    assert again.training["data_hash"] == known.training["data_hash"]


def test_a_changed_artifact_is_not_read():
    raw = shipped.artifact("linear")
    with pytest.raises(InvalidInput, match="not the one that was stored"):
        model.load(raw.replace(b"1", b"2", 1), shipped.HASHES["linear"])


def broken(change):
    data = json.loads(shipped.artifact("boosted"))
    change(data)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(format="other"),
        lambda d: d.update(features=["x"]),
        lambda d: d["core"]["left"].__setitem__(0, 0),
        lambda d: d["core"]["left"].__setitem__(0, 10_000),
        lambda d: d["core"]["right"].__setitem__(0, -1),
        lambda d: d["core"]["feature"].__setitem__(0, 99),
        lambda d: d["core"]["value"].pop(),
        lambda d: d["core"]["threshold"].__setitem__(0, float("nan")),
        lambda d: d["core"]["roots"].__setitem__(0, 3),
        lambda d: d["shapes"]["table"][0].reverse(),
        lambda d: d["shapes"].pop("edges"),
        lambda d: d.pop("low"),
    ],
    ids=lambda change: f"broken-{change.__code__.co_firstlineno}",
)
def test_a_well_hashed_but_broken_artifact_is_refused(change):
    raw = broken(change)
    try:
        read = model.load(raw, fingerprint(raw))
    except InvalidInput:
        return
    # A root made a leaf is still a tree: it must then at least end.
    assert np.isfinite(read.variances(np.zeros((1, 10)))).all()


def test_fans_of_a_history_and_of_its_shuffled_future():
    """The forecast of day t is the same whatever comes after t."""
    live, linear = shipped.shipped("boosted"), shipped.shipped("linear")
    closes = walk(900)
    at = 700
    other = closes.copy()
    np.random.default_rng(2).shuffle(other[at:])
    one, two = (fans([c[:at]], live, linear)[0] for c in (closes, other))
    for method, spread in one.spreads.items():
        assert np.array_equal(spread.quantiles(), two.spreads[method].quantiles())
    from stocksite.forecast import features

    assert np.array_equal(features.matrix(closes)[:at], features.matrix(other)[:at])
    assert np.array_equal(features.states(closes)[:at], features.states(other)[:at])


def test_fans_are_ordered_centered_and_widen():
    live, linear = shipped.shipped("boosted"), shipped.shipped("linear")
    for n in (66, 250, 900):
        made = fans([walk(n)], live, linear)[0]
        quantiles = made.spreads["model"].quantiles()
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (np.diff(quantiles[:, -1]) > 0).all()
        assert quantiles[:, 10] == pytest.approx(0)
        assert made.short_history == (n < 250)
    assert fans([], live, linear) == []


def test_the_fallback_publishes_garch_and_keeps_our_own():
    live, linear = shipped.shipped("boosted"), shipped.shipped("linear")
    made = fans([walk(500)], live, linear, fallback=True)[0]
    assert made.spreads["model"] is made.spreads["garch"]
    assert "own" in made.spreads


def test_a_volatility_from_another_world_is_unfamiliar():
    live, linear = shipped.shipped("boosted"), shipped.shipped("linear")
    assert fans([walk(500)], live, linear)[0].absurd is None
    assert fans([walk(500, daily=0.4)], live, linear)[0].absurd is not None


def test_the_web_never_meets_sklearn():
    """Reading and making forecasts imports neither scikit-learn nor scipy."""
    import subprocess
    import sys

    code = (
        "import sys, stocksite.forecast.views, stocksite.forecast.api, stocksite.forecast.jobs;"
        "from stocksite.forecast import shipped; shipped.shipped('boosted');"
        "sys.exit(any(m.split('.')[0] in ('sklearn', 'scipy') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
