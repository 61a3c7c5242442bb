"""Rules of splits and dividends, pure: what an action does to a holding, an order, a price.

A split turns every `ratio[1]` shares into `ratio[0]`; the cost stays. What it leaves of a share is
kept, or cashed at the close before the ex-date in new shares (as QuantConnect LEAN does). A
dividend belongs to who holds when the ex-date's session opens: a dividend and a split of one day
are read as cash per new share, as the adjusted prices in `market/adjust.py` read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from stocksite.core import money
from stocksite.core.calendar import TradingCalendar, TradingSession
from stocksite.core.money import ZERO, cents, quantity_down
from stocksite.portfolios.entries import EXACT, Entry, TransactionType, trade_cash

KEEP, CASH = "keep", "cash"
"""The two ways with fractions: `Portfolio.fractions`."""

Ratio = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Action:
    """A split (`ratio` as to:from) or a dividend (`amount` of cash per share) of one stock."""

    stock_id: int
    symbol: str
    kind: str
    ex_date: date
    ratio: Ratio | None = None
    amount: Decimal | None = None
    pay_date: date | None = None

    @property
    def is_split(self) -> bool:
        """Whether it changes shares; otherwise it pays cash."""
        return self.kind == "split"

    @property
    def text(self) -> str:
        """For people: `2:1 split`, `dividend of 0.25 a share`."""
        if self.ratio is not None:
            return f"{self.ratio[0]}:{self.ratio[1]} split"
        return f"dividend of {plain(self.amount or ZERO)} a share"


@dataclass(frozen=True, slots=True)
class AdjustedOrder:
    """A waiting order in new shares; `quantity` is None where it is an amount of cash."""

    quantity: Decimal | None
    held: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None


def plain(value: Decimal) -> str:
    """A number in words without trailing zeros."""
    return f"{value.normalize(EXACT):,f}"


def session_of(day: date, calendar: TradingCalendar) -> TradingSession:
    """The first session on or after a day: when an ex-date or a pay-date takes effect.

    Raises LookupError past the calendar's end.
    """
    found = calendar.on(day)
    if found is not None:
        return found
    before = calendar.previous(day)
    return calendar.next_after(before.open) if before else calendar.sessions[0]


def pay_session(action: Action, calendar: TradingCalendar) -> TradingSession:
    """When a dividend is paid: its pay-date, or the ex-date where that is unknown or later."""
    return session_of(max(action.pay_date or action.ex_date, action.ex_date), calendar)


def split_quantity(quantity: Decimal, ratio: Ratio) -> Decimal:
    """Shares after a split, rounded once to 9 places: the ledger's own rule."""
    return money.quantity(EXACT.divide(EXACT.multiply(quantity, ratio[0]), ratio[1]))


def new_price(price: Decimal, ratio: Ratio) -> Decimal:
    """A price per old share as one per new share, 6 places."""
    return money.price(EXACT.divide(EXACT.multiply(price, ratio[1]), ratio[0]))


def fraction_of(quantity: Decimal) -> Decimal:
    """What is there beyond whole shares."""
    return quantity - quantity.quantize(Decimal(1), rounding=ROUND_DOWN, context=EXACT)


def split_entries(
    action: Action, quantity: Decimal, fractions: str, close_before: Decimal | None
) -> list[Entry]:
    """The postings a split makes of a holding: the split, and the sale of a fraction if wanted.

    `close_before` is the last close in old shares; without one a fraction cannot be priced and is
    kept. Ids are 0: the ledger gives them.
    """
    assert action.ratio is not None  # it is a split
    split = Entry(
        0,
        TransactionType.SPLIT,
        action.symbol,
        ZERO,
        None,
        ZERO,
        ZERO,
        action.ratio,
    )
    rest = fraction_of(split_quantity(quantity, action.ratio))
    if fractions != CASH or not rest or close_before is None:
        return [split]
    price = new_price(close_before, action.ratio)
    cash = trade_cash(TransactionType.SELL, rest, price, ZERO)
    return [split, Entry(0, TransactionType.SELL, action.symbol, rest, price, ZERO, cash)]


def dividend_amount(quantity: Decimal, per_share: Decimal) -> Decimal:
    """What a holding earns: quantity × cash per share, in cents, rounded once."""
    return cents(EXACT.multiply(quantity, per_share))


def dividend_entry(symbol: str, quantity: Decimal, amount: Decimal, per_share: Decimal) -> Entry:
    """The posting of a paid dividend; quantity and price tell how it came about."""
    return Entry(0, TransactionType.DIVIDEND, symbol, quantity, per_share, ZERO, amount)


def adjusted_order(
    action: Action,
    quantity: Decimal | None,
    held: Decimal,
    limit_price: Decimal | None,
    stop_price: Decimal | None,
    fractions: str,
) -> AdjustedOrder | None:
    """A waiting order after a split; None when nothing tradable is left of it.

    Quantities are rounded down, so that sales never promise more than the holding has. Where
    fractions are cashed, sales and orders of whole shares stay whole.
    """
    ratio = action.ratio
    assert ratio is not None  # it is a split

    def shares(old: Decimal) -> Decimal:
        new = quantity_down(EXACT.divide(EXACT.multiply(old, ratio[0]), ratio[1]))
        whole = fractions == CASH and (held > ZERO or not fraction_of(old))
        return new - fraction_of(new) if whole else new

    def price(old: Decimal | None) -> Decimal | None:
        return None if old is None else new_price(old, ratio)

    adjusted = AdjustedOrder(
        None if quantity is None else shares(quantity),
        shares(held),
        price(limit_price),
        price(stop_price),
    )
    nothing = adjusted.quantity == ZERO or (held > ZERO and adjusted.held == ZERO)
    worthless = adjusted.limit_price == ZERO or adjusted.stop_price == ZERO
    return None if nothing or worthless else adjusted
