"""The same strategy, today: the orders it gives at the last close, for a portfolio as it stands.

A strategy may remember (a peak, the day of its last purchase). Its memory is rebuilt by letting it
live through the sessions since it was attached, with the holdings the portfolio really had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stocksite.backtest.bars import Market
from stocksite.backtest.orders import Order, View
from stocksite.backtest.strategies import Strategy


@dataclass(frozen=True, slots=True)
class Standing:
    """What the portfolio held of one symbol from the fills of bar `bar` on.

    `entry_price`: average price paid per share of that day, without fees; 0 when flat. A split is a
    new standing, with shares and price restated.
    """

    bar: int
    symbol: int
    shares: float
    entry_price: float


def orders_at_last_close(
    strategy: Strategy,
    signals: Market,
    standings: Sequence[Standing],
    *,
    attached: int,
    cash: float,
    equity: float,
    traded: Market | None = None,
) -> Sequence[Order]:
    """Orders for the next open, as `engine.run` would queue them at the last bar.

    `signals` are split-adjusted prices up to the last close, `traded` (default: the same) the
    prices as they traded; `attached` is the first bar at whose close it decides; `standings` in
    order of bars; `cash` and `equity` as of the last close.
    """
    traded = traded or signals
    view = View(signals)
    decider = strategy.decider(signals)
    orders: Sequence[Order] = ()
    pending = list(standings)
    for t in range(attached, len(signals)):
        while pending and pending[0].bar <= t:
            _apply(view, pending.pop(0))
        for symbol, prices in enumerate(traded.prices):
            close = float(prices.close[t])
            if close == close:
                view.prices[symbol] = close
        view.t = t
        view.cash, view.equity = cash, equity
        orders = decider.decide(view)
    return orders


def _apply(view: View, standing: Standing) -> None:
    symbol = standing.symbol
    if standing.shares and not view.shares[symbol]:
        view.entry_bars[symbol] = standing.bar
    if view.shares[symbol] and not standing.shares:
        view.exit_bars[symbol] = standing.bar
    view.shares[symbol] = standing.shares
    view.entry_prices[symbol] = standing.entry_price
