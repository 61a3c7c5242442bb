"""One combination, hopping from trade to trade: a single result in well under a millisecond."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stocksite.backtest.bars import Floats, Ints, Prices
from stocksite.backtest.kernels.log import TradeLog
from stocksite.backtest.kernels.plans import Ways, both_tables
from stocksite.backtest.strategies import Strategy
from stocksite.backtest.terms import R1, Costs, Terms


def play_one(
    strategy: Strategy,
    prices: Prices,
    cash: float,
    terms: Terms = R1,
    start: int = 0,
    stop: int | None = None,
) -> TradeLog:
    """Trade one strategy over bars start..stop-1, like `engine.run` under the same terms.

    Only what `plans.hoppable` allows. Signals see the bars before `start`, never those from `stop`.
    """
    part = prices if stop is None else prices.part(0, stop)
    enter, leave = both_tables(strategy, part, terms.costs)
    ways = Ways.of(part, terms.exits, terms.costs)
    return hop(enter, ways.codes(leave), ways, unit_costs(part, terms.costs), cash, terms, start)


def unit_costs(prices: Prices, costs: Costs) -> Floats:
    """What one share costs at each open, slippage and commission inside. Shape (n,)."""
    return np.asarray(prices.open * (1 + costs.slip) * (1 + costs.rate))


def hop(
    enter: Ints,
    codes: Ints,
    ways: Ways,
    unit: Floats,
    cash: float,
    terms: Terms,
    start: int = 0,
) -> TradeLog:
    """The trades of one combination. `enter` and `codes` as in `plans`, shapes (n + 1,)."""
    n, fee, start_cash = ways.n, terms.costs.commission_per_trade, cash
    rows: list[tuple[int, int, float, float, float]] = []
    bar = start
    while True:
        entry = int(enter[bar]) + 1
        if entry >= n:
            break
        shares = max((cash - fee) / float(unit[entry]), 0.0)
        if not terms.fractional:
            shares = float(math.floor(shares))
        if shares <= 0:
            bar = entry  # Could not afford it; asks again at the close of that bar.
            continue
        held = cash - shares * float(unit[entry]) - fee
        code = int(codes[entry])
        leave = int(ways.bar[code])
        if leave >= n:
            rows.append((entry, n, shares, held, held))
            break
        cash = held + shares * float(ways.price[code]) - fee
        rows.append((entry, leave, shares, held, cash))
        bar = leave
    return _log(rows, n, start_cash)


def _log(rows: list[tuple[int, int, float, float, float]], n: int, cash: float) -> TradeLog:
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    return TradeLog(
        n,
        cash,
        np.array([0, len(rows)]),
        columns[0].astype(np.int64),
        columns[1].astype(np.int64),
        columns[2],
        columns[3],
        columns[4],
    )


def play_universe(
    strategy: Strategy, series: Sequence[Prices], cash: float, terms: Terms = R1
) -> list[TradeLog]:
    """The same strategy on each symbol alone, each with its own `cash`."""
    return [play_one(strategy, prices, cash, terms) for prices in series]
