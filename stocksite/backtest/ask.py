"""What a person asked to have backtested: read once, complete, and written back as plain JSON.

An `Ask` names everything that decides the result except the prices, so that equal asks over equal
prices give equal results. Defaults are spelled out when it is read: a stored ask never changes its
meaning when a default does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from stocksite.backtest.grid import EXIT_AXES
from stocksite.backtest.strategies import STRATEGIES, Rules, Strategy, build, strategy_class
from stocksite.backtest.terms import (
    ALL_IN,
    Costs,
    Exits,
    FillAt,
    Rounding,
    Shares,
    Sizing,
    SizingKind,
    Terms,
)
from stocksite.backtest.window import starting_cash
from stocksite.core.errors import InvalidInput

MAX_SYMBOLS: Final = 50
MAX_NESTING: Final = 20
ADJUSTMENTS: Final = ("raw", "split", "total")
DEFAULT_ADJUSTMENT: Final = "split"
DEFAULT_CASH: Final = 100_000.0
_COSTS: Final = {
    "commission_pct": 100.0,
    "commission_per_trade": 1e9,
    "slippage_pct": 99.0,
}
_SIZES: Final = {
    SizingKind.FIXED_FRACTION: (0.0001, 1.0),
    SizingKind.FIXED_CASH: (0.01, 1e12),
    SizingKind.VOLATILITY_TARGET: (0.001, 5.0),
}

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Ask:
    """A backtest as asked. `parameters` are complete; of a sweep they are the grid as sent."""

    strategy: str
    symbols: tuple[str, ...]
    parameters: Mapping[str, Any]
    start: date | None = None
    end: date | None = None
    initial_investment: float = DEFAULT_CASH
    costs: Costs = field(default_factory=Costs)
    adjustment: str = DEFAULT_ADJUSTMENT
    shares: Shares = Shares.WHOLE
    fill: FillAt = FillAt.NEXT_OPEN
    rounding: Rounding = Rounding.NONE
    sizing: Sizing = ALL_IN
    exits: Exits = field(default_factory=Exits)

    @property
    def terms(self) -> Terms:
        """The terms it runs on."""
        return Terms(
            fill=self.fill,
            shares=self.shares,
            rounding=self.rounding,
            costs=self.costs,
            sizing=self.sizing,
            exits=self.exits,
        )

    @property
    def symbol_key(self) -> str:
        """The symbols in one text, in an order of its own: what runs on the same prices share."""
        return ",".join(sorted(self.symbols))

    @property
    def title(self) -> str:
        """In words, for lists and charts."""
        return f"{STRATEGIES[self.strategy].title} on {', '.join(self.symbols)}"

    def make(self) -> Strategy:
        """The strategy, checked."""
        return build(self.strategy, self.parameters)

    def within(self, start: date, end: date) -> Ask:
        """The same, its window pinned to days: later bars change nothing any more."""
        return replace(self, start=start, end=end)

    def same_try(self) -> dict[str, Any]:
        """What makes two asks one try: all but the symbols, the window, and the cash."""
        told = self.plain()
        for name in ("symbols", "start", "end", "initial_investment"):
            del told[name]
        return told

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "strategy": self.strategy,
            "symbols": list(self.symbols),
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "initial_investment": self.initial_investment,
            "parameters": dict(self.parameters),
            "costs": asdict(self.costs),
            "adjustment": self.adjustment,
            "shares": self.shares.value,
            "fill": self.fill.value,
            "rounding": self.rounding.value,
            "sizing": asdict(self.sizing) | {"kind": self.sizing.kind.value},
            "exits": asdict(self.exits),
        }


def read_ask(raw: Mapping[str, Any], *, grid: bool = False) -> Ask:
    """An Ask from JSON values; what is left out gets its default.

    Several symbols without a sizing share the purse in equal parts: all-in would give the first
    everything. InvalidInput names the field for everything that is wrong. With `grid`, parameters
    are left for `read_grid` to judge.
    """
    name = str(raw["strategy"])
    cls = strategy_class(name)
    symbols = _symbols(raw.get("symbols") or (), several=cls.several)
    given = plain_json(raw.get("parameters") or {})
    sizing = raw.get("sizing")
    return Ask(
        strategy=name,
        symbols=symbols,
        parameters=in_order(name, given) if grid else complete(name, given),
        start=_day(raw.get("start")),
        end=_day(raw.get("end")),
        initial_investment=starting_cash(float(raw.get("initial_investment", DEFAULT_CASH))),
        costs=_costs(raw.get("costs") or {}),
        adjustment=_one_of("adjustment", raw.get("adjustment"), ADJUSTMENTS, DEFAULT_ADJUSTMENT),
        shares=_enum("shares", raw.get("shares"), Shares.WHOLE),
        fill=_enum("fill", raw.get("fill"), FillAt.NEXT_OPEN),
        rounding=_enum("rounding", raw.get("rounding"), Rounding.NONE),
        sizing=default_sizing(symbols) if sizing is None else _sizing(sizing),
        exits=_exits(raw.get("exits") or {}),
    )


def complete(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A strategy's parameters with every default spelled out. Raises what `build` raises."""
    strategy = build(name, given)
    if isinstance(strategy, Rules):
        return {"enter": given["enter"], "leave": given.get("leave", {"all": []})}
    return {each.name: getattr(strategy, each.name) for each in strategy.parameters()}


