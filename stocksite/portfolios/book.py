"""The book: where a ledger stands in cash, holdings and profit, and the identity it obeys."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from stocksite.core import money
from stocksite.core.money import ZERO, cents
from stocksite.portfolios.entries import EXACT, CostMethod, market_value


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one buy: the entry it came from, shares left, and their cost in cents."""

    entry_id: int
    quantity: Decimal
    cost_basis: Decimal


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares of one symbol and what they cost in cents; `lots` oldest first, under FIFO only."""

    symbol: str
    quantity: Decimal
    cost_basis: Decimal
    lots: tuple[Lot, ...] = ()

    @property
    def average_price(self) -> Decimal:
        """Cost per share, fees included, at 6 places."""
        return money.price(EXACT.divide(self.cost_basis, self.quantity))


@dataclass(frozen=True, slots=True)
class Book:
    """Where a ledger stands. All amounts in cents; only symbols held are in `holdings`.

    `fees` counts what no cost basis holds, `net_deposits` what came in less what was taken out.
    """

    cash: Decimal = ZERO
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    realized: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    net_deposits: Decimal = ZERO


EMPTY: Final = Book()


def equity(book: Book, prices: Mapping[str, Decimal]) -> Decimal:
    """Cash plus every holding at its price, in cents; KeyError for a holding without a price."""
    return book.cash + sum(
        (market_value(held.quantity, prices[held.symbol]) for held in book.holdings.values()), ZERO
    )


def unrealized(book: Book, prices: Mapping[str, Decimal]) -> Decimal:
    """Market value less cost of what is held, in cents; KeyError as for `equity`."""
    return sum(
        (
            market_value(held.quantity, prices[held.symbol]) - held.cost_basis
            for held in book.holdings.values()
        ),
        ZERO,
    )


def identity_gap(book: Book, prices: Mapping[str, Decimal]) -> Decimal:
    """(equity - net deposits) - (realised + unrealised + income - fees): always exactly 0."""
    earned = book.realized + unrealized(book, prices) + book.income - book.fees
    return equity(book, prices) - book.net_deposits - earned


class OpenHolding:
    """A holding in the making: what replay changes in place and freezes at the end.

    `lots` is None under the average method, and then only the sums are kept.
    """

    __slots__ = ("cost_basis", "lots", "quantity")

    def __init__(self, method: CostMethod, held: Holding | None = None) -> None:
        if held is not None and bool(held.lots) != (method is CostMethod.FIFO):
            raise ValueError(f"the holding of {held.symbol} was not kept under {method}")
        self.quantity = held.quantity if held else ZERO
        self.cost_basis = held.cost_basis if held else ZERO
        self.lots: deque[Lot] | None = None
        if method is CostMethod.FIFO:
            self.lots = deque(held.lots if held else ())

    def add(self, entry_id: int, quantity: Decimal, cost: Decimal) -> None:
        """Take in shares bought for `cost` cents, fees included."""
        self.quantity += quantity
        self.cost_basis += cost
        if self.lots is not None:
            self.lots.append(Lot(entry_id, quantity, cost))

    def take(self, quantity: Decimal) -> Decimal:
        """Give out at most the shares held; their cost in cents, all of it with the last."""
        if quantity == self.quantity:
            basis = self.cost_basis
            if self.lots is not None:
                self.lots.clear()
        elif self.lots is None:
            basis = _share_of(self.cost_basis, quantity, self.quantity)
        else:
            basis = _take_oldest(self.lots, quantity)
        self.quantity -= quantity
        self.cost_basis -= basis
        return basis

    def split(self, ratio: tuple[int, int]) -> Decimal:
        """Turn every ratio[1] shares into ratio[0]; the cost stays, whatever the rounding.

        The quantity is rounded once, to 9 places. Should nothing be left of it, the cost is lost
        and returned; otherwise the answer is 0.
        """
        self.quantity = _scaled(self.quantity, ratio)
        if self.quantity == ZERO:
            lost, self.cost_basis = self.cost_basis, ZERO
            return lost
        if self.lots is not None:
            self.lots = _split_lots(self.lots, ratio)
        return ZERO

    def freeze(self, symbol: str) -> Holding:
        """The holding as a value."""
        return Holding(symbol, self.quantity, self.cost_basis, tuple(self.lots or ()))


def _share_of(cost: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return cents(EXACT.divide(EXACT.multiply(cost, part), whole))


def _scaled(quantity: Decimal, ratio: tuple[int, int]) -> Decimal:
    return money.quantity(EXACT.divide(EXACT.multiply(quantity, ratio[0]), ratio[1]))


def _take_oldest(lots: deque[Lot], quantity: Decimal) -> Decimal:
    basis = ZERO
    while quantity >= lots[0].quantity:
        oldest = lots.popleft()
        quantity -= oldest.quantity
        basis += oldest.cost_basis
        if quantity == ZERO:
            return basis
    head = lots[0]
    part = _share_of(head.cost_basis, quantity, head.quantity)
    lots[0] = Lot(head.entry_id, head.quantity - quantity, head.cost_basis - part)
    return basis + part


def _split_lots(lots: deque[Lot], ratio: tuple[int, int]) -> deque[Lot]:
    """Scale the running totals, so that the lots sum to the holding's once-rounded quantity.

    A lot too small to keep a quantity hands its cost to its neighbour.
    """
    split: deque[Lot] = deque()
    before = after = carried = ZERO
    for lot in lots:
        before += lot.quantity
        boundary = _scaled(before, ratio)
        cost = lot.cost_basis + carried
        if boundary > after:
            split.append(Lot(lot.entry_id, boundary - after, cost))
            carried = ZERO
        else:
            carried = cost
        after = boundary
    if carried:
        last = split.pop()
        split.append(Lot(last.entry_id, last.quantity, last.cost_basis + carried))
    return split
