"""What ends a position besides the strategy: stop-loss, target, trailing stop, maximum holding."""

from __future__ import annotations

from collections.abc import Sequence

from stocksite.backtest.orders import Order
from stocksite.backtest.terms import Exits
from stocksite.backtest.trades import Position
from stocksite.portfolios.fills import Bar, Fill, FillRule, OrderType, Side, fill_in_bar


def intrabar(exits: Exits, position: Position, bar: Bar[float]) -> Fill[float] | None:
    """The fill that a stop or a target gives inside `bar`, or None.

    A bar does not tell which of two levels it met first, so the stop counts, except where the bar
    opened beyond the target. The trailing stop hangs below the highest price of earlier bars.
    """
    stop = stop_level(exits, position)
    stopped = None
    if stop is not None:
        stopped = fill_in_bar(OrderType.STOP, Side.SELL, bar, stop=stop).fill
        if stopped is not None and stopped.rule is FillRule.STOP_GAP:
            return stopped
    if exits.take_profit_pct is None:
        return stopped
    target = position.price * (1 + exits.take_profit_pct / 100)
    reached = fill_in_bar(OrderType.LIMIT, Side.SELL, bar, limit=target).fill
    if reached is None:
        return stopped
    if stopped is None or reached.rule is FillRule.LIMIT_AT_BETTER_OPEN:
        return reached
    return stopped


def stop_level(exits: Exits, position: Position) -> float | None:
    """The higher of stop-loss and trailing stop, per share; None when neither is set."""
    levels = []
    if exits.stop_loss_pct is not None:
        levels.append(position.price * (1 - exits.stop_loss_pct / 100))
    if exits.trailing_stop_pct is not None:
        levels.append(position.high_water * (1 - exits.trailing_stop_pct / 100))
    return max(levels, default=None)


def too_old(
    max_holding: int, positions: Sequence[Position | None], t: int, orders: Sequence[Order]
) -> list[Order]:
    """Sell orders, at the close of bar t, for positions that reach `max_holding` bars.

    Bought at the open of bar e, a position is sold at the open of bar e + max_holding.
    """
    selling = {order.symbol for order in orders if order.side is Side.SELL}
    return [
        Order(Side.SELL, position.symbol)
        for position in positions
        if position is not None
        and t + 1 - position.entry_bar >= max_holding
        and position.symbol not in selling
    ]
