"""What a strategy is: a small frozen class that declares its parameters and decides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from stocksite.backtest.bars import Bools, Market, Prices
from stocksite.backtest.orders import Decider, Order, View
from stocksite.core.errors import InvalidInput
from stocksite.portfolios.fills import Side


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a strategy; `type` is `int`, `float` or `rules`."""

    name: str
    type: str
    default: Any
    low: float | None
    high: float | None
    meaning: str


def parameter(default: float, low: float, high: float, meaning: str) -> Any:
    """A dataclass field that is a parameter; whole numbers when the default is an int."""
    kind = "int" if isinstance(default, int) else "float"
    return field(
        default=default, metadata={"type": kind, "low": low, "high": high, "meaning": meaning}
    )


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Per bar: whether to buy when flat, and whether to sell when holding. Shapes (n,)."""

    enter: Bools
    leave: Bools


class Strategy(ABC):
    """Base of all strategies. Instances are values: equal parameters, equal strategy."""

    name: ClassVar[str]
    title: ClassVar[str]
    meaning: ClassVar[str]
    several: ClassVar[bool] = False
    """Whether it trades several symbols from one purse."""
    own_sizing: ClassVar[bool] = False
    """Whether its orders say how much to buy, whatever the run's sizing."""

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """The declared parameters, in order."""
        return tuple(
            Parameter(
                f.name,
                f.metadata["type"],
                f.default,
                f.metadata["low"],
                f.metadata["high"],
                f.metadata["meaning"],
            )
            for f in fields(cls)  # type: ignore[arg-type]  # every strategy is a dataclass
        )

    def check(self) -> None:  # noqa: B027  # most strategies have nothing to check
        """Raise InvalidInput where parameters that are fine alone do not go together."""

    @property
    def warm_up(self) -> int:
        """Bars needed before the first possible signal."""
        return 0

    @abstractmethod
    def decider(self, market: Market) -> Decider:
        """The strategy at work on one run over these (signal) prices."""


class SignalStrategy(Strategy):
    """A strategy of two conditions per symbol: all of it in or out.

    `enter_reads` and `leave_reads` name the parameters each condition depends on, so that a sweep
    computes each condition once.
    """

    enter_reads: ClassVar[tuple[str, ...]] = ()
    leave_reads: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def enter(self, prices: Prices) -> Bools:
        """Where to buy when flat."""

    @abstractmethod
    def leave(self, prices: Prices) -> Bools:
        """Where to sell when holding."""

    def signals(self, prices: Prices) -> Signals:
        """Both conditions."""
        return Signals(self.enter(prices), self.leave(prices))

    def decider(self, market: Market) -> Decider:
        """Follows the signals of each symbol."""
        signals = [self.signals(prices) for prices in market.prices]
        return FollowSignals(signals[0]) if len(signals) == 1 else FollowSeveral(signals)


class FollowSignals:
    """Buys when flat and told to enter, sells when holding and told to leave. One symbol."""

    __slots__ = ("_enter", "_leave")

    def __init__(self, signals: Signals) -> None:
        self._enter: list[bool] = signals.enter.tolist()
        self._leave: list[bool] = signals.leave.tolist()

    def decide(self, now: View) -> Sequence[Order]:
        """See Decider."""
        wanted = self._leave if now.shares[0] else self._enter
        if not wanted[now.t] or now.waiting[0]:
            return ()
        return _SELL if now.shares[0] else _BUY


class FollowSeveral:
    """The same for several symbols, each on its own, from one purse."""

    __slots__ = ("_enter", "_leave")

    def __init__(self, signals: Sequence[Signals]) -> None:
        self._enter: list[list[bool]] = [each.enter.tolist() for each in signals]
        self._leave: list[list[bool]] = [each.leave.tolist() for each in signals]

    def decide(self, now: View) -> Sequence[Order]:
        """See Decider."""
        orders = []
        for symbol, held in enumerate(now.shares):
            wanted = self._leave[symbol] if held else self._enter[symbol]
            if wanted[now.t] and not now.waiting[symbol]:
                orders.append(Order(Side.SELL if held else Side.BUY, symbol))
        return orders


_BUY = (Order(Side.BUY),)
_SELL = (Order(Side.SELL),)


def ordered(low_name: str, low: float, high_name: str, high: float) -> None:
    """InvalidInput unless low < high, naming the second field."""
    if not low < high:
        raise InvalidInput.of_field(
            high_name, f"{high_name} ({high:g}) must be larger than {low_name} ({low:g})."
        )
