"""Prices as arrays: one symbol's bars, several symbols on one calendar, corporate actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Dates: TypeAlias = NDArray[np.datetime64]

TICKS_PER_UNIT: Final = 1_000_000
"""Prices as whole ticks: 6 places, the scale at which the site stores them."""


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """One symbol's bars: arrays of one length n, oldest first, one currency, prices per share.

    `dates` are exchange-local sessions (datetime64[D]). NaN marks a session without a bar, as when
    symbols with histories of different lengths share a calendar.
    """

    symbol: str
    dates: Dates
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        n = len(self.dates)
        for name in ("open", "high", "low", "close", "volume"):
            array = getattr(self, name)
            if array.shape != (n,):
                raise ValueError(f"{self.symbol}: {name} has shape {array.shape}, not ({n},)")

    def __len__(self) -> int:
        return len(self.dates)

    def part(self, start: int, stop: int) -> Prices:
        """Bars start..stop-1, as views."""
        cut = slice(start, stop)
        return Prices(
            self.symbol,
            self.dates[cut],
            self.open[cut],
            self.high[cut],
            self.low[cut],
            self.close[cut],
            self.volume[cut],
        )

    def scaled(self, factor: Floats, places: int | None = None) -> Prices:
        """Open, high, low and close times `factor` per bar, rounded to `places` where given.

        With factor = adjusted close / close this is the adjusted series. Volume is left alone.
        """
        columns = {name: getattr(self, name) * factor for name in ("open", "high", "low", "close")}
        if places is not None:
            columns = {name: np.round(column, places) for name, column in columns.items()}
        return replace(self, **columns)


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Several symbols on one calendar of n sessions, symbol i being `prices[i]`."""

    prices: tuple[Prices, ...]

    def __post_init__(self) -> None:
        if not self.prices:
            raise ValueError("a market has at least one symbol")
        dates = self.prices[0].dates
        for other in self.prices[1:]:
            if len(other) != len(dates) or not np.array_equal(other.dates, dates):
                raise ValueError(f"{other.symbol} is on another calendar; align it first")

    def __len__(self) -> int:
        return len(self.prices[0])

    @property
    def dates(self) -> Dates:
        """The sessions, datetime64[D]."""
        return self.prices[0].dates

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols in order; orders name them by index."""
        return tuple(prices.symbol for prices in self.prices)


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """What happens to one symbol before the open of `ex_date`.

    A split turns every split[1] shares into split[0]; a dividend pays `dividend` per share held at
    the close before. Dividends post on the ex-date: research knows no pay dates.
    """

    symbol: str
    ex_date: np.datetime64
    split: tuple[int, int] | None = None
    dividend: float = 0.0


@dataclass(frozen=True, slots=True)
class ActionCalendar:
    """Corporate actions by bar: {t: [(symbol index, action), …]}, splits before dividends."""

    by_bar: dict[int, list[tuple[int, CorporateAction]]] = field(default_factory=dict)

    @classmethod
    def of(cls, market: Market, actions: Sequence[CorporateAction]) -> ActionCalendar:
        """Actions of the market's symbols on their first session at or after the ex-date."""
        index = {symbol: i for i, symbol in enumerate(market.symbols)}
        by_bar: dict[int, list[tuple[int, CorporateAction]]] = {}
        for action in sorted(actions, key=lambda a: (a.ex_date, a.split is None)):
            bar = int(np.searchsorted(market.dates, action.ex_date))
            if action.symbol in index and bar < len(market):
                by_bar.setdefault(bar, []).append((index[action.symbol], action))
        return cls(by_bar)


def align(series: Sequence[Prices]) -> Market:
    """Put symbols on the union of their calendars; NaN (volume 0) where one has no bar."""
    dates = np.unique(np.concatenate([prices.dates for prices in series]))
    return Market(tuple(_on_calendar(prices, dates) for prices in series))


def _on_calendar(prices: Prices, dates: Dates) -> Prices:
    if np.array_equal(prices.dates, dates):
        return prices
    at = np.searchsorted(dates, prices.dates)

    def spread(column: Floats, missing: float) -> Floats:
        out = np.full(len(dates), missing)
        out[at] = column
        return out

    return Prices(
        prices.symbol,
        dates,
        spread(prices.open, np.nan),
        spread(prices.high, np.nan),
        spread(prices.low, np.nan),
        spread(prices.close, np.nan),
        spread(prices.volume, 0.0),
    )


def ticks(values: Floats, per_unit: int = TICKS_PER_UNIT) -> Ints:
    """Values as whole ticks, `per_unit` of them making 1; NaN becomes 0."""
    return np.rint(np.nan_to_num(values) * per_unit).astype(np.int64)
