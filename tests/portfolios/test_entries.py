"""What an entry refuses to be, and the cash amounts of trades."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from stocksite.core.errors import InvalidInput
from stocksite.core.money import ZERO
from stocksite.portfolios.ledger import (
    Entry,
    TransactionType,
    commission,
    market_value,
    trade_cash,
)

D = Decimal
DEPOSIT = Entry(1, TransactionType.DEPOSIT, None, ZERO, None, ZERO, D("10.00"))
BUY = Entry(2, TransactionType.BUY, "AAPL", D(1), D("5"), D("1.00"), D("-6.00"))
SPLIT = Entry(3, TransactionType.SPLIT, "AAPL", ZERO, None, ZERO, ZERO, (2, 1))


@pytest.mark.parametrize("name", ["quantity", "price", "fees", "cash_amount"])
@pytest.mark.parametrize("value", [1.0, 1, "1"])
def test_a_float_never_reaches_the_ledger(name: str, value: object) -> None:
    with pytest.raises(TypeError, match="is Decimal"):
        replace(BUY, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "change"),
    [
        (DEPOSIT, {"cash_amount": D("-1")}),
        (DEPOSIT, {"cash_amount": D("0.001")}),
        (DEPOSIT, {"cash_amount": D("NaN")}),
        (DEPOSIT, {"cash_amount": D("Infinity")}),
        (DEPOSIT, {"symbol": "AAPL"}),
        (DEPOSIT, {"fees": D("-1")}),
        (DEPOSIT, {"type": TransactionType.WITHDRAWAL}),
        (DEPOSIT, {"type": TransactionType.FEE}),
        (DEPOSIT, {"type": TransactionType.DIVIDEND}),
        (DEPOSIT, {"type": TransactionType.REVERSAL}),
        (BUY, {"quantity": D("-1")}),
        (BUY, {"quantity": D("1.0000000001")}),
        (BUY, {"price": D("5.0000001")}),
        (BUY, {"price": None}),
        (BUY, {"symbol": None}),
        (BUY, {"cash_amount": D("6.00")}),
        (BUY, {"type": TransactionType.SELL}),
        (SPLIT, {"ratio": None}),
        (SPLIT, {"ratio": (2, 0)}),
        (SPLIT, {"ratio": (2.5, 1)}),
        (SPLIT, {"cash_amount": D("1")}),
    ],
)
def test_a_malformed_entry_cannot_be_made(entry: Entry, change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=f"Ledger entry {entry.id} ") as refused:
        replace(entry, **change)  # type: ignore[arg-type]
    assert refused.value.code == "malformed-entry"


def test_market_value_rounds_once_half_even() -> None:
    assert market_value(D("0.5"), D("0.01")) == D("0.00")
    assert market_value(D("1.5"), D("0.01")) == D("0.02")
    assert market_value(D("999999999.999999999"), D("5.000001")) == D("5000001000.00")
    assert market_value(D("999999999.000000001"), D("999999.995")) == D("999999994000000.01")


def test_trade_cash_of_each_side() -> None:
    assert trade_cash("buy", D("3"), D("33.335"), D("1.50")) == D("-101.50")
    assert trade_cash(TransactionType.SELL, D("3"), D("33.335"), D("1.50")) == D("98.50")
    with pytest.raises(ValueError, match="buy or a sell"):
        trade_cash("short", D(1), D(1), ZERO)


@pytest.mark.parametrize("call", [market_value, lambda q, p: trade_cash("buy", q, p, ZERO)])
def test_money_functions_refuse_floats(call: object) -> None:
    with pytest.raises(TypeError):
        call(1.5, D("2"))  # type: ignore[operator]


def test_commission_is_percent_plus_fixed_rounded_once() -> None:
    assert commission(D("10000"), D("0.1"), D("1.25")) == D("11.25")
    assert commission(D("12.50"), D("0.1"), D("0.0075")) == D("0.02")
    assert commission(D("100"), ZERO, ZERO) == 0
    with pytest.raises(ValueError, match="never negative"):
        commission(D("100"), D("-0.1"), ZERO)
