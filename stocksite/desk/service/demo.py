"""The demo account: two portfolios that have been traded for years, and a watchlist.

Its trades were never lived through, but they are posted like any other: orders filled at the
official open of their day, through the same execution and the same ledger. Nothing in the plan
knows the future: one portfolio buys every month, the other goes in and out by the calendar.
Splits and dividends of those years come to both on their days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.auth import passwords
from stocksite.auth.models import User
from stocksite.auth.service import accounts
from stocksite.core.actor import Actor
from stocksite.core.calendar import TradingSession, xnys
from stocksite.core.clock import wall_now
from stocksite.core.money import ZERO, from_observation
from stocksite.desk import demo_account
from stocksite.market.models import Bar, CorporateAction, Stock
from stocksite.market.reading import StockQuote
from stocksite.market.service import clock as market_clock
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.fills import OrderType, Side, fill_at_quote
from stocksite.portfolios.models import Order, Portfolio, Position
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import corporate, execution, postings, snapshots
from stocksite.watchlist.models import WatchlistItem

USERNAME, PASSWORD = demo_account.USERNAME, demo_account.PASSWORD
FIRST_DAY = date(2004, 6, 1)
LAST_DAY = date(2008, 12, 31)
SYMBOLS = ("AAPL", "IBM", "MSFT", "GOOG")
OPEN_TO_ALL = (
    "This database holds the demo account, whose password everybody knows, and the site answers to "
    "the public. Close it with `flask seed-demo --close` (its portfolios stay), or set "
    "TRUSTED_HOSTS=localhost."
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing the plan does at the open of a session."""

    session: TradingSession
    deposit: Decimal = ZERO
    side: Side = Side.BUY
    symbol: str = ""
    share: Decimal = ZERO
    """Of the cash to spend, or of the position to sell."""


def is_open(session: Session) -> bool:
    """Whether anybody can log in with the password everybody knows."""
    found = session.scalar(
        select(User.password_hash).where(User.username == USERNAME, User.is_active)
    )
    return found is not None and passwords.matches(PASSWORD, found)


def close(session: Session) -> bool:
    """Keep everybody out of the demo account; False when it was closed or is not there."""
    user = session.scalar(select(User).where(User.username == USERNAME, User.is_active))
    if user is None:
        return False
    user.is_active = False
    user.credential_version += 1
    return True


def reopen(session: Session) -> bool:
    """Let people into the demo account again; False when it is open or not there."""
    user = session.scalar(select(User).where(User.username == USERNAME, ~User.is_active))
    if user is None:
        return False
    user.is_active = True
    return True


def seed(session: Session) -> bool:
    """Create the demo account unless it exists; returns whether it was made."""
    if session.scalar(select(User.id).where(User.username == USERNAME)) is not None:
        return False
    actor = accounts.register(
        session,
        username=USERNAME,
        email="demo@example.com",
        password=PASSWORD,
        now=wall_now(),
        first_name="Demo",
        last_name="Pilot",
        any_password=True,
        welcome=False,
    )
    state = market_clock.state(session)
    last = min(LAST_DAY, state.last_complete or date.min)
    days = xnys().between(FIRST_DAY, last)
    if days:
        trader = _Trader(session, actor, days)
        steady = "Buys a little every month, whatever the news."
        trader.run("Steady hands", steady, _steady(days), is_default=True)
        trader.run("Swing trades", "In for three weeks, out for one.", _swing(days), fee="0.1")
    _watch(session, actor)
    return True


def _steady(days: tuple[TradingSession, ...]) -> Iterator[_Step]:
    """On the first session of each month: 1,500 in, and most of the cash into the next stock."""
    month, turn = 0, 0
    for day in days:
        if day.date.month == month:
            continue
        month = day.date.month
        yield _Step(day, deposit=Decimal(1500))
        yield _Step(day, Decimal(0), Side.BUY, SYMBOLS[turn % 4], Decimal("0.35"))
        if turn % 11 == 10:
            yield _Step(day, Decimal(0), Side.SELL, SYMBOLS[(turn + 1) % 4], Decimal("0.5"))
        turn += 1


