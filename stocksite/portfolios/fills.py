"""Fill rules: at what price an order trades, given a bar or a quote. Pure arithmetic.

The paper exchange (Decimal) and the backtest (float) call the same functions, so that the two can
be equal to the cent. A rule never fills an order on the bar it was submitted on; callers see to
that. Source of the rules: QuantConnect LEAN, `EquityFillModel` and `VolumeShareSlippageModel`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final, Generic, TypeVar

from stocksite.core.money import QUANTITY_STEP, ZERO
from stocksite.portfolios.entries import EXACT, commission, market_value, trade_cash

Number = TypeVar("Number", float, Decimal)


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """What an order waits for."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class FillRule(StrEnum):
    """Which rule set the price of a fill; receipts show these words, so they never change."""

    MARKET_AT_OPEN = "market-at-open"
    MARKET_AT_CLOSE = "market-at-close"
    MARKET_AT_MID = "market-at-mid"
    LIMIT = "limit-penetrated"
    LIMIT_AT_BETTER_OPEN = "limit-at-better-open"
    STOP = "stop-touched"
    STOP_GAP = "stop-gapped-open"
    STOP_LIMIT = "stop-limit-triggered"
    FIRST_QUOTE = "first-quote-after-submission"
    OFFICIAL_OPEN = "official-open"
    INSTANT = "instant-last-price"


WITHOUT_SLIPPAGE: Final = frozenset(
    {FillRule.LIMIT, FillRule.LIMIT_AT_BETTER_OPEN, FillRule.STOP_LIMIT}
)
"""A limit order trades at its limit or better, never worse."""


@dataclass(frozen=True, slots=True)
class Bar(Generic[Number]):
    """Open, high, low and close of one session or interval, per share."""

    open: Number
    high: Number
    low: Number
    close: Number


@dataclass(frozen=True, slots=True)
class Fill(Generic[Number]):
    """The price per share an order trades at, and the rule that set it."""

    price: Number
    rule: FillRule


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Number]):
    """What came of holding an order against a bar or a quote.

    `triggered` is the flag of a stop-limit order, to be stored and handed in next time.
    """

    fill: Fill[Number] | None
    triggered: bool = False


def fill_in_bar(
    order_type: OrderType,
    side: Side,
    bar: Bar[Number],
    *,
    limit: Number | None = None,
    stop: Number | None = None,
    triggered: bool = False,
) -> Attempt[Number]:
    """Hold a waiting order against the next bar.

    Market: the open. Limit: the bar must go through the limit, touching it is not enough; the
    price is the limit, or the open where that was better. Stop: touched is enough; the price is
    the stop, or the open where the bar gapped through it. Stop-limit: see `_stop_limit`.
    ValueError when the order type needs a limit or stop price that is not given.
    """
    if order_type is OrderType.MARKET:
        return Attempt(Fill(bar.open, FillRule.MARKET_AT_OPEN))
    if order_type is OrderType.LIMIT:
        return Attempt(_limit(side, bar, _given(limit, "limit")))
    if order_type is OrderType.STOP:
        return Attempt(_stop(side, bar, _given(stop, "stop")))
    if triggered:
        return Attempt(_limit(side, bar, _given(limit, "limit")), triggered=True)
    return _stop_limit(side, bar, _given(limit, "limit"), _given(stop, "stop"))


def fill_at_quote(
    order_type: OrderType,
    side: Side,
    quote: Number,
    *,
    session_open: Number | None = None,
    submitted_before_open: bool = False,
    instant: bool = False,
    limit: Number | None = None,
    stop: Number | None = None,
    triggered: bool = False,
) -> Attempt[Number]:
    """Hold a waiting order against the first quote at or after its submission.

    A market order trades at the quote; one that waited for the session trades at its official
    open, when that is known. `instant` portfolios trade at the last known price at any hour. The
    other types see the quote as a bar of a single price, so that they trade at the quote, at once
    through their limit or stop. The caller has checked the quote's time and age.
    """
    if order_type is OrderType.MARKET:
        if instant:
            return Attempt(Fill(quote, FillRule.INSTANT))
        if submitted_before_open and session_open is not None:
            return Attempt(Fill(session_open, FillRule.OFFICIAL_OPEN))
        return Attempt(Fill(quote, FillRule.FIRST_QUOTE))
    bar = Bar(quote, quote, quote, quote)
    return fill_in_bar(order_type, side, bar, limit=limit, stop=stop, triggered=triggered)


