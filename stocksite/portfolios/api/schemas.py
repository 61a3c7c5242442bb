"""What scripts send: bodies and queries of the portfolio operations."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stocksite.core.errors import DomainError
from stocksite.core.money import ZERO
from stocksite.market.symbols import normalize
from stocksite.web.api import (
    Body,
    CashIn,
    CashOrZeroIn,
    DayIn,
    PageQuery,
    PctIn,
    PriceIn,
    QuantityIn,
    Query,
    SymbolIn,
    Text,
    refuse,
)

Name = Annotated[str, Text(80, 1), Field(examples=["Long run"])]
Description = Annotated[str, Text(500)]
CostMethod = Literal["average", "fifo"]
Execution = Literal["next_quote", "instant"]
Fractions = Literal["keep", "cash"]
"""What happens to a fraction of a share that a split leaves."""
TransactionKind = Literal[
    "deposit", "withdrawal", "buy", "sell", "dividend", "split", "fee", "reversal"
]
OrderStatus = Literal[
    "open", "accepted", "filled", "partially_filled", "canceled", "expired", "rejected"
]


def _canonical(text: str) -> str:
    try:
        return normalize(text)
    except DomainError as error:
        raise refuse(error.detail) from None


Symbol = Annotated[SymbolIn, AfterValidator(_canonical)]
"""A symbol in any spelling, given in its one spelling."""


class PortfolioIn(Body):
    """A new portfolio. Its starting cash is the first deposit."""

    name: Name
    description: Description = ""
    starting_cash: CashOrZeroIn = Decimal("100000.00")
    cost_method: CostMethod = "average"
    benchmark: Symbol | None = None
    execution: Execution = "next_quote"
    commission_pct: PctIn = ZERO
    commission_per_trade: CashOrZeroIn = ZERO
    fractions: Fractions = "keep"
    public: bool = False


class PortfolioChanges(Body):
    """What may change about a portfolio; leave out what stays."""

    name: Name = ""
    description: Description = ""
    benchmark: Symbol | None = None
    execution: Execution = "next_quote"
    commission_pct: PctIn = ZERO
    commission_per_trade: CashOrZeroIn = ZERO
    fractions: Fractions = "keep"
    public: bool = False


class CashMove(Body):
    """A deposit or a withdrawal."""

    type: Literal["deposit", "withdrawal"]
    amount: CashIn


class OrderIn(Body):
    """An order: `quantity` of shares or `notional` of cash, not both."""

    symbol: Symbol
    side: Literal["buy", "sell"]
    type: Literal["market", "limit", "stop", "stop_limit"] = "market"
    quantity: QuantityIn | None = None
    notional: CashIn | None = None
    limit_price: PriceIn | None = None
    stop_price: PriceIn | None = None
    time_in_force: Literal["day", "gtc"] = "day"
    client_order_id: Annotated[str, Text(64, 1), Field(examples=["2f6a-first-try"])] | None = None


class OrderQuery(PageQuery):
    """Which orders; `open` means all that wait."""

    status: OrderStatus | None = None
    symbol: Symbol | None = None


class OrderExport(Query):
    """Which orders go into the file."""

    status: OrderStatus | None = None
    symbol: Symbol | None = None


class TransactionQuery(PageQuery):
    """Which transactions; days are New York's, both included."""

    type: TransactionKind | None = None
    symbol: Symbol | None = None
    from_: DayIn | None = Field(None, alias="from")
    to: DayIn | None = None


class TransactionExport(Query):
    """Which transactions go into the file."""

    type: TransactionKind | None = None
    symbol: Symbol | None = None
    from_: DayIn | None = Field(None, alias="from")
    to: DayIn | None = None
