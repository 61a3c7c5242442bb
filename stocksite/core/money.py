"""Exact money: three scales, one rounding, and the only door through which text becomes Decimal.

Cash has 2 places, prices 6, quantities 9. Rounding is half-even and happens once, at posting.
A float never becomes money: constructors and column types refuse it.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

from stocksite.core.errors import InvalidInput

CENT: Final = Decimal("0.01")
PRICE_STEP: Final = Decimal("0.000001")
QUANTITY_STEP: Final = Decimal("0.000000001")
ZERO: Final = Decimal(0)

MAX_CASH: Final = Decimal("999999999999.99")
"""The largest amount one posting may carry: a trillion less a cent."""
MAX_QUANTITY: Final = Decimal("999999999.999999999")

# Wide enough for MAX_QUANTITY (18 digits) times a 12-digit price without losing a digit.
_CONTEXT: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})", re.ASCII)


def _round(value: Decimal, step: Decimal) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError(f"money is Decimal, not {type(value).__name__}")
    return value.quantize(step, context=_CONTEXT)


def cents(value: Decimal) -> Decimal:
    """Round to 2 places, half-even: the only rounding an amount of cash ever gets."""
    return _round(value, CENT)


def price(value: Decimal) -> Decimal:
    """Round to 6 places, half-even."""
    return _round(value, PRICE_STEP)


def quantity(value: Decimal) -> Decimal:
    """Round to 9 places, half-even."""
    return _round(value, QUANTITY_STEP)


def quantity_down(value: Decimal) -> Decimal:
    """Round to 9 places towards zero: what a cash amount can buy without overdrawing."""
    return value.quantize(QUANTITY_STEP, rounding=ROUND_DOWN, context=_CONTEXT)


def from_observation(value: float) -> Decimal:
    """A price observed as a double (a bar) entering the world of money, at 6 places.

    Goes through `repr`, so 23.17 becomes exactly 23.170000.
    """
    return price(Decimal(repr(float(value))))


def parse(
    text: str | int | Decimal,
    *,
    field: str,
    places: int,
    minimum: Decimal | None = None,
    maximum: Decimal = MAX_CASH,
) -> Decimal:
    """Read an exact number a person or a script sent.

    Accepts plain digits with an optional sign and fraction (no exponent, no NaN, no infinity, no
    separators), at most `places` decimals, within [minimum, maximum].
    Raises InvalidInput naming `field`, the limit and the value's fault.
    """
    if isinstance(text, (bool, float)):
        raise InvalidInput.of_field(field, 'Send the number as text, like "12.50".')
    raw = str(text).strip()
    if not _PLAIN_NUMBER.fullmatch(raw):
        raise InvalidInput.of_field(field, "Enter a plain number, like 12.50.")
    try:
        value = Decimal(raw)
    except InvalidOperation as error:  # pragma: no cover - the pattern above is stricter
        raise InvalidInput.of_field(field, "Enter a plain number, like 12.50.") from error
    exponent = value.normalize(_CONTEXT).as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        most = (
            f"At most {places} decimal places are kept here." if places else "Use a whole number."
        )
        raise InvalidInput.of_field(field, most)
    if minimum is not None and value < minimum:
        raise InvalidInput.of_field(field, f"The smallest value accepted is {minimum:,f}.")
    if value > maximum:
        raise InvalidInput.of_field(field, f"The largest value accepted is {maximum:,f}.")
    return value
