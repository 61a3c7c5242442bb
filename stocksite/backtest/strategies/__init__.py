"""The strategies there are, and the one way to make one from what a person sent."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from stocksite.backtest.strategies.base import Parameter, Signals, SignalStrategy, Strategy
from stocksite.backtest.strategies.builder import Rules
from stocksite.backtest.strategies.reversion import Bollinger, Dip, PercentMove, Rsi
from stocksite.backtest.strategies.saving import BuyAndHold, Dca
from stocksite.backtest.strategies.trend import Donchian, EmaCross, Macd, Momentum, SmaCross
from stocksite.core.errors import FieldError, InvalidInput

__all__ = [
    "STRATEGIES",
    "BuyAndHold",
    "Dca",
    "Dip",
    "Momentum",
    "Parameter",
    "PercentMove",
    "Rules",
    "SignalStrategy",
    "Signals",
    "SmaCross",
    "Strategy",
    "build",
    "describe",
    "strategy_class",
]

STRATEGIES: Final[Mapping[str, type[Strategy]]] = {
    cls.name: cls
    for cls in (
        BuyAndHold,
        Dca,
        SmaCross,
        EmaCross,
        Dip,
        PercentMove,
        Rsi,
        Bollinger,
        Macd,
        Donchian,
        Momentum,
        Rules,
    )
}
"""Every strategy by its name in the JSON contract."""


def strategy_class(name: str) -> type[Strategy]:
    """The strategy of that name; InvalidInput lists the names there are."""
    found = STRATEGIES.get(name)
    if found is None:
        raise InvalidInput.of_field(
            "strategy", f"There is no strategy {name!r}; choose one of {', '.join(STRATEGIES)}."
        )
    return found


def build(name: str, parameters: Mapping[str, Any]) -> Strategy:
    """A strategy with parameters as JSON gave them, defaults for the rest.

    InvalidInput with one FieldError per parameter that is unknown, of the wrong type or out of
    range. Whole numbers may come as 20 or 20.0, never as text or booleans.
    """
    cls = strategy_class(name)
    if cls is Rules:
        return Rules.of(dict(parameters))
    declared = {parameter.name: parameter for parameter in cls.parameters()}
    faults: list[FieldError] = []
    values: dict[str, float] = {}
    for key, raw in parameters.items():
        if key not in declared:
            known = ", ".join(declared) or "none"
            faults.append(FieldError(f"parameters.{key}", f"{name} has no {key}; it has {known}."))
            continue
        value, fault = _number(declared[key], raw)
        if fault:
            faults.append(FieldError(f"parameters.{key}", fault))
        else:
            values[key] = value
    if faults:
        raise InvalidInput(faults[0].detail, fields=tuple(faults))
    strategy = cls(**values)
    strategy.check()
    return strategy


def describe(cls: type[Strategy]) -> dict[str, Any]:
    """What `/api/strategies/` says about one strategy."""
    return {
        "name": cls.name,
        "title": cls.title,
        "meaning": cls.meaning,
        "several_symbols": cls.several,
        "parameters": [
            {
                "name": p.name,
                "type": p.type,
                "default": p.default,
                "minimum": p.low,
                "maximum": p.high,
                "meaning": p.meaning,
            }
            for p in cls.parameters()
        ],
    }


def _number(parameter: Parameter, raw: Any) -> tuple[float, str]:
    low, high = parameter.low or 0, parameter.high or 0
    span = f"from {low:g} to {high:g}"
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not isfinite(raw):
        return 0, f"{parameter.name} must be a number {span}."
    if not low <= raw <= high:
        return 0, f"{parameter.name} must lie {span}, not {raw:g}."
    if parameter.type == "int":
        if raw != int(raw):
            return (
                0,
                f"{parameter.name} counts whole days or symbols, {span}; {raw:g} is not whole.",
            )
        return int(raw), ""
    return float(raw), ""
