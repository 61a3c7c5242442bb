"""Sample bars, their corporate actions, made-up series, and the published vectors."""

from __future__ import annotations

import csv
import gzip
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import stocksite
from stocksite.backtest.bars import CorporateAction, Floats, Market, Prices

_SAMPLES = Path(stocksite.__file__).parent / "market" / "data"
_VECTORS = Path(__file__).parent / "data" / "metrics-vectors.json"

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


@lru_cache(maxsize=1)
def _rows() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    with gzip.open(_SAMPLES / "sample-prices.csv.gz", "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["Ticker"], []).append(row)
    return found


def _column(symbol: str, name: str) -> Floats:
    return np.array([float(row[name]) for row in _rows()[symbol]])


@cache
def raw(symbol: str) -> Prices:
    """Unadjusted bars as they traded."""
    dates = np.array([row["Date"] for row in _rows()[symbol]], dtype="datetime64[D]")
    columns = (_column(symbol, name) for name in ("Open", "High", "Low", "Close", "Volume"))
    return Prices(symbol, dates, *columns)


@cache
def adjusted(symbol: str, places: int | None = None) -> Prices:
    """Bars scaled to the provider's adjusted close."""
    prices = raw(symbol)
    return prices.scaled(_column(symbol, "Adj Close") / prices.close, places)


@cache
def split_adjusted(symbol: str) -> Prices:
    """Bars scaled by splits alone."""
    prices = raw(symbol)
    factor = np.ones(len(prices))
    for action in actions(symbol):
        if action.split:
            factor[prices.dates < action.ex_date] *= action.split[1] / action.split[0]
    return prices.scaled(factor)


@cache
def actions(symbol: str) -> tuple[CorporateAction, ...]:
    """Splits and dividends of one symbol."""
    with (_SAMPLES / "sample-corporate-actions.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["symbol"] == symbol]
    return tuple(_action(row) for row in rows)


def _action(row: dict[str, str]) -> CorporateAction:
    day = np.datetime64(row["ex_date"], "D")
    if row["kind"] == "split":
        to, of = (int(part) for part in row["value"].split(":"))
        return CorporateAction(row["symbol"], day, split=(to, of))
    return CorporateAction(row["symbol"], day, dividend=float(row["value"]))


def one(prices: Prices) -> Market:
    """A market of one symbol."""
    return Market((prices,))


def made(
    closes: Any,
    opens: Any = None,
    highs: Any = None,
    lows: Any = None,
    symbol: str = "X",
    start: str = "2020-01-01",
) -> Prices:
    """Bars from closes; opens default to the close before, highs and lows to the extremes."""
    close = np.asarray(closes, dtype=np.float64)
    opening = np.concatenate((close[:1], close[:-1])) if opens is None else np.asarray(opens, float)
    high = np.maximum(opening, close) if highs is None else np.asarray(highs, float)
    low = np.minimum(opening, close) if lows is None else np.asarray(lows, float)
    dates = np.datetime64(start, "D") + np.arange(len(close))
    return Prices(symbol, dates, opening, high, low, close, np.full(len(close), 1000.0))


def walk(
    n: int, seed: int, *, drift: float = 0.0, volatility: float = 0.3, symbol: str = "X"
) -> Prices:
    """A random walk of daily log returns, prices at 4 places, with gaps and ranges."""
    rng = np.random.default_rng(seed)
    daily = drift / 252 + volatility / np.sqrt(252) * rng.standard_normal(n)
    closes = np.round(100 * np.exp(np.cumsum(daily)), 4)
    gaps = 1 + 0.3 * volatility / np.sqrt(252) * rng.standard_normal(n)
    opens = np.round(np.concatenate(([100.0], closes[:-1])) * gaps, 4)
    spread = 1 + 0.3 * volatility / np.sqrt(252) * np.abs(rng.standard_normal((2, n)))
    highs = np.round(np.maximum(opens, closes) * spread[0], 4)
    lows = np.round(np.minimum(opens, closes) / spread[1], 4)
    return made(closes, opens, highs, lows, symbol)


@lru_cache(maxsize=1)
def vectors() -> dict[str, Any]:
    """The published metric vectors with all their digits."""
    loaded: dict[str, Any] = json.loads(_VECTORS.read_text())
    return loaded


def v1() -> tuple[Floats, Floats]:
    """V1: returns and benchmark by formula."""
    i = np.arange(504)
    returns = (((37 * i + 11) % 101) - 47) / 5000
    benchmark = (((53 * i + 29) % 97) - 48) / 6000
    return returns, benchmark


def vector_m() -> Floats:
    """M: twenty strategies by formula, shape (20, 504)."""
    k, i = np.arange(20)[:, None], np.arange(504)[None, :]
    return np.asarray((((37 + 2 * k) * i + 11 * k**2) % 101 - 50 + k % 5) / 5000)
