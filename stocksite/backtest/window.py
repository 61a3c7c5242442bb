"""The window of a backtest: which bars trade, and what is said when there are none."""

from __future__ import annotations

from datetime import date

import numpy as np

from stocksite.backtest.bars import Dates
from stocksite.core.errors import InvalidInput


def window(
    dates: Dates, start: date | None, end: date | None, symbol: str, least: int = 2
) -> tuple[int, int]:
    """(first bar, one past the last) of the sessions from `start` to `end`, both included.

    None means the whole history on that side. InvalidInput, with the history's own dates in the
    sentence, when the window is upside down, reaches beyond the history, or holds fewer sessions
    than `least`.
    """
    first, last = dates[0].astype(object), dates[-1].astype(object)
    if start is not None and end is not None and end < start:
        raise InvalidInput.of_field("end", f"The end ({end}) lies before the start ({start}).")
    if start is not None and start < first:
        raise InvalidInput.of_field(
            "start", f"The history of {symbol} begins on {first}; {start} lies before it."
        )
    if end is not None and end > last:
        raise InvalidInput.of_field(
            "end", f"The history of {symbol} ends on {last}; {end} lies after it."
        )
    low = 0 if start is None else int(np.searchsorted(dates, np.datetime64(start, "D")))
    high = len(dates)
    if end is not None:
        high = int(np.searchsorted(dates, np.datetime64(end, "D"), side="right"))
    if high - low < least:
        raise InvalidInput.of_field(
            "end",
            f"From {start or first} to {end or last} {symbol} has "
            f"{high - low} {'session' if high - low == 1 else 'sessions'}; two are needed.",
        )
    return low, high


def starting_cash(cash: float) -> float:
    """`cash` if a backtest can start with it; InvalidInput otherwise."""
    if not 0 < cash <= 1e12:
        raise InvalidInput.of_field(
            "initial_investment",
            f"Start with more than $0 and at most $1,000,000,000,000, not ${cash:,.10g}.",
        )
    return float(cash)
