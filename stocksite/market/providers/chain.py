"""The fallback chain: who is asked first, who next, and what every one of them said.

A provider is skipped when it does not declare the capability, does not cover the instrument, or
its breaker is open. One answer is one provider's: results are never mixed here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stocksite.market.providers.base import Capability, Instrument
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import (
    NoData,
    NoProvider,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from stocksite.market.traffic.breaker import Breaker

T = TypeVar("T")

ORDER: dict[Capability, tuple[str, ...]] = {
    Capability.DAILY_BARS: ("massive", "yahoo", "alpha_vantage", "sample"),
    Capability.OPEN_CLOSE: ("massive", "sample"),
    Capability.QUOTE: ("yahoo", "alpha_vantage", "massive", "sample"),
    Capability.BULK_QUOTES: ("yahoo",),
    Capability.BULK_EOD: ("massive", "sample"),
    Capability.SEARCH: ("massive", "alpha_vantage", "sample"),
    Capability.PROFILE: ("massive", "alpha_vantage", "sample"),
    Capability.PEERS: ("marketwatch", "massive"),
    Capability.PERFORMANCE: ("marketwatch",),
    Capability.CORPORATE_ACTIONS: ("massive", "yahoo", "alpha_vantage", "sample"),
}
"""Who is asked for what, in order. Bulk and history first from who gives most for one request."""
BUSY_S = 90.0
"""So long a pause is worth waiting for; after a longer one the next provider is asked."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """An answer and where it came from."""

    value: T
    provider: str
    failures: tuple[ProviderError, ...] = ()
    """What those before it said."""


class ProviderChain:
    """The providers that are switched on, behind their breakers."""

    def __init__(self, sources: Sequence[MarketSource], breaker: Breaker) -> None:
        self.sources = {source.name: source for source in sources}
        self.breaker = breaker

    def candidates(
        self,
        capability: Capability,
        inst: Instrument | None = None,
        skip: Collection[str] = (),
    ) -> Iterator[MarketSource]:
        """Who could answer, in order."""
        for name in ORDER[capability]:
            source = self.sources.get(name)
            if source is None or name in skip or capability not in source.capabilities:
                continue
            if inst is None or source.supports(inst):
                yield source

    def ask(
        self,
        capability: Capability,
        call: Callable[[Any], T],
        inst: Instrument | None = None,
        *,
        skip: Collection[str] = (),
        patient: bool = False,
    ) -> Asked[T]:
        """The first good answer. `call` gets the provider and calls the capability's method.

        `patient` callers come back in a minute when the preferred provider is busy (`is_busy`),
        rather than take less from the next one and spend its budget.
        When nobody answers, raises the most telling of the errors: UnknownSymbol only when all
        who were asked know of nothing, NoProvider when there was nobody to ask.
        """
        failures: list[ProviderError] = []
        for source in self.candidates(capability, inst, skip):
            try:
                value = self.through(source, capability, call)
            except ProviderError as error:
                if patient and is_busy(error):
                    raise
                failures.append(error)
            else:
                return Asked(value, source.name, tuple(failures))
        if not failures:
            what = f" for {inst.symbol}" if inst else ""
            raise NoProvider("chain", f"no provider is switched on that gives {capability}{what}")
        raise most_telling(failures)

    def through(self, source: MarketSource, capability: Capability, call: Callable[[Any], T]) -> T:
        """One provider's answer, its breaker asked before and told after."""
        self.breaker.check(source.name, capability)
        try:
            value = call(source)
        except ProviderError as error:
            if isinstance(error, (UnknownSymbol, NoData)):
                self.breaker.succeeded(source.name, capability)
            else:
                self.breaker.failed(source.name, capability, error)
            raise
        self.breaker.succeeded(source.name, capability)
        return value


def is_busy(error: ProviderError) -> bool:
    """Whether a provider only allows no more requests for the moment."""
    return isinstance(error, RateLimited) and (error.retry_after_s or 0.0) <= BUSY_S


def most_telling(failures: Sequence[ProviderError]) -> ProviderError:
    """The error that decides what happens next.

    As long as one provider might still know, nobody may conclude that a symbol does not exist.
    """
    passing = [e for e in failures if not isinstance(e, (UnknownSymbol, NoData))]
    if passing:
        return min(passing, key=lambda error: error.retry_after_s or 0.0)
    unknown = [e for e in failures if isinstance(e, UnknownSymbol)]
    return unknown[0] if unknown else failures[0]