def _swing(days: tuple[TradingSession, ...]) -> Iterator[_Step]:
    """Twenty sessions at a time: in at the first, out at the fifteenth, the stocks in turn."""
    for number, day in enumerate(days):
        symbol = SYMBOLS[number // 20 % 4]
        if number % 20 == 0:
            yield _Step(day, side=Side.BUY, symbol=symbol, share=Decimal("0.6"))
        elif number % 20 == 14:
            yield _Step(day, side=Side.SELL, symbol=symbol, share=Decimal(1))


class _Trader:
    """Carries out a plan in a portfolio opened on the plan's first day."""

    def __init__(self, session: Session, actor: Actor, days: tuple[TradingSession, ...]) -> None:
        self.session, self.actor, self.days = session, actor, days
        self.stocks = {
            stock.symbol: stock
            for stock in session.scalars(select(Stock).where(Stock.symbol.in_(SYMBOLS)))
        }
        for stock in self.stocks.values():
            session.expunge(stock)  # or each corporate action would have it read again
        rows = session.execute(
            select(Bar.stock_id, Bar.date, Bar.open).where(
                Bar.date.between(days[0].date, days[-1].date)
            )
        )
        self.opens = {(row.stock_id, row.date): row.open for row in rows}
        actions = session.execute(
            select(CorporateAction.ex_date, CorporateAction.pay_date).where(
                CorporateAction.stock_id.in_([stock.id for stock in self.stocks.values()])
            )
        )
        self.action_days = {day for row in actions for day in row if day}
        """Ex- and pay-dates: between them there is nothing to look for."""

    def run(
        self,
        name: str,
        description: str,
        plan: Iterator[_Step],
        *,
        fee: str = "0",
        is_default: bool = False,
    ) -> None:
        """Open the portfolio, trade the plan, write the snapshots of all its days."""
        portfolio = Portfolio(
            user_id=self.actor.user_id,
            name=name,
            description=description,
            starting_cash=Decimal(25_000),
            cash=ZERO,
            commission_pct=Decimal(fee),
            benchmark="IBM",
            public=True,
            is_default=is_default,
            created_at=self.days[0].open,
        )
        self.session.add(portfolio)
        self.session.flush()
        deposit = TransactionType.DEPOSIT
        postings.post_cash(
            self.session, portfolio, deposit, Decimal(25_000), self.days[0].open, "Starting cash"
        )
        today = self.days[0]
        for step in plan:
            if any(today.date < day <= step.session.date for day in self.action_days):
                corporate.apply_to(self.session, portfolio, step.session.open)
            today = step.session
            if step.deposit:
                postings.post_cash(
                    self.session, portfolio, deposit, step.deposit, step.session.open, "Savings"
                )
            else:
                self._trade(portfolio, step)
        corporate.apply_to(self.session, portfolio, self.days[-1].close)
        snapshots.rebuild(self.session, portfolio.id, self.days[-1].date)

    def _trade(self, portfolio: Portfolio, step: _Step) -> None:
        stock = self.stocks[step.symbol]
        observed = self.opens.get((stock.id, step.session.date))
        request = self._request(portfolio, stock, step)
        if observed is None or request is None:
            return
        price = from_observation(observed)
        quote = _opening_quote(stock, step.session, price)
        before = xnys().previous(step.session.date)
        order = Order(
            portfolio_id=portfolio.id,
            stock_id=stock.id,
            client_order_id=f"demo-{step.session.date}-{step.side.value}-{stock.symbol}",
            request_hash=request.fingerprint(),
            side=step.side.value,
            quantity=request.quantity,
            notional=request.notional,
            status="accepted",
            reserved=ZERO,
            held_quantity=ZERO,
            submitted_at=before.close if before else step.session.open,
        )
        self.session.add(order)
        self.session.flush()
        attempt = fill_at_quote(
            OrderType.MARKET, step.side, price, session_open=price, submitted_before_open=True
        )
        assert attempt.fill is not None  # a market order always fills
        execution.fill(self.session, portfolio, order, quote, attempt.fill, step.session.open)

    def _request(self, portfolio: Portfolio, stock: Stock, step: _Step) -> OrderRequest | None:
        if step.side is Side.BUY:
            amount = (portfolio.cash * step.share).quantize(Decimal("1"))
            return OrderRequest(stock.symbol, Side.BUY, notional=amount) if amount > 100 else None
        position = self.session.get(Position, (portfolio.id, stock.id))
        held = position.quantity if position is not None else ZERO
        quantity = (held * step.share).quantize(Decimal("0.000000001"))
        return OrderRequest(stock.symbol, Side.SELL, quantity=quantity) if quantity else None


def _opening_quote(stock: Stock, day: TradingSession, price: Decimal) -> StockQuote:
    return StockQuote(
        stock_id=stock.id,
        symbol=stock.symbol,
        name=stock.name,
        status=stock.status,
        listed=True,
        first_bar=stock.first_bar,
        price=price,
        open=price,
        session_date=day.date,
        opened_at=day.open,
        as_of=day.open,
        source="sample",
    )


def _watch(session: Session, actor: Actor) -> None:
    stocks = session.scalars(select(Stock).where(Stock.symbol.in_(SYMBOLS)).order_by(Stock.symbol))
    for position, stock in enumerate(stocks):
        session.add(
            WatchlistItem(
                user_id=actor.user_id,
                stock_id=stock.id,
                position=position,
                added_at=wall_now(),
                move_pct=Decimal(3),
            )
        )
    session.flush()
