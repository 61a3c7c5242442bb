"""A pen that writes ledgers for tests."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from stocksite.core.money import ZERO
from stocksite.portfolios.ledger import Entry, TransactionType, trade_cash

D = Decimal


class Pen:
    """Writes entries with consecutive ids."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, kind: TransactionType, **values: object) -> Pen:
        base = Entry(len(self.entries) + 1, TransactionType.DEPOSIT, None, ZERO, None, ZERO, D(1))
        self.entries.append(replace(base, type=kind, **values))  # type: ignore[arg-type]
        return self

    def deposit(self, amount: str) -> Pen:
        return self.write(TransactionType.DEPOSIT, cash_amount=D(amount))

    def withdraw(self, amount: str) -> Pen:
        return self.write(TransactionType.WITHDRAWAL, cash_amount=-D(amount))

    def trade(self, side: str, quantity: str, price: str, fees: str, symbol: str) -> Pen:
        numbers = (D(quantity), D(price), D(fees))
        return self.write(
            TransactionType(side),
            symbol=symbol,
            quantity=numbers[0],
            price=numbers[1],
            fees=numbers[2],
            cash_amount=trade_cash(side, *numbers),
        )

    def buy(self, quantity: str, price: str, fees: str = "0", symbol: str = "AAPL") -> Pen:
        return self.trade("buy", quantity, price, fees, symbol)

    def sell(self, quantity: str, price: str, fees: str = "0", symbol: str = "AAPL") -> Pen:
        return self.trade("sell", quantity, price, fees, symbol)

    def dividend(self, amount: str, fees: str = "0") -> Pen:
        return self.write(
            TransactionType.DIVIDEND, symbol="AAPL", cash_amount=D(amount), fees=D(fees)
        )

    def split(self, to: int, of: int) -> Pen:
        return self.write(TransactionType.SPLIT, symbol="AAPL", cash_amount=ZERO, ratio=(to, of))

    def fee(self, amount: str) -> Pen:
        return self.write(TransactionType.FEE, cash_amount=-D(amount))

    def reverse(self, target: int) -> Pen:
        undone = self.entries[target - 1]
        return self.write(
            TransactionType.REVERSAL, cash_amount=-undone.cash_amount, reverses=target
        )


def rich() -> Pen:
    """A ledger that begins with a million."""
    return Pen().deposit("1000000")
