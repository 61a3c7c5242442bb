"""The purse: cash and shares of one backtest, in doubles or exactly like the ledger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from stocksite.backtest.terms import Rounding, Terms
from stocksite.core import money
from stocksite.portfolios.entries import EXACT, market_value
from stocksite.portfolios.fills import Side, largest_affordable, posting


@dataclass(frozen=True, slots=True)
class Posted:
    """What one fill did: shares, price per share as posted, fees, cash after."""

    quantity: float
    price: float
    fees: float
    cash: float


class Purse(Protocol):
    """Cash and shares by symbol index. Prices come in as doubles; `cash` goes out as one."""

    @property
    def cash(self) -> float:
        """Cash now; negative only under an overdraft rule."""

    @property
    def shares(self) -> list[float]:
        """Shares held by symbol index; to be read, not changed."""

    def affordable(self, budget: float | None, price: float) -> float:
        """The most shares `budget` (None: all cash) buys at `price`, fees inside; 0 if none."""

    def buy(self, symbol: int, quantity: float, price: float) -> Posted:
        """Take shares and pay for them, whatever that leaves in cash."""

    def sell(self, symbol: int, quantity: float, price: float) -> Posted:
        """Give shares, at most those held, and take the proceeds."""

    def split(self, symbol: int, ratio: tuple[int, int]) -> None:
        """Turn every ratio[1] shares into ratio[0]."""

    def dividend(self, symbol: int, per_share: float) -> float:
        """Credit a dividend on the shares held; what was credited."""

    def value(self, closes: list[float]) -> float:
        """Cash plus holdings at these prices per symbol index."""


class FloatPurse:
    """Research arithmetic: doubles, nothing rounded."""

    __slots__ = ("_fixed", "_fractional", "_rate", "cash", "shares")

    def __init__(self, cash: float, symbols: int, terms: Terms) -> None:
        self.cash = float(cash)
        self.shares = [0.0] * symbols
        self._rate = terms.costs.rate
        self._fixed = terms.costs.commission_per_trade
        self._fractional = terms.fractional

    def affordable(self, budget: float | None, price: float) -> float:
        """See Purse."""
        money_there = self.cash if budget is None else min(budget, self.cash)
        quantity = (money_there - self._fixed) / (price * (1 + self._rate))
        return max(quantity if self._fractional else float(math.floor(quantity)), 0.0)

    def buy(self, symbol: int, quantity: float, price: float) -> Posted:
        """See Purse."""
        fees = quantity * price * self._rate + self._fixed
        self.cash -= quantity * (price * (1 + self._rate)) + self._fixed
        self.shares[symbol] += quantity
        return Posted(quantity, price, fees, self.cash)

    def sell(self, symbol: int, quantity: float, price: float) -> Posted:
        """See Purse."""
        fees = quantity * price * self._rate + self._fixed
        self.cash += quantity * (price * (1 - self._rate)) - self._fixed
        self.shares[symbol] -= quantity
        return Posted(quantity, price, fees, self.cash)

    def split(self, symbol: int, ratio: tuple[int, int]) -> None:
        """See Purse."""
        self.shares[symbol] = self.shares[symbol] * ratio[0] / ratio[1]

    def dividend(self, symbol: int, per_share: float) -> float:
        """See Purse."""
        credited = self.shares[symbol] * per_share
        self.cash += credited
        return credited

    def value(self, closes: list[float]) -> float:
        """See Purse."""
        worth = self.cash
        for quantity, close in zip(self.shares, closes, strict=True):
            if quantity:
                worth += quantity * close
        return worth


class CentPurse:
    """The ledger's arithmetic: prices at 6 places, shares at 9, cash posted in cents."""

    __slots__ = ("_cash", "_fixed", "_fractional", "_held", "_pct")

    def __init__(self, cash: float, symbols: int, terms: Terms) -> None:
        self._cash = money.cents(_exact(cash))
        self._held = [money.ZERO] * symbols
        self._pct = _exact(terms.costs.commission_pct)
        self._fixed = money.cents(_exact(terms.costs.commission_per_trade))
        self._fractional = terms.fractional

    @property
    def cash(self) -> float:
        """See Purse."""
        return float(self._cash)

    @property
    def shares(self) -> list[float]:
        """See Purse."""
        return [float(quantity) for quantity in self._held]

    def affordable(self, budget: float | None, price: float) -> float:
        """See Purse."""
        cash = self._cash
        if budget is not None:
            cash = min(cash, money.cents(_exact(budget)))
        unit = money.from_observation(price)
        return float(
            largest_affordable(cash, unit, self._pct, self._fixed, fractional=self._fractional)
        )

    def buy(self, symbol: int, quantity: float, price: float) -> Posted:
        """See Purse."""
        return self._post(Side.BUY, symbol, quantity, price)

    def sell(self, symbol: int, quantity: float, price: float) -> Posted:
        """See Purse."""
        return self._post(Side.SELL, symbol, quantity, price)

    def _post(self, side: Side, symbol: int, quantity: float, price: float) -> Posted:
        exact = money.quantity(_exact(quantity))
        unit = money.from_observation(price)
        fees, effect = posting(side, exact, unit, self._pct, self._fixed)
        self._cash += effect
        self._held[symbol] += exact if side is Side.BUY else -exact
        return Posted(quantity, float(unit), float(fees), float(self._cash))

    def split(self, symbol: int, ratio: tuple[int, int]) -> None:
        """See Purse."""
        scaled = EXACT.divide(EXACT.multiply(self._held[symbol], ratio[0]), ratio[1])
        self._held[symbol] = money.quantity(scaled)

    def dividend(self, symbol: int, per_share: float) -> float:
        """See Purse."""
        credited = market_value(self._held[symbol], _exact(per_share))
        self._cash += credited
        return float(credited)

    def value(self, closes: list[float]) -> float:
        """See Purse."""
        worth = self._cash
        for quantity, close in zip(self._held, closes, strict=True):
            if quantity:
                worth += market_value(quantity, money.from_observation(close))
        return float(worth)


def _exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def purse_for(cash: float, symbols: int, terms: Terms) -> Purse:
    """The purse that `terms.rounding` asks for."""
    if terms.rounding is Rounding.CENT:
        return CentPurse(cash, symbols, terms)
    return FloatPurse(cash, symbols, terms)
