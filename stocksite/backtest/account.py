"""One backtest's account: purse, positions, and the view of them a strategy gets."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final, TypeAlias

import numpy as np

from stocksite.backtest import guards
from stocksite.backtest.bars import ActionCalendar, CorporateAction, Market
from stocksite.backtest.orders import View
from stocksite.backtest.purse import purse_for
from stocksite.backtest.terms import Terms
from stocksite.backtest.trades import FillRecord, Position, Trade
from stocksite.portfolios.fills import Bar, Fill, FillRule, Side, slipped

Columns: TypeAlias = tuple[list[float], list[float], list[float], list[float]]

_AT_THE_OPEN: Final = frozenset(
    {FillRule.MARKET_AT_OPEN, FillRule.LIMIT_AT_BETTER_OPEN, FillRule.STOP_GAP}
)


class Account:
    """Cash, shares and round trips of one run over the bars of one market."""

    def __init__(
        self,
        market: Market,
        signals: Market,
        cash: float,
        terms: Terms,
        actions: Sequence[CorporateAction],
    ) -> None:
        if not cash > 0:
            raise ValueError("a backtest needs cash to start with")
        symbols = len(market.prices)
        self.terms = terms
        self.bars: list[Columns] = [
            (p.open.tolist(), p.high.tolist(), p.low.tolist(), p.close.tolist())
            for p in market.prices
        ]
        self.gaps = any(bool(np.isnan(p.close).any()) for p in market.prices)
        self.actions = ActionCalendar.of(market, actions).by_bar
        self.purse = purse_for(cash, symbols, terms)
        self.view = View(signals)
        self.view.cash = self.view.equity = self.lowest = self.purse.cash
        self.positions: list[Position | None] = [None] * symbols
        self.open = 0
        self.closes = self.view.prices
        self.trades: list[Trade] = []
        self.fills: list[FillRecord] = []

    def missing(self, symbol: int, t: int) -> bool:
        """Whether the symbol has no bar t."""
        return self.gaps and isnan(self.bars[symbol][3][t])

    def value(self) -> float:
        """Cash and holdings at the last closes."""
        return self.purse.value(self.closes) if self.open else self.purse.cash

    def mark(self, t: int) -> float:
        """Mark to the close of bar t; a symbol without a bar keeps its last price."""
        for symbol, (_, highs, lows, closes) in enumerate(self.bars):
            price = closes[t]
            if self.gaps and isnan(price):
                continue
            self.closes[symbol] = price
            position = self.positions[symbol]
            if position is not None:
                if t >= position.whole_from:
                    position.seen(lows[t], highs[t])
                else:
                    position.seen(price, price)
        return self.value()

    def buy(self, symbol: int, quantity: float, fill: Fill[float], t: int) -> None:
        """Buy at the fill's price after slippage."""
        price = slipped(fill, Side.BUY, self.terms.costs.slippage_pct).price
        posted = self.purse.buy(symbol, quantity, price)
        position = self.positions[symbol]
        if position is None:
            whole_from = t if fill.rule in _AT_THE_OPEN else t + 1
            position = self.positions[symbol] = Position(symbol, t, whole_from)
            self.open += 1
            self.view.entry_bars[symbol] = t
        position.buy(quantity, posted.price, posted.fees)
        self._note(
            FillRecord(
                t, symbol, Side.BUY, quantity, posted.price, posted.fees, posted.cash, fill.rule
            )
        )

    def sell(self, symbol: int, quantity: float, fill: Fill[float], t: int) -> None:
        """Sell at the fill's price after slippage; the last share ends the round trip."""
        price = slipped(fill, Side.SELL, self.terms.costs.slippage_pct).price
        posted = self.purse.sell(symbol, quantity, price)
        position = self.positions[symbol]
        assert position is not None  # whatever is held is held in a position
        position.sell(quantity, posted.price, posted.fees)
        if self.purse.shares[symbol] <= 0:
            self.trades.append(position.trade(t, fill.rule))
            self.positions[symbol] = None
            self.open -= 1
            self.view.exit_bars[symbol] = t
        self._note(
            FillRecord(
                t, symbol, Side.SELL, quantity, posted.price, posted.fees, posted.cash, fill.rule
            )
        )

    def _note(self, record: FillRecord) -> None:
        self.fills.append(record)
        symbol = record.symbol
        position = self.positions[symbol]
        self.view.shares[symbol] = self.purse.shares[symbol] if position else 0.0
        self.view.entry_prices[symbol] = position.price if position else 0.0
        self.view.cash = record.cash
        self.lowest = min(self.lowest, record.cash)

    def guard(self, t: int) -> None:
        """Stops and targets, for positions that have stood since the open of bar t."""
        for symbol, position in enumerate(self.positions):
            if position is None or t < position.whole_from or self.missing(symbol, t):
                continue
            opens, highs, lows, closes = self.bars[symbol]
            bar = Bar(opens[t], highs[t], lows[t], closes[t])
            fill = guards.intrabar(self.terms.exits, position, bar)
            if fill is not None:
                self.sell(symbol, self.view.shares[symbol], fill, t)

    def act(self, t: int) -> dict[int, float]:
        """Apply splits and dividends of bar t; the factor on prices per symbol that split."""
        factors: dict[int, float] = {}
        for symbol, action in self.actions[t]:
            position = self.positions[symbol]
            if action.split is not None:
                factors[symbol] = action.split[1] / action.split[0]
                self.closes[symbol] *= factors[symbol]
                if position is not None:
                    self.purse.split(symbol, action.split)
                    position.split(action.split)
                    self.view.shares[symbol] = self.purse.shares[symbol]
                    self.view.entry_prices[symbol] = position.price
            elif position is not None:
                position.dividends += self.purse.dividend(symbol, action.dividend)
                self.view.cash = self.purse.cash
        return factors

    def all_trades(self) -> tuple[Trade, ...]:
        """The round trips so far in order of entry, open ones valued at the last close."""
        still = [p.trade(None, "", self.closes[p.symbol]) for p in self.positions if p is not None]
        return tuple(sorted([*self.trades, *still], key=lambda trade: trade.entry_bar))