def in_order(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A grid's parameters as they are declared, exits last: the order of the axes decides how
    combinations are numbered, and stored JSON does not keep the order it was sent in.
    """
    declared = [each.name for each in strategy_class(name).parameters()]
    ranked = [each for each in (*declared, *EXIT_AXES) if each in given]
    return {each: given[each] for each in (*ranked, *(set(given) - set(ranked)))}


def plain_json(value: Any, depth: int = 0) -> Any:
    """Numbers as plain int and float, containers as dict and list.

    Raises InvalidInput for what is nested deeper than any parameter can be.
    """
    if depth > MAX_NESTING:
        raise InvalidInput.of_field("parameters", f"They are nested more than {MAX_NESTING} deep.")
    if isinstance(value, Mapping):
        return {str(key): plain_json(each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(each, depth + 1) for each in value]
    if isinstance(value, float):
        return float(value)
    return value


def _symbols(given: Sequence[str], *, several: bool) -> tuple[str, ...]:
    symbols = tuple(dict.fromkeys(given))
    if not symbols:
        raise InvalidInput.of_field("symbol", "Name a symbol, like AAPL.")
    if len(symbols) > MAX_SYMBOLS:
        raise InvalidInput.of_field(
            "symbol", f"{len(symbols)} symbols; at most {MAX_SYMBOLS} share one purse here."
        )
    if several and len(symbols) < 2:
        raise InvalidInput.of_field(
            "symbol", "This strategy chooses among symbols: name at least two, like AAPL, IBM."
        )
    return symbols


def default_sizing(symbols: Sequence[str]) -> Sizing:
    """All-in for one symbol, equal parts for several."""
    if len(symbols) == 1:
        return ALL_IN
    return Sizing(SizingKind.FIXED_FRACTION, 1 / len(symbols))


def _sizing(raw: Mapping[str, Any]) -> Sizing:
    kind = _enum("sizing.kind", raw.get("kind"), SizingKind.ALL_IN)
    if kind is SizingKind.ALL_IN:
        return ALL_IN
    low, high = _SIZES[kind]
    value = _number("sizing.value", raw.get("value"), low, high)
    window = _number("sizing.window", raw.get("window") or 20, 2, 1000)
    return Sizing(kind, value, int(window))


def _costs(raw: Mapping[str, Any]) -> Costs:
    given = {
        name: _number(f"costs.{name}", raw[name], 0.0, high)
        for name, high in _COSTS.items()
        if raw.get(name) is not None
    }
    return Costs(**given)


def _exits(raw: Mapping[str, Any]) -> Exits:
    given: dict[str, Any] = {}
    for name, axis in EXIT_AXES.items():
        if raw.get(name) is None:
            continue
        value = _number(f"exits.{name}", raw[name], axis.low or 0, axis.high or 0)
        if axis.type == "int" and value != int(value):
            raise InvalidInput.of_field(f"exits.{name}", f"{name} is whole; {value:g} is not.")
        given[name] = int(value) if axis.type == "int" else value
    return Exits(**given)


def _number(name: str, raw: Any, low: float, high: float) -> float:
    known = isinstance(raw, (int, float)) and not isinstance(raw, bool) and math.isfinite(raw)
    if not known or not low <= raw <= high:
        raise InvalidInput.of_field(name, f"Give a number from {low:,.10g} to {high:,.14g}.")
    return float(raw)


def _day(raw: Any) -> date | None:
    if raw is None or isinstance(raw, date):
        return raw
    return date.fromisoformat(raw)


def _one_of(name: str, raw: Any, allowed: Sequence[str], default: str) -> str:
    value = default if raw is None else str(raw)
    if value not in allowed:
        raise InvalidInput.of_field(name, f"Use one of: {', '.join(allowed)}.")
    return value


def _enum(name: str, raw: Any, default: E) -> E:
    kind = type(default)
    return kind(_one_of(name, raw, [each.value for each in kind], default.value))
