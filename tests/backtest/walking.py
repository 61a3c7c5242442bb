"""Walks the market through whole sessions, as the clock and the worker would."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.backtest.ask import read_ask
from stocksite.backtest.service import attached, runs, trading
from stocksite.core.database import unit_of_work
from stocksite.market.service import clock
from stocksite.portfolios.models import Transaction
from stocksite.portfolios.service import corporate, matching, snapshots


class Walk:
    """Steps of the real clock at its highest speed; after each, what the schedule has due."""

    def __init__(self, session: Session, market: Any, *, decide: bool = True) -> None:
        self.session, self.market, self.decide = session, market, decide
        clock.set_speed(session, clock.MAX_SPEED)
        session.commit()

    def session_day(self) -> date:
        """Live through one session, from open to the close with its work done; its date."""
        while True:
            tick = self.market.tick(3.0)
            state = self.market.state
            if tick.opened or state.phase == "closing":
                corporate.apply_due(self.session, state)
                self.session.commit()
            if tick.moved and matching.work_waiting(self.session):
                self.session.commit()
                matching.match_all(unit_of_work)
            if tick.closed:
                self.after_close(tick.closed)
                self.session.expire_all()
                return tick.closed

    def after_close(self, day: date) -> None:
        """The steps of AFTER_CLOSE that matter here, in their order."""
        matching.match_all(unit_of_work)
        with unit_of_work() as session:
            snapshots.catch_up(session, day)
        if self.decide:
            trading.decide_all(unit_of_work, day)

    def sessions(self, count: int) -> date:
        """Live through several; the last one's date."""
        last = date.min
        for _ in range(count):
            last = self.session_day()
        return last


def start(session, actor, book, **asked: Any) -> Any:
    run = runs.make(
        session, actor, read_ask({"strategy": "sma_cross", "symbols": ["AAPL"]} | asked)
    )
    made = attached.attach(session, actor, run.id, book.id)
    session.commit()
    return made


def postings(session: Any, book: Any, *kinds: str) -> int:
    found = select(func.count()).where(
        Transaction.portfolio_id == book.id, Transaction.type.in_(kinds)
    )
    return session.scalar(found) or 0
