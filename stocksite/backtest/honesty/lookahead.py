"""The look-ahead self-check: give a strategy another future and see whether its past changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stocksite.backtest.bars import Floats, Ints, Market, Prices
from stocksite.backtest.engine import run
from stocksite.backtest.strategies import Signals, SignalStrategy, Strategy
from stocksite.backtest.terms import R1, Terms

CUTS_IN_WARM_UP: Final = 4
CUTS_LATER: Final = 8
_FUTURES: Final = (("up", 0.02), ("down", -0.02))

Decisions = Callable[[Market, int], object]
"""(market, k) -> every decision before bar k, as something that can be compared with ==."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Bars from `cut` on were replaced by a future that went up or down, and the past changed."""

    cut: int
    future: str


@dataclass(frozen=True, slots=True)
class LookAheadCheck:
    """`passed` when no decision before a cut depended on bars from the cut on."""

    findings: tuple[Finding, ...]
    futures_tried: int

    @property
    def passed(self) -> bool:
        """Whether the strategy only looked back."""
        return not self.findings


def check_look_ahead(
    decisions: Decisions, market: Market, warm_up: int, seed: int = 0
) -> LookAheadCheck:
    """Replace all bars from k on by another future; every decision before k must stay the same.

    4 cuts inside the warm-up (back-filled indicators leak there) and 8 later, each with a rising
    and a falling future. `seed` makes the futures repeatable.
    """
    n = len(market)
    rng = np.random.default_rng(seed)
    findings = []
    tried = 0
    for cut in cut_bars(n, warm_up):
        expected = decisions(market, cut)
        for name, drift in _FUTURES:
            tried += 1
            if decisions(other_future(market, cut, drift, rng), cut) != expected:
                findings.append(Finding(cut, name))
    return LookAheadCheck(tuple(findings), tried)


def cut_bars(n: int, warm_up: int) -> list[int]:
    """Where the future is exchanged, ascending; fewer than 12 bars of history give fewer cuts."""
    early = min(max(warm_up, CUTS_IN_WARM_UP + 1), n - 1)
    inside = np.linspace(1, early, CUTS_IN_WARM_UP + 2)[1:-1]
    later = np.linspace(early, n - 1, CUTS_LATER + 2)[1:-1]
    cuts = {int(cut) for cut in np.concatenate((inside, later))}
    return sorted(cut for cut in cuts if 0 < cut < n)


def decisions_of(strategy: Strategy, terms: Terms = R1, cash: float = 100_000.0) -> Decisions:
    """What to compare for one of our strategies: its signals, or the orders it gives in a run."""
    if isinstance(strategy, SignalStrategy):
        return _SignalsBefore(strategy)
    return lambda market, cut: (
        run(strategy.decider(market), market, cash, terms, stop=cut).decisions
    )


class _SignalsBefore:
    """Signals as bytes; those of the market seen first, the real one, are computed once."""

    def __init__(self, strategy: SignalStrategy) -> None:
        self._strategy = strategy
        self._first: tuple[Market, list[Signals]] | None = None

    def __call__(self, market: Market, cut: int) -> object:
        if self._first is None:
            self._first = (market, [self._strategy.signals(p) for p in market.prices])
        real, known = self._first
        signals = known if market is real else map(self._strategy.signals, market.prices)
        return [(s.enter[:cut].tobytes(), s.leave[:cut].tobytes()) for s in signals]


def other_future(market: Market, cut: int, drift: float, rng: np.random.Generator) -> Market:
    """The market with bars from `cut` on replaced by a noisy path with `drift` a day."""
    return Market(tuple(_other(prices, cut, drift, rng) for prices in market.prices))


def _other(prices: Prices, cut: int, drift: float, rng: np.random.Generator) -> Prices:
    known: Ints = np.flatnonzero(~np.isnan(prices.close[:cut]))
    last = float(prices.close[known[-1]]) if len(known) else 100.0
    moves = drift + 0.03 * rng.standard_normal(len(prices) - cut)
    closes = last * np.exp(np.clip(np.cumsum(moves), -8, 8))
    opens = np.concatenate(([last], closes[:-1])) * (1 + drift / 2)

    def joined(column: Floats, future: Floats) -> Floats:
        return np.concatenate((column[:cut], np.round(future, 4)))

    return replace(
        prices,
        open=joined(prices.open, opens),
        high=joined(prices.high, np.maximum(opens, closes) * 1.01),
        low=joined(prices.low, np.minimum(opens, closes) * 0.99),
        close=joined(prices.close, closes),
        volume=joined(prices.volume, prices.volume[cut:] * (3.0 if drift > 0 else 0.3) + 1),
    )
