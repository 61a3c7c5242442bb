"""Cents mode against the ledger: the same fills, splits and dividends end with the same money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stocksite.backtest.engine import run
from stocksite.backtest.strategies import Dca, SmaCross, Strategy
from stocksite.backtest.terms import Costs, Rounding, Shares, Terms
from stocksite.backtest.trades import Run
from stocksite.core.money import ZERO, cents, from_observation, quantity
from stocksite.portfolios.entries import Entry, TransactionType, market_value, trade_cash
from stocksite.portfolios.fills import Side
from stocksite.portfolios.ledger import equity, replay
from tests.backtest.samples import actions, one, raw, split_adjusted

CASH = Decimal("100000.00")


def ledger_of(done: Run, symbol: str) -> list[Entry]:
    """The run's fills and the symbol's corporate actions as ledger entries, in order of time."""
    dates = raw(symbol).dates
    rows: list[tuple[object, int, object]] = [(dates[fill.bar], 1, fill) for fill in done.fills] + [
        (action.ex_date, 0, action) for action in actions(symbol)
    ]
    entries = [Entry(1, TransactionType.DEPOSIT, None, ZERO, None, ZERO, CASH)]
    held = ZERO
    for _, _, row in sorted(rows, key=lambda r: (r[0], r[1])):
        number = len(entries) + 1
        if hasattr(row, "side"):
            shares = quantity(Decimal(repr(row.quantity)))
            fees = cents(Decimal(repr(row.fees)))
            price = from_observation(row.price)
            cash = trade_cash(row.side, shares, price, fees)
            kind = TransactionType(row.side.value)
            entries.append(Entry(number, kind, symbol, shares, price, fees, cash))
            held += shares if row.side is Side.BUY else -shares
        elif held and row.split:  # type: ignore[attr-defined]
            to, of = row.split  # type: ignore[attr-defined]
            entries.append(
                Entry(number, TransactionType.SPLIT, symbol, ZERO, None, ZERO, ZERO, ratio=(to, of))
            )
            held = quantity(held * to / of)
        elif held:
            paid = market_value(held, Decimal(repr(row.dividend)))  # type: ignore[attr-defined]
            entries.append(Entry(number, TransactionType.DIVIDEND, symbol, held, None, ZERO, paid))
    return entries


@pytest.mark.parametrize("shares", list(Shares))
@pytest.mark.parametrize(
    ("symbol", "pair"), [("AAPL", (10, 30)), ("IBM", (20, 50)), ("MSFT", (5, 20))]
)
def test_an_average_crossing_ends_with_the_ledger_s_money(
    symbol: str, pair: tuple[int, int], shares: Shares
) -> None:
    _check(SmaCross(*pair), symbol, shares)


def test_regular_saving_ends_with_the_ledger_s_money() -> None:
    _check(Dca(2_500.0, 63), "IBM", Shares.FRACTIONAL)


def _check(strategy: Strategy, symbol: str, shares: Shares) -> None:
    terms = Terms(costs=Costs(0.1, 1.0), shares=shares, rounding=Rounding.CENT)
    market, signals = one(raw(symbol)), one(split_adjusted(symbol))
    done = run(
        strategy.decider(signals),
        market,
        float(CASH),
        terms,
        actions=actions(symbol),
        signals=signals,
    )
    book = replay(ledger_of(done, symbol))
    close = from_observation(float(raw(symbol).close[-1]))
    assert len(done.fills) > 10
    assert book.cash == Decimal(repr(done.cash))
    assert equity(book, {symbol: close}) == Decimal(repr(done.final))


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT"])
def test_raw_with_actions_follows_the_same_signals_as_adjusted(symbol: str) -> None:
    """Trading raw prices through splits gives the money of trading split-adjusted ones."""
    terms = Terms(shares=Shares.FRACTIONAL)
    signals = one(split_adjusted(symbol))
    splits = [action for action in actions(symbol) if action.split]
    strategy = SmaCross(20, 50)
    through = run(
        strategy.decider(signals),
        one(raw(symbol)),
        1e5,
        terms,
        actions=splits,
        signals=signals,
    )
    adjusted = run(strategy.decider(signals), signals, 1e5, terms)
    assert through.final == pytest.approx(adjusted.final, rel=1e-9)
