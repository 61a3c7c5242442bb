"""The market's days lived through as the clock and a worker live them, from any start."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from redis import Redis
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from stocksite import schedule
from stocksite.core import queue
from stocksite.core.clock import wall_now
from stocksite.core.models import Job, MarketClock
from stocksite.market.models import CorporateAction, Quote, Stock
from stocksite.market.service import clock as market_clock
from stocksite.portfolios.fills import Side, posting
from stocksite.portfolios.models import PortfolioSnapshot, Position, Transaction
from stocksite.portfolios.service import postings, reads
from tests.conftest import SETTINGS

ROOM = "stocksite.portfolios"


class Days:
    """A market that stands in the night before `start`; jobs run as soon as they are enqueued."""

    def __init__(self, session: Session, redis: Redis, start: str) -> None:
        self.session, self.redis = session, redis
        self.now = wall_now()
        session.execute(delete(MarketClock))
        session.execute(delete(Quote))
        begin = replace(SETTINGS, replay_start=date.fromisoformat(start), replay_speed=100_000.0)
        market_clock.start(session, begin, self.now)
        session.commit()

    @property
    def state(self) -> Any:
        self.session.rollback()
        self.session.expire_all()
        return market_clock.state(self.session)

    def step(self, jobs: bool = True) -> Any:
        """Three seconds of the clock process, then the worker."""
        self.now += timedelta(seconds=3)
        tick = schedule.step(self.redis, self.now)
        if jobs:
            self.work()
        return tick

    def work(self) -> None:
        """Run what is queued for this room, oldest first; other rooms' jobs count as done."""
        self.session.rollback()
        others = update(Job).where(Job.status == "queued", ~Job.function.like(f"{ROOM}.%"))
        self.session.execute(others.values(status="done"))
        self.session.commit()
        waiting = select(Job.id).where(Job.status == "queued").order_by(Job.created_at)
        for _ in range(50):
            job = self.session.scalar(waiting)
            self.session.rollback()
            if job is None:
                return
            queue.run(job)
            failed = self.session.get(Job, job)
            assert failed is None or failed.status == "done", failed.message
            self.session.rollback()
        raise AssertionError("the queue never empties")

    def until(self, phase: str, day: date | None = None) -> Any:
        """Live on to a phase (of the session of `day`, or any)."""
        for _ in range(5_000):
            state = self.state
            if state.phase == phase and (day is None or state.session_date == day):
                return state
            self.step()
        raise AssertionError(f"never {phase}")

    def open(self, day: str | None = None) -> Any:
        """On to the first tick of a session (the next one)."""
        if day is None and self.state.phase == "open":
            self.until("closed")
        return self.until("open", date.fromisoformat(day) if day else None)

    def close(self) -> Any:
        """On into the night, the day's jobs done."""
        if self.state.phase == "closed":
            self.until("open")
        return self.until("closed")

    def skip(self, day: str) -> None:
        """As an administrator: the next session to open is the one on or after `day`."""
        market_clock.skip_to(self.session, date.fromisoformat(day), self.now)
        self.session.commit()
        self.until("closed")

    def equity(self, actor: Any, portfolio_id: int) -> Decimal:
        """What the portfolio is worth now."""
        self.session.rollback()
        self.session.expire_all()
        return reads.portfolio(self.session, actor, portfolio_id).total_value

    def snapshots(self, portfolio_id: int) -> dict[date, PortfolioSnapshot]:
        """Daily values by day, as stored."""
        self.session.rollback()
        self.session.expire_all()
        rows = self.session.scalars(
            select(PortfolioSnapshot)
            .where(PortfolioSnapshot.portfolio_id == portfolio_id)
            .order_by(PortfolioSnapshot.date)
        )
        return {row.date: row for row in rows}


def stock_id(session: Session, symbol: str) -> int:
    """The row of a symbol."""
    found = session.scalar(select(Stock.id).where(Stock.symbol == symbol))
    assert found is not None
    return found


class Made:
    """Corporate actions that tests add to the market's list; taken out again at the end."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ids: list[int] = []

    def add(self, symbol: str, ex_date: str, **values: Any) -> CorporateAction:
        kind = "split" if "ratio_to" in values else "dividend"
        row = CorporateAction(
            stock_id=stock_id(self.session, symbol),
            ex_date=date.fromisoformat(ex_date),
            kind=kind,
            source="test",
            **values,
        )
        self.session.add(row)
        self.session.commit()
        self.ids.append(row.id)
        return row

    def split(self, symbol: str, ex_date: str, to: int, of: int) -> CorporateAction:
        return self.add(symbol, ex_date, ratio_to=to, ratio_from=of)

    def dividend(
        self, symbol: str, ex_date: str, amount: str, pay_date: str | None = None
    ) -> CorporateAction:
        paid = date.fromisoformat(pay_date) if pay_date else None
        return self.add(symbol, ex_date, amount=Decimal(amount), pay_date=paid)

    def remove(self) -> None:
        self.session.rollback()
        self.session.execute(delete(CorporateAction).where(CorporateAction.id.in_(self.ids)))
        self.session.commit()


def post(session, book, side, symbol, quantity, price, at, fee="0"):
    """A fill at a price of the test's choosing, through the one place that writes the ledger."""
    fees, amount = posting(Side(side), Decimal(quantity), Decimal(price), Decimal(0), Decimal(fee))
    found = stock_id(session, symbol)
    trade = postings.Trade(side, symbol, found, Decimal(quantity), Decimal(price), fees, amount, at)
    postings.post_trade(session, book, trade)
    session.commit()


def position(session):
    session.expire_all()
    return session.execute(select(Position.quantity, Position.cost_basis)).one_or_none()


def kinds(session):
    return list(session.scalars(select(Transaction.type).order_by(Transaction.id)))
