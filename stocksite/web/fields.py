"""What fields of bodies and queries are made of: pydantic bases, ready types, and plain sentences.

    class OrderIn(Body):
        symbol: SymbolIn
        side: Literal["buy", "sell"]
        quantity: QuantityIn | None = None
        note: Annotated[str, Text(200)] = ""

    class TransactionQuery(PageQuery):
        type: Literal["buy", "sell"] | None = None
        from_: DayIn | None = Field(None, alias="from")
        ordering: str = ordering("executed_at", "symbol", default="-executed_at")

Bodies are strict: a string is not a number, 1 is not true. Write `DayIn` and `MomentIn`, never
plain `date` or `datetime`, and give every `int` and `float` its limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from annotated_types import Ge, GroupedMetadata, Le
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from stocksite.core import money
from stocksite.core.errors import DomainError
from stocksite.core.paging import MAX_PAGE, MAX_PAGE_SIZE, PageRequest
from stocksite.web.json import JsonNumber

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Body(BaseModel):
    """Base of every JSON body: unknown fields are refused, types are not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """Base of every query string: unknown parameters are refused, texts are read as the type."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def refuse(sentence: str) -> PydanticCustomError:
    """The error a validator raises to say `sentence` about its field."""
    return PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


# --- exact numbers ---------------------------------------------------------------------------


class _Exact:
    """Reads a Decimal through `core.money.parse` from text, an integer, or a JSON number."""

    def __init__(self, places: int, minimum: Decimal, maximum: Decimal) -> None:
        self.places, self.minimum, self.maximum = places, minimum, maximum

    def __call__(self, value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (str, int, JsonNumber, Decimal)):
            raise refuse('Send a number, best as text, like "12.50".')
        text = value.text if isinstance(value, JsonNumber) else value
        try:
            return money.parse(
                text,
                field="value",
                places=self.places,
                minimum=self.minimum,
                maximum=self.maximum,
            )
        except DomainError as error:
            raise refuse(error.detail) from None


def _schema(example: str, meaning: str) -> WithJsonSchema:
    pattern = r"^[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})$"
    return WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": pattern}, {"type": "number"}],
            "description": meaning,
            "examples": [example],
        }
    )


def _money_type(places: int, low: str, high: Decimal, example: str) -> tuple[Any, Any]:
    reader = _Exact(places, Decimal(low), high)
    limits = f"from {Decimal(low):,f} to {high:,f}"
    return BeforeValidator(reader), _schema(example, f"At most {places} decimals, {limits}.")


_CASH = _money_type(2, "0.01", money.MAX_CASH, "1000.00")
_CASH_OR_ZERO = _money_type(2, "0", money.MAX_CASH, "1000.00")
_PRICE = _money_type(6, "0.000001", money.MAX_CASH, "604.85")
_QUANTITY = _money_type(9, "0.000000001", money.MAX_QUANTITY, "10")
_PCT = _money_type(4, "0", Decimal(100), "0.25")
_MOVE = _money_type(2, "0.01", Decimal("10000"), "5")

CashIn = Annotated[Decimal, _CASH[0], _CASH[1]]
"""An amount of cash of at least a cent, 2 places."""
CashOrZeroIn = Annotated[Decimal, _CASH_OR_ZERO[0], _CASH_OR_ZERO[1]]
"""An amount of cash that may be zero, 2 places."""
PriceIn = Annotated[Decimal, _PRICE[0], _PRICE[1]]
"""A price per share above zero, 6 places."""
QuantityIn = Annotated[Decimal, _QUANTITY[0], _QUANTITY[1]]
"""A quantity of shares above zero, 9 places."""
PctIn = Annotated[Decimal, _PCT[0], _PCT[1]]
"""Percent points from 0 to 100, 4 places."""
MovePctIn = Annotated[Decimal, _MOVE[0], _MOVE[1]]
"""Percent points above zero that may pass 100, 2 places."""


# --- text --------------------------------------------------------------------------------------


def _no_controls(text: str) -> str:
    if CONTROL.search(text):
        raise refuse("Control characters cannot be part of it.")
    return text


class Text(GroupedMetadata):
    """`Annotated[str, Text(80)]`: trimmed, at most so long, no control characters."""

    def __init__(self, longest: int, shortest: int = 0) -> None:
        self.longest, self.shortest = longest, shortest

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(
            strip_whitespace=True, min_length=self.shortest, max_length=self.longest
        )
        yield AfterValidator(_no_controls)


def _symbol(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text, re.ASCII):
        raise refuse("A symbol has letters and digits only, like AAPL or BRK.B.")
    return text.upper()


SymbolIn = Annotated[str, Text(20, 1), AfterValidator(_symbol), Field(examples=["AAPL"])]
"""A symbol in any case, given in upper case; `market.symbols.normalize` does the rest."""


# --- days and moments --------------------------------------------------------------------------


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise refuse("Use a day of the calendar, like 2010-03-31.")


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and 16 <= len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    elif isinstance(value, datetime):
        return value
    raise refuse("Use a time like 2010-03-31T14:30:00Z.")


DayIn = Annotated[date, BeforeValidator(_day), Field(examples=["2010-03-31"])]
"""A trading or calendar day, YYYY-MM-DD."""
MomentIn = Annotated[datetime, BeforeValidator(_moment), Field(examples=["2010-03-31T14:30:00Z"])]
"""A moment, ISO 8601; without a zone it is read as UTC. A `+` that a URL turned to a space is
put back."""


# --- lists -------------------------------------------------------------------------------------


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
            raise refuse("Use a whole number.")
        return int(value)
    return value


class Whole(GroupedMetadata):
    """`Annotated[int, Whole(1, 200)]`: a whole number of a query string within limits."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def __iter__(self) -> Iterator[object]:
        yield Ge(self.least)
        yield Le(self.most)
        yield BeforeValidator(_whole)


WholeIn = Annotated[int, Whole(0, 999_999_999)]
"""A whole number of a query string, 0 to 999,999,999."""


class PageQuery(Query):
    """Base of the queries of lists: `?page=` from 1 and `?page_size=` up to 200."""

    page: Annotated[int, Whole(1, MAX_PAGE)] = 1
    """Counts from 1."""
    page_size: Annotated[int, Whole(1, MAX_PAGE_SIZE)] | None = None
    """Rows per page; the site's own default when left out."""

    def request(self, default_size: int) -> PageRequest:
        """What services take; `query.request(page_size())` in a view."""
        return PageRequest(self.page, self.page_size or default_size)


def ordering(*names: str, default: str) -> Any:
    """A field for `?ordering=`: names from the list, comma-separated, `-` descends.

    `core.paging.order_columns` turns the value into columns.
    """
    one = f"-?({'|'.join(re.escape(name) for name in names)})"

    def check(text: str) -> str:
        if not re.fullmatch(f"{one}(,{one})*", text):
            raise refuse(f"Order by one of: {', '.join(names)}; a - in front descends.")
        return text

    field: Any = Field(
        default,
        description=f"One or more of {', '.join(names)}; a - in front descends.",
        json_schema_extra={"pattern": f"^{one}(,{one})*$"},
    )
    field.metadata.append(AfterValidator(check))
    return field
