"""A trading day from its bar: a deterministic minute path O→…→C for the replayed market.

Seeded by (symbol, date), so that every process walks the same day. The path starts at the open,
ends at the close, touches the day's high and low exactly and never leaves them. Prices are whole
ticks of the bar: 2 places, or as many as the bar itself uses (up to 4).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from random import Random

MIN_PLACES, MAX_PLACES = 2, 6
_AUCTION_SHARE = 0.03
"""Share of the day's volume that trades in the opening auction."""


@dataclass(frozen=True, slots=True)
class DayBar:
    """The whole day as history knows it."""

    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class PathPoint:
    """What a quote shows at a minute: the price, and the day so far over all minutes up to it."""

    price: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: float


@dataclass(frozen=True, slots=True)
class DayPath:
    """A walked day: one point per minute, from the open (0) to the close (`minutes`)."""

    minutes: int
    places: int
    ticks: tuple[int, ...]
    """Prices in ticks of 10^−places, `minutes` + 1 of them."""
    highs: tuple[int, ...]
    lows: tuple[int, ...]
    volumes: tuple[float, ...]
    """Running extremes and cumulative volume."""

    def at(self, minute: int) -> PathPoint:
        """The quote of a minute; before the open it is the open, after the close the close."""
        m = min(max(minute, 0), self.minutes)
        return PathPoint(
            price=self._price(self.ticks[m]),
            open=self._price(self.ticks[0]),
            high=self._price(self.highs[m]),
            low=self._price(self.lows[m]),
            volume=self.volumes[m],
        )

    def _price(self, tick: int) -> Decimal:
        return Decimal(tick).scaleb(-self.places)


@lru_cache(maxsize=4096)
def walk(symbol: str, day: date, bar: DayBar, minutes: int) -> DayPath:
    """Walk a day of `minutes` market minutes (390, or 210 on a half day; at least 4)."""
    if minutes < 4:
        raise ValueError(f"a session has at least 4 minutes, not {minutes}")
    places = decimal_places(bar)
    first, top, bottom, last = (
        round(price * 10**places) for price in (bar.open, bar.high, bar.low, bar.close)
    )
    seed = hashlib.sha256(f"{symbol}|{day.isoformat()}".encode()).digest()
    # Only random() is used: its sequence for a seed is fixed across Python versions.
    draw = Random(int.from_bytes(seed, "big")).random
    anchors = _anchors(draw, first, top, bottom, last, minutes)
    ticks = _bridge(draw, anchors, top, bottom)
    return DayPath(
        minutes,
        places,
        tuple(ticks),
        tuple(_running(ticks, max)),
        tuple(_running(ticks, min)),
        tuple(_volumes(bar.volume, minutes)),
    )


def decimal_places(bar: DayBar) -> int:
    """How many decimals the bar's own prices use: at least 2, at most 6."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    used = max(-_exponent(Decimal(repr(float(price)))) for price in prices)
    return min(max(used, MIN_PLACES), MAX_PLACES)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "a bar's prices are finite"
    return exponent


def _anchors(
    draw: Callable[[], float], first: int, top: int, bottom: int, last: int, minutes: int
) -> list[tuple[int, int]]:
    """(minute, price) of open, both extremes, close. A rising day mostly dips before it peaks."""
    low_first_odds = 0.5 if last == first else 0.75 if last > first else 0.25
    low_first = draw() < low_first_odds
    early, late = _two_minutes(draw, minutes)
    low_at, high_at = (early, late) if low_first else (late, early)
    points = {0: first, minutes: last}
    # An extreme that is the open or the close itself needs no second visit.
    if top not in (first, last):
        points[high_at] = top
    if bottom not in (first, last):
        points[low_at] = bottom
    return sorted(points.items())


def _two_minutes(draw: Callable[[], float], minutes: int) -> tuple[int, int]:
    """Two inner minutes in order, likelier near the day's ends, where extremes gather.

    They keep some distance from each other and from the ends, so that no minute leaps.
    """
    apart, margin = max(1, minutes // 20), minutes // 40
    slots = minutes - 1 - apart - 2 * margin

    def pick() -> int:
        arcsine = (1 - math.cos(math.pi * draw())) / 2
        return min(int(arcsine * slots), slots - 1)

    one, other = sorted((pick(), pick()))
    return 1 + margin + one, 1 + margin + other + apart


def _bridge(
    draw: Callable[[], float], anchors: list[tuple[int, int]], top: int, bottom: int
) -> list[int]:
    """Random walks tied to the anchors, folded back into the day's range, in whole ticks."""
    ticks = [anchors[0][1]]
    step = (top - bottom) / math.sqrt(anchors[-1][0]) * 0.6
    for (start, begin), (end, target) in pairwise(anchors):
        price = float(begin)
        for minute in range(start + 1, end):
            left = end - minute + 1
            noise = (draw() + draw() + draw() - 1.5) * 2 * step * math.sqrt((left - 1) / left)
            price = _fold(price + (target - price) / left + noise, bottom, top)
            ticks.append(min(max(round(price), bottom), top))
        ticks.append(target)
    return ticks


def _fold(price: float, bottom: int, top: int) -> float:
    """Mirror what oversteps a bound back inside."""
    if price > top:
        price = 2 * top - price
    elif price < bottom:
        price = 2 * bottom - price
    return min(max(price, bottom), top)


def _running(ticks: list[int], pick: Callable[[int, int], int]) -> list[int]:
    out = [ticks[0]]
    for tick in ticks[1:]:
        out.append(pick(out[-1], tick))
    return out


def _volumes(total: float, minutes: int) -> list[float]:
    """Cumulative volume in whole shares: an opening auction, then a U over the day, then all."""
    weights = [1.0 + 2.0 * (2 * (m + 0.5) / minutes - 1) ** 2 for m in range(minutes)]
    scale = (1 - _AUCTION_SHARE) / math.fsum(weights)
    out, share = [], _AUCTION_SHARE
    for weight in [0.0, *weights]:
        share += weight * scale
        out.append(float(math.floor(total * share)))
    out[-1] = total
    return out
