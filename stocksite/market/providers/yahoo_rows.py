"""Yahoo's parallel arrays in our terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from stocksite.core.calendar import xnys
from stocksite.market.providers import reading
from stocksite.market.providers.errors import MalformedPayload
from stocksite.market.providers.yahoo_texts import NAME

Row = tuple[date, float, float, float, float, float]
SplitRow = tuple[date, int, int]

SETTLED = timedelta(minutes=30)
"""A session's bar counts as finished this long after its close."""


def bars(chart: Mapping[str, Any], now: datetime, *, raw: bool) -> list[Row]:
    """Finished bars, rounded; `raw` undoes the split adjustment. Rows without a close are left out.

    Raises MalformedPayload when the arrays do not run in parallel.
    """
    stamps = chart.get("timestamp")
    if stamps is None:
        return []
    columns = _columns(chart)
    if not isinstance(stamps, list) or any(len(c) != len(stamps) for c in columns.values()):
        raise MalformedPayload(NAME, "its arrays differ in length")
    places = _places(chart.get("meta"))
    known = splits(chart)
    found: dict[date, Row] = {}
    for i, stamp in enumerate(stamps):
        day = reading.new_york_day(stamp)
        if day is None:
            raise MalformedPayload(NAME, "a time is no time")
        if columns["close"][i] is None or not _finished(day, now) or day in found:
            continue
        factor = ratio_after(known, day) if raw else 1.0
        prices = [reading.number(columns[n][i]) * factor for n in ("open", "high", "low", "close")]
        first, high, low, close = (round(p, places) for p in prices)
        found[day] = (day, first, high, low, close, reading.number(columns["volume"][i]) / factor)
    return list(found.values())


def _finished(day: date, now: datetime) -> bool:
    """Whether the bar of a day is no longer the live one. Days off are left to the gate."""
    session = xnys().on(day)
    return session is None or now >= session.close + SETTLED


def _columns(chart: Mapping[str, Any]) -> dict[str, list[Any]]:
    indicators = reading.mapping(NAME, chart.get("indicators"), "indicators")
    quotes = reading.rows(NAME, indicators.get("quote"), "the quote")
    first = quotes[0] if quotes else {}
    names = ("open", "high", "low", "close", "volume")
    if not first:
        stamps = chart.get("timestamp")
        return {name: [None] * (len(stamps) if isinstance(stamps, list) else 0) for name in names}
    columns = {name: first.get(name) for name in names}
    if not all(isinstance(column, list) for column in columns.values()):
        raise MalformedPayload(NAME, "a column is missing")
    return columns  # type: ignore[return-value]


def splits(chart: Mapping[str, Any]) -> list[SplitRow]:
    """(day, to, from) of every split in the chart, ascending."""
    found = []
    for event in _events(chart, "splits"):
        day = reading.new_york_day(event.get("date"))
        to, of = (reading.number(event.get(name)) for name in ("numerator", "denominator"))
        if day is None or not (to > 0 and of > 0):
            raise MalformedPayload(NAME, "a split cannot be read")
        scale = next((s for s in (1, 2, 4, 5, 10, 100, 1000) if _whole(to * s, of * s)), 1000)
        found.append((day, round(to * scale), round(of * scale)))
    return sorted(found)


def _whole(*values: float) -> bool:
    return all(abs(value - round(value)) < 1e-6 for value in values)


def dividends(chart: Mapping[str, Any]) -> list[tuple[date, float]]:
    """(day, cash per share of today) of every dividend in the chart."""
    found = []
    for event in _events(chart, "dividends"):
        day, cash = reading.new_york_day(event.get("date")), reading.number(event.get("amount"))
        if day is None or not cash > 0:
            raise MalformedPayload(NAME, "a dividend cannot be read")
        found.append((day, cash))
    return found


def _events(chart: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    events = chart.get("events")
    of_kind = events.get(kind) if isinstance(events, dict) else None
    values = list(of_kind.values()) if isinstance(of_kind, dict) else []
    return reading.rows(NAME, values, kind)


def ratio_after(known: Sequence[SplitRow], day: date) -> float:
    """New shares for one old over the splits after a day."""
    ratio = 1.0
    for ex_date, to, of in known:
        if ex_date > day:
            ratio *= to / of
    return ratio


def spark(body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(their symbol, chart) of every symbol in an answer for several."""
    outer = reading.mapping(NAME, body, "the answer")
    inner = reading.mapping(NAME, outer.get("spark"), "spark")
    for entry in reading.rows(NAME, inner.get("result") or [], "the result"):
        charts = entry.get("response")
        if isinstance(charts, list) and charts and isinstance(charts[0], dict):
            meta = charts[0].get("meta")
            told = meta.get("symbol") if isinstance(meta, dict) else None
            if told == entry.get("symbol") and isinstance(told, str):
                yield told, charts[0]


def rounded(meta: Mapping[str, Any], value: Any) -> Decimal | None:
    """A price without the noise of single precision; None for what is none."""
    number = reading.number(value)
    return reading.price(round(number, _places(meta))) if number == number else None


def last(meta: Mapping[str, Any], chart: Mapping[str, Any], name: str) -> Decimal | None:
    """The last value of a column of prices."""
    indicators = chart.get("indicators")
    quotes = indicators.get("quote") if isinstance(indicators, dict) else None
    column = quotes[0].get(name) if isinstance(quotes, list) and quotes else None
    return rounded(meta, column[-1]) if isinstance(column, list) and column else None


def _places(meta: Any) -> int:
    hint = meta.get("priceHint") if isinstance(meta, dict) else None
    return hint if isinstance(hint, int) and 0 <= hint <= 6 else 2
