"""Rows of Massive's answers in our terms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from stocksite.core.calendar import NEW_YORK
from stocksite.market.providers import reading
from stocksite.market.providers.base import ProviderAction
from stocksite.market.providers.errors import MalformedPayload
from stocksite.market.providers.massive_texts import NAME


def day_of(row: Mapping[str, Any]) -> date:
    """The New York date of a row's `t` (ms): right for the day's start and for 16:00."""
    stamp = row.get("t")
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float)):
        raise MalformedPayload(NAME, "a bar has no time")
    try:
        return datetime.fromtimestamp(stamp / 1000, NEW_YORK).date()
    except (ValueError, OverflowError, OSError):
        raise MalformedPayload(NAME, "a bar's time is no time") from None


def ohlcv(row: Mapping[str, Any]) -> tuple[float, float, float, float, float]:
    """Open, high, low, close, volume; NaN for what is not there. Volumes may be fractional."""
    number = reading.number
    return (
        number(row.get("o")),
        number(row.get("h")),
        number(row.get("l")),
        number(row.get("c")),
        number(row.get("v")),
    )


def action(symbol: str, kind: str, row: Mapping[str, Any]) -> ProviderAction:
    """A row of `splits` or `dividends`. Raises MalformedPayload for one that cannot be read."""
    if kind == "splits":
        day = reading.day(row.get("execution_date"))
        ratio = _ratio(reading.number(row.get("split_to")), reading.number(row.get("split_from")))
        if day is not None and ratio is not None:
            return ProviderAction(symbol, day, "split", *ratio)
    else:
        day = reading.day(row.get("ex_dividend_date"))
        cash = reading.number(row.get("cash_amount"))
        if day is not None and 0 < cash < 1e6:
            return ProviderAction(symbol, day, "dividend", amount=Decimal(repr(cash)))
    raise MalformedPayload(NAME, f"an entry of the {kind} of {symbol} cannot be read")


def _ratio(to: float, of: float) -> tuple[int, int] | None:
    """As integers, also when given as 1.5 to 1."""
    for scale in (1, 2, 4, 5, 10, 20, 100, 1000, 10_000):
        whole = (round(to * scale), round(of * scale)) if to > 0 and of > 0 else (0, 0)
        exact = abs(whole[0] - to * scale) < 1e-6 and abs(whole[1] - of * scale) < 1e-6
        if all(whole) and exact:
            return whole
    return None
