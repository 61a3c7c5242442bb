"""What the ledger allows, refuses and undoes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from stocksite.core.errors import Conflict, InvalidInput, RuleViolation
from stocksite.core.money import MAX_CASH
from stocksite.portfolios.ledger import (
    EMPTY,
    Book,
    CostMethod,
    Holding,
    holding_of,
    identity_gap,
    post,
    replay,
    surviving,
)
from tests.portfolios.pen import Pen, rich

AVERAGE, FIFO = CostMethod.AVERAGE, CostMethod.FIFO
D = Decimal
BOTH = pytest.mark.parametrize("method", list(CostMethod))


def aapl(pen: Pen, method: CostMethod) -> tuple[Book, Holding]:
    """The book and its AAPL, the identity checked on the way."""
    book = replay(pen.entries, method)
    assert identity_gap(book, {"AAPL": D("123.456789")}) == 0
    return book, book.holdings["AAPL"]


@BOTH
def test_the_last_share_takes_the_last_cent(method: CostMethod) -> None:
    pen = rich().buy("3", "33.333333")
    for _ in range(3):
        pen.sell("1", "40")
    book = replay(pen.entries, method)
    assert book.holdings == {}
    assert book.realized == 20


@BOTH
def test_selling_more_than_held_is_refused_with_the_numbers(method: CostMethod) -> None:
    pen = rich().buy("5", "10").sell("7.5", "10")
    with pytest.raises(RuleViolation, match=r"Selling 7\.5 AAPL .* 5 held") as refused:
        replay(pen.entries, method)
    assert refused.value.code == "insufficient-shares"
    assert refused.value.members == {"requested": D("7.5"), "available": D(5), "entry": 3}


@pytest.mark.parametrize("kind", ["buy", "withdrawal", "fee"])
def test_cash_never_goes_below_zero(kind: str) -> None:
    pen = Pen().deposit("1000")
    {
        "buy": lambda: pen.buy("10", "100", "0.01"),
        "withdrawal": lambda: pen.withdraw("1000.01"),
        "fee": lambda: pen.fee("1000.01"),
    }[kind]()
    with pytest.raises(RuleViolation, match=r"1,000\.01 .* 1,000 is available") as refused:
        post(replay(pen.entries[:1]), pen.entries[1])
    assert refused.value.code == "insufficient-funds"
    assert refused.value.members == {
        "required": D("1000.01"),
        "available": D("1000"),
        "entry": 2,
    }


def test_all_the_cash_may_be_spent() -> None:
    assert replay(Pen().deposit("1000").buy("10", "100").entries).cash == 0


@BOTH
def test_fees_outside_trades_are_not_capitalised(method: CostMethod) -> None:
    pen = rich().buy("10", "100", "7").fee("12.50").dividend("8.50", "1.50")
    book, held = aapl(pen, method)
    assert held.cost_basis == 1007
    assert (book.fees, book.income) == (D("14.00"), D("10.00"))
    assert book.net_deposits == 1_000_000


@BOTH
def test_a_split_that_leaves_nothing_loses_the_cost(method: CostMethod) -> None:
    pen = rich().buy("0.000000001", "1000000", "2").split(1, 10)
    book = replay(pen.entries, method)
    assert book.holdings == {}
    assert book.realized == -2
    assert identity_gap(book, {}) == 0


def test_a_split_of_tiny_lots_keeps_quantity_and_cost() -> None:
    pen = rich()
    for _ in range(5):
        pen.buy("0.000000001", "1000000", "1")
    _, held = aapl(pen.split(2, 5), FIFO)
    assert held.quantity == sum(lot.quantity for lot in held.lots) == D("0.000000002")
    assert held.cost_basis == sum(lot.cost_basis for lot in held.lots) == 5
    assert all(lot.quantity > 0 for lot in held.lots)


def test_a_split_of_what_is_not_held_changes_nothing() -> None:
    pen = rich()
    assert replay(pen.split(2, 1).entries) == replay(pen.entries[:1])


@BOTH
def test_replay_goes_on_from_an_opening_book(method: CostMethod) -> None:
    pen = rich().buy("10", "100").buy("4", "20", symbol="IBM").sell("3", "90").split(3, 2)
    opening = replay(pen.entries[:3], method)
    assert replay(pen.entries[3:], method, opening) == replay(pen.entries, method)


def test_a_book_of_one_method_is_not_continued_under_the_other() -> None:
    pen = rich().buy("10", "100").sell("3", "90")
    with pytest.raises(ValueError, match="not kept under fifo"):
        post(replay(pen.entries[:2], AVERAGE), pen.entries[2], FIFO)
    with pytest.raises(ValueError, match="not kept under average"):
        post(replay(pen.entries[:2], FIFO), pen.entries[2], AVERAGE)


@BOTH
def test_the_holding_of_one_symbol_needs_no_cash(method: CostMethod) -> None:
    pen = Pen().buy("10", "100").buy("4", "20", symbol="IBM").sell("3", "90")
    full = replay(pen.entries, method, Book(cash=MAX_CASH))
    assert holding_of(pen.entries, "AAPL", method) == full.holdings["AAPL"]
    assert holding_of(pen.entries, "MSFT", method) is None


@BOTH
def test_an_entry_and_its_reversal_vanish(method: CostMethod) -> None:
    pen = rich().buy("10", "100").buy("5", "120", "3").sell("4", "130")
    without = [entry for entry in pen.entries if entry.id != 3]
    assert replay(pen.reverse(3).entries, method) == replay(without, method)
    assert replay(pen.entries, method).cash == sum(e.cash_amount for e in pen.entries)


def test_a_reversal_that_would_overdraw_later_entries_is_refused() -> None:
    pen = rich().buy("10", "100").sell("10", "130").reverse(2)
    with pytest.raises(RuleViolation) as refused:
        replay(pen.entries)
    assert refused.value.code == "insufficient-shares"
    assert refused.value.members["entry"] == 3


@pytest.mark.parametrize(
    ("targets", "code"),
    [((2, 2), "already-reversed"), ((2, 3), "reversal-of-reversal")],
)
def test_a_second_reversal_is_a_conflict(targets: tuple[int, int], code: str) -> None:
    pen = rich().buy("10", "100").reverse(targets[0]).reverse(targets[1])
    with pytest.raises(Conflict) as refused:
        replay(pen.entries)
    assert refused.value.code == code


def test_a_reversal_undoes_only_what_stands_before_it() -> None:
    pen = rich().buy("10", "100").reverse(2)
    with pytest.raises(Conflict) as refused:
        replay([pen.entries[0], pen.entries[2], pen.entries[1]])
    assert refused.value.code == "unknown-entry"


def test_a_reversal_must_move_the_opposite_cash() -> None:
    pen = rich().buy("10", "100").reverse(2)
    pen.entries[2] = replace(pen.entries[2], cash_amount=D("999.99"))
    with pytest.raises(InvalidInput, match=r"999\.99 and must move 1,000"):
        replay(pen.entries)


def test_a_reversal_is_replayed_never_posted() -> None:
    pen = rich().buy("10", "100").reverse(2)
    with pytest.raises(ValueError, match="replay the ledger"):
        post(replay(pen.entries[:2]), pen.entries[2])


def test_a_ledger_without_reversals_survives_whole() -> None:
    entries = rich().buy("1", "1").entries
    assert surviving(iter(entries)) == entries
    assert surviving(rich().buy("1", "1").reverse(2).entries) == entries[:1]


def test_an_empty_ledger_is_an_empty_book() -> None:
    assert replay([]) == EMPTY
    assert identity_gap(EMPTY, {}) == 0
