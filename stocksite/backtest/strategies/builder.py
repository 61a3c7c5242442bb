"""The rule builder: conditions over indicators with and/or, read from JSON, run without code.

{"enter": {"all": [{"left": "close", "op": ">", "right": {"indicator": "sma", "window": 50}},
                   {"any": [{"left": {"indicator": "rsi", "window": 14}, "op": "<",
                             "right": 40}]}]},
 "leave": {"any": [{"left": "close", "op": "crosses_below",
                    "right": {"indicator": "ema", "window": 20}}]}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from stocksite.backtest import indicators as ind
from stocksite.backtest.bars import Bools, Floats, Prices
from stocksite.backtest.strategies.base import Parameter, SignalStrategy
from stocksite.core.errors import InvalidInput

MAX_CONDITIONS: Final = 20
MAX_DEPTH: Final = 4

COLUMNS: Final = ("open", "high", "low", "close", "volume")

_WINDOW: Final = ("window", 1, 1000)
_Indicator: TypeAlias = Callable[..., Floats]

INDICATORS: Final[Mapping[str, tuple[tuple[tuple[str, float, float], ...], _Indicator]]] = {
    "sma": ((_WINDOW,), lambda p, window: ind.sma(p.close, window)),
    "ema": ((_WINDOW,), lambda p, window: ind.ema(p.close, window)),
    "rsi": ((_WINDOW,), lambda p, window: ind.rsi(p.close, window)),
    "highest": ((_WINDOW,), lambda p, window: ind.highest(p.high, window)),
    "lowest": ((_WINDOW,), lambda p, window: ind.lowest(p.low, window)),
    "change_pct": ((_WINDOW,), lambda p, window: ind.change(p.close, window)),
    "volatility_pct": ((("window", 2, 1000),), lambda p, window: ind.volatility(p.close, window)),
    "average_volume": ((_WINDOW,), lambda p, window: ind.sma(p.volume, window, per_unit=1)),
    "bollinger_lower": (
        (("window", 2, 1000), ("width", 0.1, 10)),
        lambda p, window, width: ind.bollinger(p.close, window, width)[0],
    ),
    "bollinger_upper": (
        (("window", 2, 1000), ("width", 0.1, 10)),
        lambda p, window, width: ind.bollinger(p.close, window, width)[1],
    ),
    "macd": (
        (("fast", 1, 500), ("slow", 2, 1000)),
        lambda p, fast, slow: ind.ema(p.close, fast) - ind.ema(p.close, slow),
    ),
    "macd_signal": (
        (("fast", 1, 500), ("slow", 2, 1000), ("signal", 1, 500)),
        lambda p, fast, slow, signal: ind.macd(p.close, fast, slow, signal)[1],
    ),
}
"""Indicator: ((parameter, lowest, highest), …) and how it is computed from prices."""

OPERATORS: Final[Mapping[str, Callable[[Floats, Floats], Bools]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "crosses_above": lambda a, b: ind.crossings(a, b)[0],
    "crosses_below": lambda a, b: ind.crossings(a, b)[1],
}


@dataclass(frozen=True, slots=True)
class Operand:
    """A number, a price column, or an indicator with its parameters in declared order."""

    number: float | None = None
    column: str | None = None
    indicator: str | None = None
    arguments: tuple[float, ...] = ()

    def values(self, prices: Prices) -> Floats:
        """One value per bar."""
        if self.number is not None:
            return np.full(len(prices), self.number)
        if self.column is not None:
            column: Floats = getattr(prices, self.column)
            return column if self.column == "volume" else ind.exact(column)
        assert self.indicator is not None
        return INDICATORS[self.indicator][1](prices, *self.arguments)


@dataclass(frozen=True, slots=True)
class Condition:
    """left operator right; false while either side is unknown."""

    left: Operand
    operator: str
    right: Operand

    def holds(self, prices: Prices) -> Bools:
        """Per bar."""
        return OPERATORS[self.operator](self.left.values(prices), self.right.values(prices))


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups joined by and (`every`) or or; an empty group never holds."""

    every: bool
    members: tuple[Condition | Group, ...]

    def holds(self, prices: Prices) -> Bools:
        """Per bar."""
        if not self.members:
            return np.zeros(len(prices), dtype=np.bool_)
        parts = [member.holds(prices) for member in self.members]
        join = np.logical_and if self.every else np.logical_or
        return np.asarray(join.reduce(parts))


NEVER: Final = Group(every=True, members=())


