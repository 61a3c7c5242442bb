"""What the emulated providers know: real bars under any symbol, and a clock that tests set."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from stocksite.core.calendar import xnys
from stocksite.market.providers import sample


@dataclass(frozen=True)
class Row:
    """A bar as a provider sends it; values may be lies."""

    day: date
    open: object
    high: object
    low: object
    close: object
    volume: object


@dataclass
class Security:
    """A symbol with its bars, ascending, splits (day, to, from) and dividends (day, cash)."""

    symbol: str
    name: str
    rows: list[Row]
    splits: list[tuple[date, int, int]] = field(default_factory=list)
    dividends: list[tuple[date, float]] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    market_cap: float = 3.5e11
    facts: dict[str, object] = field(default_factory=dict)


@cache
def sample_rows(symbol: str) -> tuple[Row, ...]:
    """The sample's real bars of a symbol."""
    return tuple(
        Row(date.fromisoformat(day), *(float(n) for n in numbers[:4]), int(float(numbers[4])))
        for ticker, day, *numbers in csv.reader(sample.prices_csv().splitlines()[1:])
        if ticker == symbol
    )


class World:
    """Securities and the time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.securities: dict[str, Security] = {}
        for company in sample.COMPANIES:
            self.add(company.symbol, like=company.symbol, name=company.name)

    def add(
        self,
        symbol: str,
        *,
        like: str = "IBM",
        name: str = "",
        rows: Iterable[Row] | None = None,
        actions: bool = True,
    ) -> Security:
        """A security with the sample's bars and actions of another, or with bars of its own."""
        made = Security(symbol, name or f"{symbol} Inc.", list(rows or sample_rows(like)))
        if actions and rows is None:
            mine = [action for action in sample.actions() if action.symbol == like]
            made.splits = [
                (a.ex_date, a.ratio_to or 1, a.ratio_from or 1) for a in mine if a.kind == "split"
            ]
            made.dividends = [(a.ex_date, float(a.amount)) for a in mine if a.amount is not None]
        self.securities[symbol] = made
        return made

    @property
    def today(self) -> date:
        """The date in New York."""
        return (
            self.now.astimezone(UTC).date()
            if self.now.hour >= 5
            else (self.now - timedelta(hours=5)).date()
        )

    def closed_rows(self, symbol: str) -> list[Row]:
        """The bars of sessions that are over."""
        security = self.securities.get(symbol)
        last = xnys().last_closed(self.now)
        if security is None or last is None:
            return []
        return [row for row in security.rows if row.day <= last.date]

    def running_row(self, symbol: str) -> Row | None:
        """Half of today's bar while the market is open."""
        session = xnys().at(self.now)
        security = self.securities.get(symbol)
        if session is None or security is None:
            return None
        for row in security.rows:
            if row.day == session.date:
                middle = round((float(row.high) + float(row.low)) / 2, 2)  # type: ignore[arg-type]
                return replace(row, close=middle, volume=float(row.volume) // 2)  # type: ignore[arg-type]
        return None


Lie = Callable[[list[Row]], list[Row]]


def _each(change: Callable[[Row], Row], at: int = -5) -> Lie:
    def lie(rows: list[Row]) -> list[Row]:
        made = list(rows)
        if made:
            made[max(at, -len(made))] = change(made[max(at, -len(made))])
        return made

    return lie


def _ten_for_one(rows: list[Row]) -> list[Row]:
    """From the twentieth bar before the end all prices are a tenth, and nobody said so."""
    cut = max(0, len(rows) - 20)
    tenth = [
        replace(
            r,
            **{n: round(float(getattr(r, n)) / 10, 4) for n in ("open", "high", "low", "close")},
        )
        for r in rows[cut:]
    ]
    return rows[:cut] + tenth


def _shuffled(rows: list[Row]) -> list[Row]:
    made = list(rows)
    random.Random(7).shuffle(made)
    return made


LIES: dict[str, Lie] = {
    "commas": lambda rows: [replace(r, volume=f"{int(float(str(r.volume))):,}") for r in rows],
    "duplicate": lambda rows: [*rows, *rows[-3:]],
    "contradiction": lambda rows: [*rows, replace(rows[-3], close=rows[-3].high)],
    "unordered": _shuffled,
    "high_below_low": _each(lambda r: replace(r, high=r.low, low=r.high)),
    "zero_price": _each(lambda r: replace(r, open=0, high=0, low=0, close=0)),
    "negative_price": _each(lambda r: replace(r, close=-1.5)),
    "zero_volume": _each(lambda r: replace(r, volume=0)),
    "negative_volume": _each(lambda r: replace(r, volume=-5)),
    "times_1000": _each(
        lambda r: replace(
            r, **{n: float(getattr(r, n)) * 1000 for n in ("open", "high", "low", "close")}
        )
    ),
    "jump": _ten_for_one,
    "future": lambda rows: [*rows, replace(rows[-1], day=rows[-1].day + timedelta(days=400))],
    "weekend": _each(lambda r: replace(r, day=r.day - timedelta(days=r.day.weekday() + 1))),
    "missing_session": lambda rows: rows[:-6] + rows[-5:],
    "repeat": lambda rows: [*rows[:-1], replace(rows[-2], day=rows[-1].day)],
    "nothing": lambda rows: [],
    "text_price": _each(lambda r: replace(r, close="N/A")),
}
"""Lies about bars, by name: each changes what a provider would have sent."""
