"""What the ledger is made of: one entry, and the cash it moves.

An `Entry` checks itself when it is made, so replay never meets a malformed one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import Final

from stocksite.core import money
from stocksite.core.errors import InvalidInput
from stocksite.core.money import ZERO, cents

# Wide enough that every product below is exact; quotients are then rounded once more, to cents or
# to 9 places, and 50 digits lie far beyond the nearest a quotient can come to a tie.
EXACT: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
_PERCENT: Final = Decimal("0.01")


class TransactionType(StrEnum):
    """What a ledger transaction is."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    BUY = "buy"
    SELL = "sell"
    DIVIDEND = "dividend"
    SPLIT = "split"
    FEE = "fee"
    REVERSAL = "reversal"


class CostMethod(StrEnum):
    """Which shares a sale takes: a share of all, at average cost, or the oldest first."""

    AVERAGE = "average"
    FIFO = "fifo"


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger transaction as replay sees it.

    `quantity` in shares (9 places), never negative, 0 for cash movements and splits; `price` per
    share (6 places); `fees` in cash (cents), never negative; `cash_amount` the signed effect on
    cash in cents, fees included; `ratio` of a split as (to, from), 2:1 being (2, 1); `reverses`
    the id of the entry a reversal undoes.

    Raises TypeError for a float (or any other number that is not Decimal) and InvalidInput with
    the code "malformed-entry" for a value no entry of its type can have.
    """

    id: int
    type: TransactionType
    symbol: str | None
    quantity: Decimal
    price: Decimal | None
    fees: Decimal
    cash_amount: Decimal
    ratio: tuple[int, int] | None = None
    reverses: int | None = None

    def __post_init__(self) -> None:
        _check_number(self, "quantity", self.quantity, money.quantity)
        _check_number(self, "fees", self.fees, cents)
        _check_number(self, "cash_amount", self.cash_amount, cents)
        if self.price is not None:
            _check_number(self, "price", self.price, money.price)
        _SHAPES[self.type](self)


def trade_cash(side: str, quantity: Decimal, price: Decimal, fees: Decimal) -> Decimal:
    """The signed effect of a trade on cash, in cents: the one definition of `cash_amount`.

    A buy takes cents(quantity · price) + fees, a sale brings cents(quantity · price) - fees.
    `side` is "buy" or "sell" (any StrEnum of these values); ValueError otherwise.
    """
    notional = cents(EXACT.multiply(quantity, price))
    if side == TransactionType.BUY:
        return -(notional + fees)
    if side == TransactionType.SELL:
        return notional - fees
    raise ValueError(f"a trade is a buy or a sell, not {side!r}")


def market_value(holding_quantity: Decimal, price: Decimal) -> Decimal:
    """What a holding is worth at a price per share: cents, half-even, rounded once."""
    return cents(EXACT.multiply(holding_quantity, price))


def commission(
    notional: Decimal, commission_pct: Decimal, commission_per_trade: Decimal
) -> Decimal:
    """The commission on one trade in cents: notional · commission_pct / 100 + the fixed part.

    `commission_pct` is in percent (0.1 means a thousandth of the notional). The sum is rounded
    once, half-even. ValueError when any of the three is negative.
    """
    if notional < ZERO or commission_pct < ZERO or commission_per_trade < ZERO:
        raise ValueError("notional and commission rates are never negative")
    proportional = EXACT.multiply(EXACT.multiply(notional, commission_pct), _PERCENT)
    return cents(EXACT.add(proportional, commission_per_trade))


def _malformed(entry: Entry, fault: str) -> InvalidInput:
    return InvalidInput(
        f"Ledger entry {entry.id} ({entry.type}) cannot be right: {fault}.",
        code="malformed-entry",
        members={"entry": entry.id},
    )


def _check_number(
    entry: Entry, name: str, value: Decimal, rounded: Callable[[Decimal], Decimal]
) -> None:
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} is Decimal, not {type(value).__name__}")
    if not value.is_finite() or rounded(value) != value:
        raise _malformed(entry, f"its {name} is {value}")
    if value < ZERO and name != "cash_amount":
        raise _malformed(entry, f"its {name} is negative")


def _check_cash_movement(entry: Entry) -> None:
    if entry.symbol is not None or entry.quantity:
        raise _malformed(entry, "money moves without a symbol and without a quantity")
    amount = entry.cash_amount + entry.fees
    if (amount if entry.type is TransactionType.DEPOSIT else -amount) <= ZERO:
        raise _malformed(entry, f"{amount:,f} is no {entry.type}")


def _check_trade(entry: Entry) -> None:
    if not entry.symbol or entry.quantity <= ZERO or entry.price is None:
        raise _malformed(entry, "a trade has a symbol, shares and a price")
    expected = trade_cash(entry.type, entry.quantity, entry.price, entry.fees)
    if entry.cash_amount != expected:
        raise _malformed(
            entry,
            f"its cash is {entry.cash_amount:,f}; quantity, price and fees make {expected:,f}",
        )


def _check_dividend(entry: Entry) -> None:
    if not entry.symbol or entry.cash_amount + entry.fees < ZERO:
        raise _malformed(entry, "a dividend has a symbol and is never negative")


def _check_split(entry: Entry) -> None:
    if not entry.symbol or entry.quantity or entry.cash_amount or entry.fees:
        raise _malformed(entry, "a split has a symbol and moves neither cash nor a quantity")
    ratio = entry.ratio
    if ratio is None or len(ratio) != 2 or not all(type(n) is int and n > 0 for n in ratio):
        raise _malformed(entry, "a split has a ratio of two positive integers")


def _check_fee(entry: Entry) -> None:
    if entry.cash_amount >= ZERO or entry.fees not in (ZERO, -entry.cash_amount):
        raise _malformed(entry, "a fee takes cash, and its fees are none or that cash")


def _check_reversal(entry: Entry) -> None:
    if entry.reverses is None:
        raise _malformed(entry, "it does not say what it undoes")


_SHAPES: Final[dict[TransactionType, Callable[[Entry], None]]] = {
    TransactionType.DEPOSIT: _check_cash_movement,
    TransactionType.WITHDRAWAL: _check_cash_movement,
    TransactionType.BUY: _check_trade,
    TransactionType.SELL: _check_trade,
    TransactionType.DIVIDEND: _check_dividend,
    TransactionType.SPLIT: _check_split,
    TransactionType.FEE: _check_fee,
    TransactionType.REVERSAL: _check_reversal,
}