@dataclass(frozen=True, slots=True)
class Rules(SignalStrategy):
    """Two groups of conditions."""

    name = "rules"
    title = "Your own rules"
    meaning = "Buy when one set of conditions holds, sell when another does."

    enter_when: Group = NEVER
    leave_when: Group = NEVER

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """`enter` and `leave`, each a group of conditions."""
        return (
            Parameter("enter", "rules", None, None, None, "Conditions to buy when flat."),
            Parameter("leave", "rules", None, None, None, "Conditions to sell when holding."),
        )

    @classmethod
    def of(cls, raw: Any) -> Rules:
        """Read `{"enter": group, "leave": group}`; InvalidInput names the path of what is wrong."""
        if not isinstance(raw, Mapping) or not set(raw) <= {"enter", "leave"}:
            raise InvalidInput.of_field("rules", "Rules are an object with enter and leave.")
        if "enter" not in raw:
            raise InvalidInput.of_field("rules.enter", "Say when to buy.")
        count = [0]
        leave = raw.get("leave", {"all": []})
        return cls(_group(raw["enter"], "enter", 1, count), _group(leave, "leave", 1, count))

    def enter(self, prices: Prices) -> Bools:
        """The buying conditions."""
        return self.enter_when.holds(prices)

    def leave(self, prices: Prices) -> Bools:
        """The selling conditions."""
        return self.leave_when.holds(prices)

    @property
    def warm_up(self) -> int:
        """The sum of each operand's whole-number parameters, at its largest."""
        return max((int(sum(o.arguments)) for o in _operands(self)), default=0)


def _operands(rules: Rules) -> list[Operand]:
    found: list[Operand] = []
    stack: list[Condition | Group] = [rules.enter_when, rules.leave_when]
    while stack:
        member = stack.pop()
        if isinstance(member, Group):
            stack.extend(member.members)
        else:
            found += [member.left, member.right]
    return found


def _group(raw: Any, path: str, depth: int, count: list[int]) -> Group:
    if depth > MAX_DEPTH:
        raise InvalidInput.of_field(path, f"Groups may be nested {MAX_DEPTH} deep.")
    if not isinstance(raw, Mapping) or len(raw) != 1 or not set(raw) <= {"all", "any"}:
        raise InvalidInput.of_field(path, 'A group is {"all": [...]} or {"any": [...]}.')
    ((joint, members),) = raw.items()
    if not isinstance(members, list):
        raise InvalidInput.of_field(f"{path}.{joint}", "Give a list of conditions.")
    read = []
    for i, member in enumerate(members):
        where = f"{path}.{joint}[{i}]"
        count[0] += 1
        if count[0] > MAX_CONDITIONS:
            raise InvalidInput.of_field(where, f"At most {MAX_CONDITIONS} conditions and groups.")
        nested = isinstance(member, Mapping) and "op" not in member
        read.append(
            _group(member, where, depth + 1, count) if nested else _condition(member, where)
        )
    return Group(joint == "all", tuple(read))


def _condition(raw: Any, path: str) -> Condition:
    if not isinstance(raw, Mapping) or set(raw) != {"left", "op", "right"}:
        raise InvalidInput.of_field(path, "A condition has left, op and right.")
    if raw["op"] not in OPERATORS:
        raise InvalidInput.of_field(f"{path}.op", f"Use one of {', '.join(OPERATORS)}.")
    left = _operand(raw["left"], f"{path}.left")
    return Condition(left, raw["op"], _operand(raw["right"], f"{path}.right"))


def _operand(raw: Any, path: str) -> Operand:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        if not np.isfinite(raw) or abs(raw) > 1e15:
            raise InvalidInput.of_field(path, "Give a number of ordinary size.")
        return Operand(number=float(raw))
    if isinstance(raw, str) and raw in COLUMNS:
        return Operand(column=raw)
    name = raw.get("indicator") if isinstance(raw, Mapping) else None
    if not isinstance(name, str) or name not in INDICATORS:
        known = ", ".join([*COLUMNS, *INDICATORS])
        raise InvalidInput.of_field(path, f"Use a number or one of {known}.")
    wanted = INDICATORS[name][0]
    if set(raw) != {"indicator", *(parameter[0] for parameter in wanted)}:
        needs = ", ".join(parameter[0] for parameter in wanted)
        raise InvalidInput.of_field(path, f"{name} needs exactly: {needs}.")
    return Operand(
        indicator=name,
        arguments=tuple(_argument(raw[n], low, high, f"{path}.{n}") for n, low, high in wanted),
    )


def _argument(raw: Any, low: float, high: float, path: str) -> float:
    """A parameter of an indicator; whole unless its lowest value is not."""
    whole = isinstance(low, int)
    number = isinstance(raw, int if whole else (int, float)) and not isinstance(raw, bool)
    value: float = raw if number else low - 1
    if not low <= value <= high:
        what = "a whole number" if whole else "a number"
        raise InvalidInput.of_field(path, f"Give {what} from {low:g} to {high:g}.")
    return value
