"""Parameter grids: read from JSON, counted before they are made, and kept within limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from stocksite.backtest.bars import Floats, Ints
from stocksite.backtest.strategies import Parameter, Strategy, build, strategy_class
from stocksite.backtest.terms import Exits
from stocksite.core.errors import InvalidInput

MAX_COMBINATIONS: Final = 250_000
"""The largest grid the kernels are given."""
MAX_LOOPED: Final = 2_000
"""The largest grid of a strategy that needs the bar loop."""
MAX_AXES: Final = 3

EXIT_AXES: Final[Mapping[str, Parameter]] = {
    name: Parameter(name, kind, None, low, high, meaning)
    for name, kind, low, high, meaning in (
        ("stop_loss_pct", "float", 0.01, 99, "Percent below the entry price."),
        ("take_profit_pct", "float", 0.01, 10_000, "Percent above the entry price."),
        ("trailing_stop_pct", "float", 0.01, 99, "Percent below the highest price since entry."),
        ("max_holding", "int", 1, 10_000, "Bars after which a position is sold."),
    )
}
"""What a grid may vary besides the strategy's own parameters."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One varied parameter and its values, ascending as given."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A strategy's parameters: some fixed, one to three varied.

    `index`, shape (m, axes), holds the combinations that go together (fast < slow, say) as
    positions on the axes, the last axis running fastest.
    """

    strategy: str
    axes: tuple[Axis, ...]
    fixed: Mapping[str, Any]
    index: Ints

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """Values per axis."""
        return tuple(len(axis.values) for axis in self.axes)

    def parameters(self, i: int) -> dict[str, Any]:
        """Everything that combination i sets, exits included."""
        chosen = {
            axis.name: axis.values[position]
            for axis, position in zip(self.axes, self.index[i], strict=True)
        }
        return {**self.fixed, **chosen}

    def of(self, i: int) -> tuple[Strategy, Exits]:
        """The strategy of combination i, and the exits the grid sets."""
        given = self.parameters(i)
        exits = {name: given.pop(name) for name in list(given) if name in EXIT_AXES}
        return build(self.strategy, given), replace(Exits(), **exits)

    def matrix(self, values: Floats) -> Floats:
        """One figure per combination as an array over the axes; NaN where there is none."""
        out = np.full(self.shape, np.nan)
        out[tuple(self.index.T)] = values
        return out


def read_grid(strategy: str, raw: Mapping[str, Any], *, looped: bool = False) -> Grid:
    """A grid from JSON: each parameter a number, a list, or {"from", "to", "step"}.

    InvalidInput for unknown names, values out of range, more than three varied parameters, no
    valid combination, or too many: that one names a coarser grid that fits.
    """
    declared = {p.name: p for p in strategy_class(strategy).parameters()} | dict(EXIT_AXES)
    fixed: dict[str, Any] = {}
    spans: dict[str, _Span] = {}
    for name, given in raw.items():
        if name not in declared:
            raise InvalidInput.of_field(
                f"parameters.{name}", f"{strategy} has no {name}; it has {', '.join(declared)}."
            )
        if isinstance(given, (list, Mapping)) and declared[name].type != "rules":
            spans[name] = _span(declared[name], given)
        elif declared[name].type == "rules":
            fixed[name] = given
        else:
            fixed[name] = _value(declared[name], given, f"parameters.{name}")
    _check_size(spans, MAX_LOOPED if looped else MAX_COMBINATIONS)
    axes = tuple(Axis(name, span.values()) for name, span in spans.items())
    grid = Grid(strategy, axes, fixed, _all_positions(axes))
    return _only_valid(grid, declared)


@dataclass(frozen=True, slots=True)
class _Span:
    """Values not yet spelled out: a list, or first, step and count."""

    listed: tuple[float, ...] = ()
    first: float = 0.0
    step: float = 0.0
    count: int = 0
    whole: bool = False

    def __len__(self) -> int:
        return len(self.listed) or self.count

    def values(self) -> tuple[float, ...]:
        if self.listed:
            return self.listed
        made = (self.first + i * self.step for i in range(self.count))
        return tuple(int(v) if self.whole else round(v, 9) for v in made)


def _span(parameter: Parameter, given: Any) -> _Span:
    field = f"parameters.{parameter.name}"
    if isinstance(given, list):
        if not 1 <= len(given) <= MAX_COMBINATIONS:
            raise InvalidInput.of_field(field, "List at least one value.")
        return _Span(tuple(_value(parameter, each, field) for each in given))
    if not {"from", "to"} <= set(given) <= {"from", "to", "step"}:
        raise InvalidInput.of_field(field, "A range has from, to and step.")
    first, last = (_value(parameter, given[end], field) for end in ("from", "to"))
    step = given.get("step", 1)
    if isinstance(step, bool) or not isinstance(step, (int, float)) or not 0 < step < math.inf:
        raise InvalidInput.of_field(field, "The step is a number above zero.")
    whole = parameter.type == "int"
    if whole and step != int(step):
        raise InvalidInput.of_field(field, f"{parameter.name} is whole; so must the step be.")
    if last < first:
        raise InvalidInput.of_field(field, f"The range runs from {first:g} down to {last:g}.")
    return _Span((), first, step, int((last - first) / step + 1e-9) + 1, whole)


def _value(parameter: Parameter, raw: Any, field: str) -> float:
    low, high = parameter.low or 0, parameter.high or 0
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not low <= raw <= high:
        raise InvalidInput.of_field(
            field, f"Values of {parameter.name} are numbers from {low:g} to {high:g}."
        )
    if parameter.type == "int" and raw != int(raw):
        raise InvalidInput.of_field(field, f"{parameter.name} is whole; {raw:g} is not.")
    return int(raw) if parameter.type == "int" else float(raw)


def _check_size(spans: Mapping[str, _Span], limit: int) -> None:
    if not 1 <= len(spans) <= MAX_AXES:
        raise InvalidInput.of_field(
            "parameters", f"Vary one to {MAX_AXES} parameters by giving lists or ranges."
        )
    total = math.prod(len(span) for span in spans.values())
    if total <= limit:
        return
    raise InvalidInput(
        f"That is {total:,} combinations; at most {limit:,} are tried at once. "
        f"A coarser grid that fits: {_coarser(spans, limit)}.",
        code="grid-too-large",
        members={"combinations": total, "limit": limit},
    )


def _coarser(spans: Mapping[str, _Span], limit: int) -> str:
    """Steps widened by one factor on every axis until the grid fits, in words."""
    total = math.prod(len(span) for span in spans.values())
    factor = max(int((total / limit) ** (1 / len(spans))), 2)
    while math.prod(math.ceil(len(span) / factor) for span in spans.values()) > limit:
        factor += 1
    words = []
    for name, span in spans.items():
        if span.listed:
            words.append(f"{name} with {math.ceil(len(span) / factor)} values")
        else:
            words.append(f"{name} in steps of {span.step * factor:g}")
    return ", ".join(words)


def _all_positions(axes: tuple[Axis, ...]) -> Ints:
    shape = tuple(len(axis.values) for axis in axes)
    return np.stack([each.ravel() for each in np.indices(shape)], axis=1)


def _only_valid(grid: Grid, declared: Mapping[str, Parameter]) -> Grid:
    """Drop combinations that do not go together; InvalidInput when none is left."""
    low, high = _ORDERED.get(grid.strategy, ("", ""))
    if low:
        default = {name: parameter.default for name, parameter in declared.items()}
        left, right = (_column(grid, name, default) for name in (low, high))
        grid = replace(grid, index=grid.index[left < right])
    if not len(grid):
        raise InvalidInput.of_field(
            f"parameters.{high}", f"No combination is left: {low} must be smaller than {high}."
        )
    grid.of(0)  # Fixed parameters are checked like those of a single run.
    return grid


def merged_exits(base: Exits, varied: Exits) -> Exits:
    """`base`, with every exit that `varied` sets put in its place."""
    given = {name: getattr(varied, name) for name in EXIT_AXES}
    return replace(base, **{name: value for name, value in given.items() if value is not None})


_ORDERED: Final = {
    "sma_cross": ("fast", "slow"),
    "ema_cross": ("fast", "slow"),
    "macd": ("fast", "slow"),
    "rsi": ("buy_below", "sell_above"),
}


def _column(grid: Grid, name: str, default: Mapping[str, Any]) -> Floats:
    for i, axis in enumerate(grid.axes):
        if axis.name == name:
            return np.asarray(axis.values, dtype=np.float64)[grid.index[:, i]]
    value = grid.fixed.get(name, default[name])
    return np.full(len(grid), float(value))
