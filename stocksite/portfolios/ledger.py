"""The ledger's rules: what a sequence of entries leaves in cash, in holdings and in profit.

`replay` is the truth every projection is compared with; `post` is one step of it. Cost basis is
kept in cents. The identity checked after every write, exact under both cost methods:

    equity - net deposits = realised + unrealised + income - fees

Fees of a trade are part of its cost (a buy's) or of its proceeds (a sale's); `Book.fees` holds
only those that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from stocksite.core.errors import Conflict, InvalidInput, RuleViolation
from stocksite.core.money import ZERO
from stocksite.portfolios.book import (
    EMPTY,
    Book,
    Holding,
    Lot,
    OpenHolding,
    equity,
    identity_gap,
    unrealized,
)
from stocksite.portfolios.entries import (
    EXACT,
    CostMethod,
    Entry,
    TransactionType,
    commission,
    market_value,
    trade_cash,
)

__all__ = [
    "EMPTY",
    "Book",
    "CostMethod",
    "Entry",
    "Holding",
    "Lot",
    "TransactionType",
    "commission",
    "equity",
    "holding_of",
    "identity_gap",
    "market_value",
    "post",
    "replay",
    "surviving",
    "trade_cash",
    "unrealized",
]


def replay(
    entries: Iterable[Entry], method: CostMethod = CostMethod.AVERAGE, opening: Book = EMPTY
) -> Book:
    """The book after all entries, given in ledger order, starting from `opening`.

    An entry and its reversal vanish together: the result is that of a ledger without the pair.
    Raises what `post` and `surviving` raise; the id of the offending entry is among the members.
    """
    running = _Running(opening, method)
    for entry in surviving(entries):
        running.apply(entry)
    return running.freeze()


def post(book: Book, entry: Entry, method: CostMethod = CostMethod.AVERAGE) -> tuple[Book, Decimal]:
    """The book after one more entry, and the profit or loss that entry realised, in cents.

    Raises RuleViolation "insufficient-shares" (members requested, available) and
    "insufficient-funds" (required, available). A reversal rewrites what came before it and cannot
    be posted on a book (ValueError): replay the ledger with it.
    """
    running = _Running(book, method)
    realized = running.apply(entry)
    return running.freeze(), realized


def holding_of(
    entries: Iterable[Entry], symbol: str, method: CostMethod = CostMethod.AVERAGE
) -> Holding | None:
    """One symbol's holding from that symbol's entries alone (others are passed over).

    Cash is not followed, so it needs no deposits: what a fill under FIFO reads its lots from.
    """
    running = _Running(EMPTY, method)
    for entry in surviving(entries):
        if entry.symbol == symbol:
            running.move(entry)
    return running.freeze().holdings.get(symbol)


def surviving(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in order, without the reversals and what they undo.

    Raises Conflict "unknown-entry" when what a reversal undoes does not stand before it,
    "reversal-of-reversal", "already-reversed", and InvalidInput "malformed-entry" when its cash is
    not the opposite of what it undoes.
    """
    ledger = list(entries)
    if not any(entry.type is TransactionType.REVERSAL for entry in ledger):
        return ledger
    seen: dict[int, Entry] = {}
    gone: set[int] = set()
    for entry in ledger:
        if entry.type is TransactionType.REVERSAL:
            gone.add(_undone(entry, seen, gone).id)
            gone.add(entry.id)
        seen[entry.id] = entry
    return [entry for entry in ledger if entry.id not in gone]


class _Running:
    """A book in the making: thaws a holding when an entry first touches it, freezes at the end."""

    __slots__ = ("cash", "fees", "frozen", "income", "method", "net_deposits", "open", "realized")

    def __init__(self, opening: Book, method: CostMethod) -> None:
        self.method = method
        self.frozen = opening.holdings
        self.open: dict[str, OpenHolding] = {}
        self.cash = opening.cash
        self.realized = opening.realized
        self.income = opening.income
        self.fees = opening.fees
        self.net_deposits = opening.net_deposits

    def apply(self, entry: Entry) -> Decimal:
        """Move shares and cash; the profit or loss realised. Raises as `post` does."""
        realized = self.move(entry)
        available = self.cash
        self.cash = available + entry.cash_amount
        if self.cash < ZERO and entry.cash_amount < ZERO:
            raise _insufficient_funds(entry, available)
        return realized

    def move(self, entry: Entry) -> Decimal:
        """Everything an entry changes except cash; the profit or loss realised."""
        realized = _MOVES[entry.type](self, entry)
        self.realized += realized
        return realized

    def holding(self, symbol: str | None) -> OpenHolding:
        assert symbol is not None  # an entry that touches shares has a symbol
        held = self.open.get(symbol)
        if held is None:
            held = self.open[symbol] = OpenHolding(self.method, self.frozen.get(symbol))
        return held

    def freeze(self) -> Book:
        holdings = dict(self.frozen)
        for symbol, held in self.open.items():
            if held.quantity:
                holdings[symbol] = held.freeze(symbol)
            else:
                holdings.pop(symbol, None)
        return Book(self.cash, holdings, self.realized, self.income, self.fees, self.net_deposits)


