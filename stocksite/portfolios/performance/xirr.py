"""XIRR: the money-weighted yearly rate, or the reason why there is none to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np

from stocksite.portfolios.performance.series import FloatArray

_LOWEST_RATE: Final = -0.9999
_HIGHEST_RATE: Final = 10.0
_DAYS_PER_YEAR: Final = 365.0
_NARROWEST: Final = 1e-7
"""An interval of log rates this narrow in which the balance may still turn: it touches zero."""
_SAME_ROOT: Final = 2 * _NARROWEST
_MOST_INTERVALS: Final = 4000
"""Flows that need more have rates too close to tell apart; ten years of daily flows need 260."""
_ROUNDING: Final = 1e-14


class XirrRefusal(StrEnum):
    """Why no rate is shown."""

    TOO_SHORT = "too-short"
    NO_SIGN_CHANGE = "no-sign-change"
    SEVERAL_ROOTS = "several-roots"
    OUT_OF_RANGE = "out-of-range"


@dataclass(frozen=True, slots=True)
class Xirr:
    """A yearly rate as a fraction, or the reason for its absence with a sentence for people.

    `roots` holds the rates found in range: one when `rate` is given, all of them for SEVERAL_ROOTS,
    as far as they can be told apart (one if the balance only touches zero there).
    """

    rate: float | None
    refusal: XirrRefusal | None = None
    detail: str = ""
    roots: tuple[float, ...] = ()


def xirr(flows: Sequence[tuple[date, Decimal]], *, min_days: int = 30) -> Xirr:
    """The rate r at which sum CF_i / (1 + r)^(d_i / 365) = 0 (actual/365), within (-0.9999, 10].

    Flows as the investor sees them: deposits negative, withdrawals and the final value positive,
    in any order; those of one day are netted. Refused: spans below `min_days` days, flows of one
    sign, more than one rate that fits, and none in range. All rates in range are found, or
    excluded, by interval bisection, so a second one cannot hide.
    """
    netted = _netted(flows)
    span_days = (netted[-1][0] - netted[0][0]).days if netted else 0
    if span_days < min_days:
        return Xirr(
            None,
            XirrRefusal.TOO_SHORT,
            f"The flows span {span_days} days; a yearly rate says something from {min_days} on.",
        )
    amounts = np.array([float(amount) for _, amount in netted], dtype=np.float64)
    changes = int(np.count_nonzero(np.diff(np.sign(amounts))))
    if changes == 0:
        return Xirr(
            None,
            XirrRefusal.NO_SIGN_CHANGE,
            "Money went one way only; a rate needs money paid in and money to show for it.",
        )
    first = netted[0][0]
    years = np.array([(day - first).days for day, _ in netted], dtype=np.float64) / _DAYS_PER_YEAR
    return _answer(*_Balance(amounts, years).roots(simple=changes == 1))


def _netted(flows: Sequence[tuple[date, Decimal]]) -> list[tuple[date, Decimal]]:
    by_day: dict[date, Decimal] = {}
    for day, amount in flows:
        by_day[day] = by_day.get(day, Decimal(0)) + amount
    return sorted((day, amount) for day, amount in by_day.items() if amount)


def _answer(log_rates: list[float], touching: bool) -> Xirr:
    rates = tuple(min(math.expm1(root), _HIGHEST_RATE) for root in log_rates)
    if len(rates) == 1 and not touching:
        return Xirr(rates[0], roots=rates)
    if not rates and not touching:
        return Xirr(
            None,
            XirrRefusal.OUT_OF_RANGE,
            f"No rate between {_LOWEST_RATE:.2%} and {_HIGHEST_RATE:,.0%} a year fits the flows.",
        )
    several = "Yearly rates too close to tell apart fit" if touching else "More than one rate fits"
    listed = " and ".join(dict.fromkeys(f"{rate:.2%}" for rate in rates)) or "none found apart"
    return Xirr(
        None,
        XirrRefusal.SEVERAL_ROOTS,
        f"{several} these flows ({listed}), so none is the answer.",
        rates,
    )


class _Balance:
    """g(s) = sum CF_i * exp(-s * (t_i - c)) over s = log(1 + r): zero where the rate fits.

    The shift c, an average of the times, changes no root and keeps interval bounds tight.
    """

    def __init__(self, amounts: FloatArray, years: FloatArray) -> None:
        self.amounts = amounts / np.abs(amounts).max()
        weights = np.abs(self.amounts)
        self.times = years - float(np.dot(weights, years) / weights.sum())
        self.slopes = -self.amounts * self.times
        self.curvatures = -self.slopes * self.times

    def at(self, log_rate: float) -> float:
        exponents = -log_rate * self.times
        return float(np.dot(self.amounts, np.exp(exponents - exponents.max())))

    def roots(self, *, simple: bool) -> tuple[list[float], bool]:
        """All roots in range, ascending, and whether g only touches zero at one of them.

        `simple` when the flows change sign once: then at most one root exists (Descartes' rule of
        signs) and nothing needs to be searched.
        """
        low, high = math.log1p(_LOWEST_RATE), math.log1p(_HIGHEST_RATE) + 1e-12
        if simple:
            return self._root_between(low, high), False
        found: list[float] = []
        touching = False
        waiting = [(low, high)]
        for _ in range(_MOST_INTERVALS):
            if not waiting:
                break
            left, right = waiting.pop()
            may_vanish, may_turn = self._bounds(left, right)
            if not may_vanish:
                continue
            if not may_turn:
                found += self._root_between(left, right)
            elif right - left < _NARROWEST:
                found.append(right)
                touching = True
            else:
                middle = (left + right) / 2.0
                waiting += [(left, middle), (middle, right)]
        touching = touching or bool(waiting)
        return _distinct(sorted(found)) if touching else sorted(found), touching

    def _bounds(self, left: float, right: float) -> tuple[bool, bool]:
        """Whether g, and whether its derivative, may be 0 anywhere between the two.

        By the mean value theorem a function is 0 within half a width h of the middle m only if
        |f(m)| <= h * max |f'|; max |f'| is enclosed by the ends, as every term is monotone.
        """
        middle, half = (left + right) / 2.0, (right - left) / 2.0
        exponents = np.outer((left, middle, right), -self.times)
        at_left, at_middle, at_right = np.exp(exponents - exponents.max())
        answers = []
        for weights, slopes in ((self.amounts, self.slopes), (self.slopes, self.curvatures)):
            lower, upper = slopes * at_left, slopes * at_right
            steepest = max(-np.minimum(lower, upper).sum(), np.maximum(lower, upper).sum())
            terms = weights * at_middle
            slack = _ROUNDING * np.abs(terms).sum()
            answers.append(bool(abs(terms.sum()) <= half * steepest + slack))
        return answers[0], answers[1]

    def _root_between(self, left: float, right: float) -> list[float]:
        """The root in (left, right], where g has at most one, bisected to the last bit."""
        ends = self.at(left), self.at(right)
        if ends[0] == 0.0:
            return []
        if ends[1] == 0.0:
            return [right]
        if (ends[0] > 0.0) == (ends[1] > 0.0):
            return []
        rising = ends[1] > 0.0
        while left < (middle := (left + right) / 2.0) < right:
            if (self.at(middle) > 0.0) == rising:
                right = middle
            else:
                left = middle
        return [middle]


def _distinct(ascending: list[float]) -> list[float]:
    """One root for each run of neighbours that cannot be told apart."""
    return [
        root
        for position, root in enumerate(ascending)
        if position == 0 or root - ascending[position - 1] > _SAME_ROOT
    ]