def slipped(fill: Fill[Number], side: Side, slippage_pct: Number) -> Fill[Number]:
    """The fill after slippage of `slippage_pct` percent against the trader; limits never slip."""
    if slippage_pct == 0 or fill.rule in WITHOUT_SLIPPAGE:
        return fill
    change = slippage_pct / 100
    factor = 1 + change if side is Side.BUY else 1 - change
    return replace(fill, price=fill.price * factor)


def volume_share_slippage(price: Number, quantity: Number, volume: Number) -> Number:
    """Slippage per share that grows with an order's share of the bar's volume.

    price · 0.1 · min(quantity / volume, 0.025)², LEAN's VolumeShareSlippageModel: at most 1/16,000
    of the price, which is also what no volume at all costs.
    """
    if quantity * 40 >= volume:
        return price / 16_000
    share = quantity / volume
    return price * share * share / 10


def posting(
    side: Side,
    quantity: Decimal,
    price: Decimal,
    commission_pct: Decimal,
    commission_per_trade: Decimal,
) -> tuple[Decimal, Decimal]:
    """(fees, signed effect on cash) of one fill, in cents, as the ledger posts it."""
    notional = market_value(quantity, price)
    fees = commission(notional, commission_pct, commission_per_trade)
    return fees, trade_cash(side, quantity, price, fees)


def largest_affordable(
    cash: Decimal,
    price: Decimal,
    commission_pct: Decimal,
    commission_per_trade: Decimal,
    *,
    fractional: bool,
) -> Decimal:
    """The most shares a purse of `cash` can buy with all costs: how `all_in` is sized at the fill.

    Whole shares, or 9 places when `fractional`. 0 when not even the smallest step is affordable.
    """
    step = QUANTITY_STEP if fractional else Decimal(1)
    budget = EXACT.subtract(cash, commission_per_trade)
    if budget <= ZERO or price <= ZERO:
        return ZERO
    unit = EXACT.multiply(price, EXACT.add(Decimal(1), EXACT.divide(commission_pct, Decimal(100))))
    # A cent of room, so that rounding up to cents is found below and rounding down is not missed.
    most = EXACT.divide(EXACT.add(budget, Decimal("0.01")), unit)
    quantity = most.quantize(step, rounding=ROUND_DOWN, context=EXACT)
    while quantity > ZERO:
        over = -posting(Side.BUY, quantity, price, commission_pct, commission_per_trade)[1] - cash
        if over <= ZERO:
            return quantity
        less = EXACT.divide(over, unit).quantize(step, rounding=ROUND_DOWN, context=EXACT)
        quantity -= max(less, step)
    return ZERO


def _given(price: Number | None, name: str) -> Number:
    if price is None:
        raise ValueError(f"this order type needs a {name} price")
    return price


def _limit(side: Side, bar: Bar[Number], limit: Number) -> Fill[Number] | None:
    if side is Side.BUY:
        reached, better = bar.low < limit, bar.open < limit
    else:
        reached, better = bar.high > limit, bar.open > limit
    if not reached:
        return None
    if better:
        return Fill(bar.open, FillRule.LIMIT_AT_BETTER_OPEN)
    return Fill(limit, FillRule.LIMIT)


def _stop(side: Side, bar: Bar[Number], stop: Number) -> Fill[Number] | None:
    if side is Side.BUY:
        touched, gapped = bar.high >= stop, bar.open > stop
    else:
        touched, gapped = bar.low <= stop, bar.open < stop
    if not touched:
        return None
    return Fill(bar.open, FillRule.STOP_GAP) if gapped else Fill(stop, FillRule.STOP)


def _stop_limit(side: Side, bar: Bar[Number], limit: Number, stop: Number) -> Attempt[Number]:
    """Trigger, then fill only where the bar proves it: what came after the trigger is known.

    Gapped through the stop, the whole bar came after. Otherwise the price stood at the stop, which
    trades at once when it is better than the limit, and later at the close, which trades the limit
    when it is through it. Everything else waits for the next bar with the flag set.
    """
    hit = _stop(side, bar, stop)
    if hit is None:
        return Attempt(None)
    if hit.rule is FillRule.STOP_GAP:
        return Attempt(_limit(side, bar, limit), triggered=True)
    if stop < limit if side is Side.BUY else stop > limit:
        return Attempt(Fill(stop, FillRule.STOP_LIMIT), triggered=True)
    if bar.close < limit if side is Side.BUY else bar.close > limit:
        return Attempt(Fill(limit, FillRule.LIMIT), triggered=True)
    return Attempt(None, triggered=True)
