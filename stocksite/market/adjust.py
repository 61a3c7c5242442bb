"""Adjusting old prices for splits and dividends, as known at a given session.

A price of day d in the shares of day k: p · Π from/to over splits with d < ex-date ≤ k.
With dividends too (total return): each dividend with d < ex-date ≤ k multiplies by c / (c + D),
c being the close of the ex-date and D the cash per share, as in the WIKI Prices data set, where
`adj_close(t−1) / adj_close(t)` carries exactly this factor. Actions after k do not exist yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stocksite.core import money

Adjustment = Literal["raw", "split", "total"]
ADJUSTMENTS: tuple[str, ...] = get_args(Adjustment)

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Split:
    """`ratio_to` new shares for every `ratio_from` old ones from `ex_date` on."""

    ex_date: date
    ratio_to: int
    ratio_from: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash per share, paid to who held the day before `ex_date`."""

    ex_date: date
    amount: float


def price_ratio(splits: Sequence[Split], after: date, upto: date) -> Fraction:
    """What a price of day `after` is multiplied by to be in the shares of day `upto`."""
    ratio = Fraction(1)
    for split in splits:
        if after < split.ex_date <= upto:
            ratio *= Fraction(split.ratio_from, split.ratio_to)
    return ratio


def previous_close(close: float, day: date, splits: Sequence[Split], today: date) -> Decimal:
    """The close of an earlier `day` in today's shares, as money (6 places)."""
    ratio = price_ratio(splits, day, today)
    exact = money.from_observation(close) * ratio.numerator / ratio.denominator
    return money.price(exact)


def split_factors(days: Days, splits: Sequence[Split], known: date) -> Floats:
    """The factor of each day's prices, shape of `days` (ascending); volumes divide by it."""
    factors = np.ones(len(days))
    for split in splits:
        if split.ex_date <= known:
            factors[: _before(days, split.ex_date)] *= split.ratio_from / split.ratio_to
    return factors


def dividend_factors(
    days: Days, closes: Floats, dividends: Sequence[Dividend], known: date
) -> Floats:
    """The factor of each day's prices for dividends alone, from raw closes.

    `days` must reach to `known`, or the dividends after its end cannot be weighed: they are
    ignored. A dividend whose ex-date has no bar is weighed at the first close after it.
    """
    factors = np.ones(len(days))
    for dividend in dividends:
        ex = _before(days, dividend.ex_date)
        if dividend.ex_date <= known and ex < len(days):
            factors[:ex] *= closes[ex] / (closes[ex] + dividend.amount)
    return factors


def _before(days: Days, day: date) -> int:
    """How many of the days lie before `day`."""
    return int(np.searchsorted(days, np.datetime64(day, "D"), side="left"))
