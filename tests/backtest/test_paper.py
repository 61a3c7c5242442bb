"""A strategy on paper ends with the same money, to the cent, as its backtest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete

from stocksite.backtest.ask import read_ask
from stocksite.backtest.service import attached, parity, runs
from stocksite.core.database import unit_of_work
from stocksite.core.models import MarketClock
from stocksite.market.service import clock
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import cash, matching, orders
from tests.backtest.walking import Walk, postings, start
from tests.portfolios.desk import words


def begin_on(session: Any, settings: Any, market: Any, day: date) -> None:
    """Let the market's history begin on another day."""
    session.execute(delete(MarketClock))
    clock.start(session, replace(settings, replay_start=day), market.wall)
    session.commit()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("symbol", "shares", "begins", "sessions", "kinds"),
    [
        ("MSFT", "whole", date(2002, 12, 2), 250, ("split", "dividend")),
        ("IBM", "fractional", None, 60, ("dividend",)),
    ],
)
def test_a_replay_ends_with_the_backtest_s_money(
    session, settings, market, actor, open_book, symbol, shares, begins, sessions, kinds
) -> None:
    """Splits and dividends on the way are booked on both sides, to the cent; Microsoft is held
    through a split and, the day after, its first dividend.
    """
    if begins:
        begin_on(session, settings, market, begins)
    book = open_book()
    made = start(
        session, actor, book, symbols=[symbol], parameters={"fast": 1, "slow": 5}, shares=shares
    )
    last = Walk(session, market).sessions(sessions)
    found = parity.parity(session, actor, made.id)
    assert found.as_of == last
    assert found.difference == Decimal("0.00")
    assert found.divergences == 0
    assert not found.notes
    assert len(found.rows) > 10
    assert all(point.actual in (point.expected, None) for point in found.curve)
    assert postings(session, book, "buy", "sell") == len(found.rows)
    for kind in kinds:
        assert postings(session, book, kind) > 0, kind


def test_pausing_misses_a_trade_and_the_parity_page_says_so(
    session, market, actor, open_book, lab
) -> None:
    """Paused over the first signal: the backtest trades, the portfolio does not."""
    book = open_book()
    made = start(session, actor, book, parameters={"fast": 2, "slow": 4})
    attached.set_paused(session, actor, made.id, True)
    session.commit()
    walk = Walk(session, market)
    walk.sessions(8)
    attached.set_paused(session, actor, made.id, False)
    session.commit()
    walk.sessions(8)
    found = parity.parity(session, actor, made.id)
    named = [row.divergence for row in found.rows if row.divergence]
    assert any("was paused at the close of" in text for text in named)
    assert found.difference != 0
    page = words(lab.get(f"/backtests/attached/{made.id}"))
    assert "was paused at the close of" in page


def test_a_trade_of_today_is_no_divergence(session, market, actor, open_book, lab) -> None:
    """Its backtest knows closed sessions only, so the trade waits for the close."""
    run = runs.make(session, actor, read_ask({"strategy": "buy_and_hold", "symbols": ["AAPL"]}))
    made = attached.attach(session, actor, run.id, open_book().id)
    session.commit()
    walk = Walk(session, market)
    market.open_next()
    matching.match_all(unit_of_work)
    session.expire_all()
    found = parity.parity(session, actor, made.id)
    assert (len(found.rows), found.divergences, len(found.pending)) == (0, 0, 1)
    assert "compared after the close" in words(lab.get(f"/backtests/attached/{made.id}"))
    walk.sessions(1)
    found = parity.parity(session, actor, made.id)
    assert (len(found.rows), found.divergences, len(found.pending)) == (1, 0, 0)


def test_deposits_and_trades_by_hand_are_named(session, market, actor, open_book) -> None:
    book = open_book()
    made = start(session, actor, book, parameters={"fast": 5, "slow": 15})
    walk = Walk(session, market)
    walk.sessions(2)
    cash.move(session, actor, book.id, TransactionType.DEPOSIT, Decimal("500.00"))
    by_hand = OrderRequest("IBM", Side.BUY, quantity=Decimal(1))
    orders.place(session, actor, book.id, by_hand)
    session.commit()
    walk.sessions(12)
    found = parity.parity(session, actor, made.id)
    assert any("deposit of $500.00" in note for note in found.notes)
    assert "Traded by hand, not by the strategy." in {row.divergence for row in found.rows}


def test_a_market_that_moved_on_is_named(session, market, actor, open_book) -> None:
    book = open_book()
    made = start(session, actor, book, parameters={"fast": 2, "slow": 4})
    Walk(session, market, decide=False).sessions(12)
    found = parity.parity(session, actor, made.id)
    assert found.rows
    assert all("the market had moved on" in row.divergence for row in found.rows)
