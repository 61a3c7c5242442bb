"""How many shares a buy becomes."""

from __future__ import annotations

import math

import numpy as np

from stocksite.backtest.bars import Floats
from stocksite.backtest.purse import Purse
from stocksite.backtest.terms import SizeBy, Sizing, SizingKind, Terms
from stocksite.portfolios.performance import TRADING_DAYS


def shares_for(
    purse: Purse, sizing: Sizing | None, terms: Terms, price: float, equity: float, history: Floats
) -> float:
    """Shares of a buy at `price` per share, never more than cash pays for (0: none).

    `sizing` None means the run's own. `equity` is the account's value at the last close, `history`
    the closes up to the signal. Under `fill_no_fee` the fee is forgotten, as some libraries do.
    """
    sizing = sizing or terms.sizing
    if sizing.kind is SizingKind.ALL_IN:
        budget = None
    elif sizing.kind is SizingKind.FIXED_CASH:
        budget = sizing.value
    elif sizing.kind is SizingKind.FIXED_FRACTION:
        budget = sizing.value * equity
    else:
        budget = volatility_fraction(sizing, history) * equity
    if terms.size_by is not SizeBy.FILL_NO_FEE:
        return purse.affordable(budget, price)
    cash = purse.cash if budget is None else min(budget, purse.cash)
    quantity = max(cash / price, 0.0)
    return quantity if terms.fractional else float(math.floor(quantity))


def volatility_fraction(sizing: Sizing, history: Floats) -> float:
    """Aimed yearly volatility / realised volatility of the last `window` returns, at most 1.

    Realised: sample deviation of simple daily returns · √252. 0 before there are enough closes, 1
    when the price did not move.
    """
    closes = history[-(sizing.window + 1) :]
    if len(closes) <= sizing.window or not np.isfinite(closes).all():
        return 0.0
    realised = float(np.std(closes[1:] / closes[:-1] - 1, ddof=1)) * math.sqrt(TRADING_DAYS)
    return 1.0 if realised == 0 else min(sizing.value / realised, 1.0)