def _flow(running: _Running, entry: Entry) -> Decimal:
    running.net_deposits += entry.cash_amount + entry.fees
    running.fees += entry.fees
    return ZERO


def _buy(running: _Running, entry: Entry) -> Decimal:
    running.holding(entry.symbol).add(entry.id, entry.quantity, -entry.cash_amount)
    return ZERO


def _sell(running: _Running, entry: Entry) -> Decimal:
    held = running.holding(entry.symbol)
    if entry.quantity > held.quantity:
        raise _insufficient_shares(entry, held.quantity)
    return entry.cash_amount - held.take(entry.quantity)


def _dividend(running: _Running, entry: Entry) -> Decimal:
    running.income += entry.cash_amount + entry.fees
    running.fees += entry.fees
    return ZERO


def _split(running: _Running, entry: Entry) -> Decimal:
    assert entry.ratio is not None  # a split entry has one
    return -running.holding(entry.symbol).split(entry.ratio)


def _fee(running: _Running, entry: Entry) -> Decimal:
    running.fees -= entry.cash_amount
    return ZERO


def _reversal(running: _Running, entry: Entry) -> Decimal:
    raise ValueError(f"entry {entry.id} reverses entry {entry.reverses}: replay the ledger")


_MOVES: Final[dict[TransactionType, Callable[[_Running, Entry], Decimal]]] = {
    TransactionType.DEPOSIT: _flow,
    TransactionType.WITHDRAWAL: _flow,
    TransactionType.BUY: _buy,
    TransactionType.SELL: _sell,
    TransactionType.DIVIDEND: _dividend,
    TransactionType.SPLIT: _split,
    TransactionType.FEE: _fee,
    TransactionType.REVERSAL: _reversal,
}


def _insufficient_shares(entry: Entry, available: Decimal) -> RuleViolation:
    requested = entry.quantity
    return RuleViolation(
        f"Selling {_plain(requested)} {entry.symbol} is not possible: "
        f"{_plain(available)} held. Sell at most what is held.",
        code="insufficient-shares",
        members={"requested": requested, "available": available, "entry": entry.id},
    )


def _insufficient_funds(entry: Entry, available: Decimal) -> RuleViolation:
    required = -entry.cash_amount
    what = f"This {entry.type}"
    if entry.type is TransactionType.BUY:
        what = f"Buying {_plain(entry.quantity)} {entry.symbol}"
    return RuleViolation(
        f"{what} takes {required:,f} in cash and {available:,f} is available. "
        "Lower the amount or deposit first.",
        code="insufficient-funds",
        members={"required": required, "available": available, "entry": entry.id},
    )


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize(EXACT):,f}"


def _undone(reversal: Entry, seen: Mapping[int, Entry], gone: set[int]) -> Entry:
    target = seen.get(reversal.reverses) if reversal.reverses is not None else None
    members = {"entry": reversal.id, "reverses": reversal.reverses}
    if target is None:
        raise Conflict(
            f"Entry {reversal.id} undoes entry {reversal.reverses}, which is not before it.",
            code="unknown-entry",
            members=members,
        )
    if target.type is TransactionType.REVERSAL:
        raise Conflict(
            f"Entry {target.id} is itself a reversal and stands. Post the original anew instead.",
            code="reversal-of-reversal",
            members=members,
        )
    if target.id in gone:
        raise Conflict(
            f"Entry {target.id} has been reversed already; a second reversal would count twice.",
            code="already-reversed",
            members=members,
        )
    if reversal.cash_amount != -target.cash_amount:
        raise InvalidInput(
            f"Entry {reversal.id} moves {reversal.cash_amount:,f} and must move "
            f"{-target.cash_amount:,f} to undo entry {target.id}.",
            code="malformed-entry",
            members=members,
        )
    return target
