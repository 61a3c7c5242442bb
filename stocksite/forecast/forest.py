"""Boosted trees as plain numbers, and a small walker that asks all of them at once.

Trees lie one after the other in flat arrays; a child's index is counted from its tree's root and is
always larger than its parent's, so a walk must end. A leaf has no children: `left` is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stocksite.core.errors import InvalidInput
from stocksite.forecast.terms import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Sum of trees on top of `base`; all arrays but `roots` have one entry per node."""

    base: float
    roots: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats
    """Of leaves; 0 elsewhere."""

    def predict(self, inputs: Floats) -> Floats:
        """Raw sums for rows of inputs (n, columns), shape (n,)."""
        rows = np.arange(len(inputs))[:, None]
        at = np.broadcast_to(self.roots, (len(inputs), len(self.roots))).copy()
        origin = at.copy()
        while True:
            left = self.left[at]
            inner = left > 0
            if not inner.any():
                break
            smaller = inputs[rows, self.feature[at]] <= self.threshold[at]
            at = np.where(inner, origin + np.where(smaller, left, self.right[at]), at)
        out: Floats = self.base + self.value[at].sum(axis=1)
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain lists of numbers."""
        names = ("roots", "feature", "threshold", "left", "right", "value")
        return {"base": self.base} | {name: getattr(self, name).tolist() for name in names}

    @classmethod
    def from_json(cls, data: dict[str, Any], columns: int) -> Forest:
        """Read and check; raises InvalidInput for trees that would not end or look elsewhere."""

        def whole(name: str) -> Ints:
            return np.array(data[name], dtype=np.int64)

        def real(name: str) -> Floats:
            return np.array(data[name], dtype=np.float64)

        forest = cls(
            base=float(data["base"]),
            roots=whole("roots"),
            feature=whole("feature"),
            threshold=real("threshold"),
            left=whole("left"),
            right=whole("right"),
            value=real("value"),
        )
        forest._check(columns)
        return forest

    def _check(self, columns: int) -> None:
        count = len(self.feature)
        sizes = {len(getattr(self, n)) for n in ("threshold", "left", "right", "value")}
        starts = self.roots
        good = (
            sizes == {count}
            and len(starts) > 0
            and int(starts[0]) == 0
            and bool(np.all(np.diff(starts) > 0))
            and int(starts[-1]) < count
        )
        if good:
            node = np.arange(count)
            tree = np.searchsorted(starts, node, side="right") - 1
            local = node - starts[tree]
            size = np.append(starts[1:], count)[tree] - starts[tree]
            inner = self.left > 0
            for child in (self.left[inner], self.right[inner]):
                good = good and bool(np.all((child > local[inner]) & (child < size[inner])))
            good = good and bool(np.all((self.feature >= 0) & (self.feature < columns)))
            good = good and bool(np.all(self.left >= 0))
            good = good and bool(
                np.isfinite(self.threshold).all() and np.isfinite(self.value).all()
            )
        if not good:
            raise InvalidInput("The trees of this model are damaged; train it again.")


def from_sklearn(regressor: Any) -> Forest:
    """The numbers of a fitted `HistGradientBoostingRegressor`; the link is the caller's."""
    trees: Sequence[Any] = [predictor.nodes for (predictor,) in regressor._predictors]
    nodes = np.concatenate(trees)
    leaf = nodes["is_leaf"].astype(bool)
    sizes = np.array([len(tree) for tree in trees])
    return Forest(
        base=float(np.ravel(regressor._baseline_prediction)[0]),
        roots=np.concatenate(([0], np.cumsum(sizes)[:-1])),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, 0, nodes["left"]).astype(np.int64),
        right=np.where(leaf, 0, nodes["right"]).astype(np.int64),
        value=np.where(leaf, nodes["value"], 0.0),
    )
