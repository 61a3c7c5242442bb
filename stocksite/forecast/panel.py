"""Histories of several stocks, as training and evaluation take them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stocksite.forecast.terms import Floats

Days: TypeAlias = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One stock's closes, adjusted for splits and dividends, oldest first."""

    symbol: str
    days: Days
    """`datetime64[D]`, ascending."""
    closes: Floats

    def before(self, cut: date) -> History:
        """The part with days before `cut`."""
        n = int(np.searchsorted(self.days, np.datetime64(cut, "D"), side="left"))
        return History(self.symbol, self.days[:n], self.closes[:n])


def in_order(histories: Iterable[History]) -> list[History]:
    """Sorted by symbol, so that the order of a query changes no model."""
    return sorted(histories, key=lambda history: history.symbol)


def data_hash(histories: Iterable[History]) -> str:
    """SHA-256 over symbols, days and daily returns (12 digits), in the order of the symbols.

    Returns, not prices: adjusting for a later split or dividend rescales a whole history and
    changes no return.
    """
    digest = hashlib.sha256()
    for history in in_order(histories):
        digest.update(history.symbol.encode())
        digest.update(history.days.astype("datetime64[D]").astype("<i8").tobytes())
        moves = np.round(np.diff(np.log(history.closes)), 12) + 0.0
        digest.update(moves.astype("<f8").tobytes())
    return digest.hexdigest()
