"""Fans as JSON for the database, and back: short, because most baselines are one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from stocksite.forecast.baselines import NORMAL
from stocksite.forecast.terms import HORIZON, HORIZONS, LEVELS, METHODS, Floats, Spread

_ROOTS = np.sqrt(HORIZONS)


def pack(spreads: dict[str, Spread]) -> dict[str, Any]:
    """Plain numbers by method, 12 places of a log return: what is scored is what is kept."""
    return {method: _pack(spread) for method, spread in spreads.items()}


def _pack(spread: Spread) -> dict[str, Any]:
    out: dict[str, Any]
    if float(np.abs(spread.scale / (spread.scale[0] * _ROOTS) - 1).max()) < 1e-13:
        out = {"daily": float(spread.scale[0])}
    else:
        out = {"scale": _short(spread.scale)}
    if spread.center.any():
        out["center"] = _short(spread.center)
    if spread.shape is not NORMAL and not np.array_equal(spread.shape, NORMAL):
        out["shape"] = _short(spread.shape)
    return out


def _short(values: Floats) -> list[float]:
    short: list[float] = values.round(12).tolist()
    return short


def unpack(packed: dict[str, Any]) -> dict[str, Spread]:
    """Spreads by method, in the order of `METHODS`; methods of a later version are left out."""
    return {method: _unpack(packed[method]) for method in METHODS if method in packed}


def own_band80(packed: dict[str, Any]) -> tuple[float, float]:
    """Log returns of our own model's 80 % band for the first day, published or not."""
    spread = _unpack(packed.get("own") or packed["model"])
    row = spread.quantiles()[0]
    return float(row[LEVELS.index(0.1)]), float(row[LEVELS.index(0.9)])


def _unpack(data: dict[str, Any]) -> Spread:
    scale = data["daily"] * _ROOTS if "daily" in data else np.array(data["scale"])
    center = np.array(data["center"]) if "center" in data else np.zeros(HORIZON)
    return Spread(center, scale, np.array(data["shape"]) if "shape" in data else NORMAL)


def quantiles(packed: dict[str, Any]) -> Floats:
    """Log-return quantiles of every method, shape (methods, 30, 21)."""
    return np.stack([spread.quantiles() for spread in unpack(packed).values()])
