"""Training: one pooled model of volatility by horizon, then its conformal quantiles.

    three blocks of time: models fitted on two ─> outcomes of the third ─> shapes
    rows of everything ─────────────────────────────────────────────────> final model

Calibrating on three blocks in turn, not on the newest only: one crisis at the end of the data made
the 80 % band hold 88 % of the four years after it.

scikit-learn is imported here only, inside the functions that fit, and fits on one thread: a
process that forks never holds its thread pools. Same data, same seed: the same bytes.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from stocksite.core.errors import InvalidInput
from stocksite.forecast import conformal, forest, garch
from stocksite.forecast import features as feature_rules
from stocksite.forecast.conformal import Shapes
from stocksite.forecast.features import FEATURES
from stocksite.forecast.forest import Forest
from stocksite.forecast.model import UNIT, Linear, Model, blended, inputs_at_knots, variances
from stocksite.forecast.panel import History, data_hash, in_order
from stocksite.forecast.terms import HORIZON, KNOTS, Floats

SEED: Final = 20090102
_EVERY: Final = 5
"""Training takes every fifth day: neighbors hardly differ."""
_CALIBRATE_EVERY: Final = 21
_BLOCKS: Final = 3
_WARM_UP: Final = 260
"""First day of a history that is trained on: its longest feature is complete."""
_LEAST_ROWS: Final = 2000
_LEAST_VARIANCE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What was known at n origins, and what came after."""

    features: Floats
    """Shape (n, 10)."""
    states: Floats
    outcomes: Floats
    """Log returns over 1 … 30 days, shape (n, 30)."""
    days: Any
    """The origins' days."""
    ends: Any
    """The days of the last outcomes."""
    garch: Floats
    """Cumulative GARCH variance, shape (n, 30); zeros in rows that are only trained on."""


def train(kind: str, histories: Sequence[History], cut: date) -> Model:
    """Train on closes before `cut`; outcomes end before it too. Kinds: `linear`, `boosted`.

    Raises InvalidInput when there is too little to learn from.
    """
    known = [h.before(cut) for h in in_order(histories)]
    known = [h for h in known if len(h.closes) > _WARM_UP + 2 * HORIZON]
    rows = _gather(known, _EVERY) if known else None
    if rows is None or len(rows.features) * len(KNOTS) < _LEAST_ROWS:
        raise InvalidInput(
            f"There is too little history before {cut} to train on: some "
            f"{_LEAST_ROWS // len(KNOTS) * _EVERY:,} days of prices over all stocks are needed."
        )
    return Model(
        kind=kind,
        core=_fit(kind, rows.features, rows.outcomes),
        shapes=_calibrate(kind, rows, _gather(known, _CALIBRATE_EVERY, with_garch=True)),
        low=rows.features.min(axis=0),
        high=rows.features.max(axis=0),
        training=_facts(known, len(rows.features) * len(KNOTS), cut),
    )


def _gather(histories: Sequence[History], every: int, *, with_garch: bool = False) -> _Rows:
    parts = [_rows_of(history, every, with_garch) for history in histories]
    names = _Rows.__slots__
    return _Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _rows_of(history: History, every: int, with_garch: bool) -> _Rows:
    closes = history.closes
    origins = np.arange(_WARM_UP, len(closes) - HORIZON, every)
    spread = np.zeros((len(origins), HORIZON))
    if with_garch:
        spread = np.array([garch.fit(closes[: at + 1]).cumulative() for at in origins])
    path = np.log(closes)
    ahead = path[origins[:, None] + np.arange(1, HORIZON + 1)] - path[origins][:, None]
    return _Rows(
        features=feature_rules.matrix(closes)[origins],
        states=feature_rules.states(closes)[origins],
        outcomes=ahead,
        days=history.days[origins],
        ends=history.days[origins + HORIZON],
        garch=spread,
    )


def _calibrate(kind: str, rows: _Rows, late: _Rows) -> Shapes:
    """Shapes of the blend that is published, each block judged by a model that never saw it."""
    edges = np.sort(rows.days)[len(rows.days) * np.arange(1, _BLOCKS) // _BLOCKS]
    outcomes, states = [], []
    for block in range(_BLOCKS):
        begins = np.searchsorted(edges, rows.days, side="right")
        ends = np.searchsorted(edges, rows.ends, side="right")
        apart = (begins != block) & (ends != block)
        core = _fit(kind, rows.features[apart], rows.outcomes[apart])
        mine = np.searchsorted(edges, late.days, side="right") == block
        scale = blended(variances(core, late.features[mine]), late.garch[mine])
        outcomes.append(np.abs(late.outcomes[mine]) / scale)
        states.append(late.states[mine])
    return conformal.calibrate(np.concatenate(outcomes), np.concatenate(states))


def _fit(kind: str, features: Floats, outcomes: Floats) -> Linear | Forest:
    """Fit squared h-day returns per day, in units of one percent squared."""
    inputs = inputs_at_knots(features)
    squares = outcomes[:, np.array(KNOTS) - 1] ** 2 / np.array(KNOTS) / UNIT
    target = np.maximum(squares.ravel(), _LEAST_VARIANCE)
    return _boosted(inputs, target) if kind == "boosted" else _linear(inputs, target)


def _linear(inputs: Floats, target: Floats) -> Linear:
    from sklearn.linear_model import GammaRegressor

    mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
    with _one_thread():
        fitted = GammaRegressor(alpha=1e-3, solver="newton-cholesky", tol=1e-8, max_iter=100).fit(
            (inputs - mean) / scale, target
        )
    coefficients = fitted.coef_ / scale
    intercept = fitted.intercept_ - (coefficients * mean).sum()
    return Linear(_digits(intercept), np.array([_digits(c) for c in coefficients]))


def _digits(value: float) -> float:
    """To 12 digits: matrix products end differently on different processors, the hash must not."""
    return float(f"{value:.12g}")


def _boosted(inputs: Floats, target: Floats) -> Forest:
    from sklearn.ensemble import HistGradientBoostingRegressor

    with _one_thread():
        fitted = HistGradientBoostingRegressor(
            loss="gamma",
            max_iter=120,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=min(400, len(inputs) // 20),
            l2_regularization=1.0,
            early_stopping=False,
            random_state=SEED,
        ).fit(inputs, target)
    return forest.from_sklearn(fitted)


def _one_thread() -> Any:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

    return threadpool_limits(limits=1)


def _facts(histories: Sequence[History], rows: int, cut: date) -> dict[str, Any]:
    import sklearn

    return {
        "symbols": [h.symbol for h in histories],
        "data_hash": data_hash(histories),
        "from": str(min(h.days[0] for h in histories)),
        "to": str(max(h.days[-1] for h in histories)),
        "cut": str(cut),
        "rows": rows,
        "features": list(FEATURES),
        "seed": SEED,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit_learn": sklearn.__version__,
    }
