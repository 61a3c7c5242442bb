"""A trained model: plain JSON numbers, checked by hash before they are read, nothing to execute.

bytes ── SHA-256 equal? ──> JSON ── shapes right? ──> Model ──> variance by horizon
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stocksite.core.errors import InvalidInput
from stocksite.forecast.conformal import Shapes
from stocksite.forecast.features import FEATURES
from stocksite.forecast.forest import Forest
from stocksite.forecast.terms import HORIZONS, KNOTS, Floats

FORMAT: Final = "stocksite-forecast-1"
KINDS: Final = ("linear", "boosted")
UNIT: Final = 1e-4
"""Models are trained on variances in units of one percent squared."""
_KNOTS: Final = np.array(KNOTS, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """ln(variance per day / UNIT) = intercept + inputs · coefficients: a Gamma regression."""

    intercept: float
    coefficients: Floats

    def predict(self, inputs: Floats) -> Floats:
        """Raw values for rows of inputs, shape (n,)."""
        out: Floats = self.intercept + (inputs * self.coefficients).sum(axis=1)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Volatility by horizon for any stock, and the shape of its quantiles."""

    kind: str
    """`linear` or `boosted`."""
    core: Linear | Forest
    shapes: Shapes
    low: Floats
    """Least value of each feature in training, shape (10,)."""
    high: Floats
    training: dict[str, Any]
    """Facts for the model card: symbols, days, rows, seed, versions of the tools."""

    def variances(self, features: Floats) -> Floats:
        """Variance of the log return over 1 … 30 days for rows of features, shape (n, 30)."""
        return variances(self.core, features)

    def unfamiliar(self, features: Floats) -> str | None:
        """The name of a volatility more than three times outside the training range, or None."""
        for name, value, low, high in zip(FEATURES, features, self.low, self.high, strict=True):
            if name.startswith("move"):
                continue
            if value < low - np.log(3) or value > high + np.log(3):
                return name
        return None

    def outside(self, features: Floats) -> bool:
        """Whether any volatility lies outside what was seen in training: a sign of drift."""
        vols = np.array([not name.startswith("move") for name in FEATURES])
        out = (features < self.low) | (features > self.high)
        return bool((out & vols).any())


def variances(core: Linear | Forest, features: Floats) -> Floats:
    """Variance of the log return over 1 … 30 days, shape (n, 30); linear between the knots."""
    raw = core.predict(inputs_at_knots(features)).reshape(len(features), len(KNOTS))
    known = np.exp(raw) * UNIT * _KNOTS
    grid = np.concatenate(([0.0], _KNOTS))
    rows = [np.interp(HORIZONS, grid, np.concatenate(([0.0], row))) for row in known]
    return np.array(rows)


def blended(pooled: Floats, own: Floats) -> Floats:
    """Scale of the published fan: the root of the mean of the pooled variance and GARCH's."""
    out: Floats = np.sqrt((pooled + own) / 2)
    return out


def inputs_at_knots(features: Floats) -> Floats:
    """One row per (stock, knot): its features and the logarithm of the horizon."""
    repeated = np.repeat(features, len(KNOTS), axis=0)
    return np.column_stack([repeated, np.tile(np.log(_KNOTS), len(features))])


def dump(model: Model) -> bytes:
    """The artifact: canonical JSON, the same bytes for the same numbers."""
    core = model.core
    numbers: dict[str, Any] = (
        {"intercept": core.intercept, "coefficients": core.coefficients.tolist()}
        if isinstance(core, Linear)
        else core.to_json()
    )
    content = {
        "format": FORMAT,
        "kind": model.kind,
        "features": list(FEATURES),
        "knots": list(KNOTS),
        "low": model.low.tolist(),
        "high": model.high.tolist(),
        "core": numbers,
        "shapes": model.shapes.to_json(),
        "training": model.training,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def fingerprint(raw: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(raw).hexdigest()


def load(raw: bytes, sha256: str) -> Model:
    """Read an artifact whose hash is known. Raises InvalidInput when hash or shape differ."""
    found = fingerprint(raw)
    if found != sha256:
        raise InvalidInput(
            f"This model is not the one that was stored (sha256 {found[:12]}…, expected "
            f"{sha256[:12]}…). It is not used; train or install it again."
        )
    try:
        return _read(json.loads(raw))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"This model cannot be read: {error}. Train it again.") from error


def _read(data: dict[str, Any]) -> Model:
    if data["format"] != FORMAT or data["kind"] not in KINDS:
        raise ValueError(f"format {data['format']}, kind {data['kind']}")
    if tuple(data["features"]) != FEATURES or tuple(data["knots"]) != KNOTS:
        raise ValueError("it was trained on other features")
    low, high = (np.array(data[name], dtype=np.float64) for name in ("low", "high"))
    if low.shape != (len(FEATURES),) or high.shape != low.shape or not (low <= high).all():
        raise ValueError("its feature ranges are incomplete")
    return Model(
        kind=data["kind"],
        core=_core(data["kind"], data["core"]),
        shapes=Shapes.from_json(data["shapes"]),
        low=low,
        high=high,
        training=dict(data["training"]),
    )


def _core(kind: str, data: dict[str, Any]) -> Linear | Forest:
    columns = len(FEATURES) + 1
    if kind == "boosted":
        return Forest.from_json(data, columns)
    coefficients = np.array(data["coefficients"], dtype=np.float64)
    if coefficients.shape != (columns,) or not np.isfinite(coefficients).all():
        raise ValueError("its coefficients are incomplete")
    return Linear(float(data["intercept"]), coefficients)
