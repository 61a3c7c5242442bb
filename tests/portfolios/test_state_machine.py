"""Random lives of a portfolio: whatever is done, in whatever order, the invariants hold.

Deposits, withdrawals, buys, sells and cancels, in open and closed markets, with fees. After every
step: cash ≥ 0, quantities ≥ 0, equity − net deposits = realized + unrealized + income − fees, and
the replayed ledger equals what is stored.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from stocksite.core.database import unit_of_work
from stocksite.core.errors import DomainError
from stocksite.core.paging import PageRequest
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, cash, history, matching, orders, proof, reads

OPEN = history.OrderFilter(status="open")
SYMBOLS = st.sampled_from(["AAPL", "IBM", "GOOG"])
QUANTITIES = st.decimals("0.000000001", "40", places=9)
AMOUNTS = st.decimals("0.01", "4000", places=2)


@pytest.mark.slow
def test_lives_of_a_portfolio(market, session, actor, make_user):
    names = iter(f"Life {n}" for n in range(10_000))

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            wanted = books.BookSettings(
                name=next(names),
                starting_cash=Decimal("5000.00"),
                commission_pct=Decimal("0.15"),
                commission_per_trade=Decimal("0.35"),
            )
            owner = make_user()
            self.actor = owner
            self.id = books.open_portfolio(session, owner, wanted).id
            session.commit()

        def attempt(self, act) -> None:
            try:
                act()
                session.commit()
            except DomainError:
                session.rollback()

        @rule(amount=AMOUNTS, kind=st.sampled_from([*TransactionType][:2]))
        def move_cash(self, amount, kind):
            self.attempt(lambda: cash.move(session, self.actor, self.id, kind, amount))

        @rule(symbol=SYMBOLS, side=st.sampled_from([*Side]), quantity=QUANTITIES)
        def trade_shares(self, symbol, side, quantity):
            request = OrderRequest(symbol, side, quantity)
            self.attempt(lambda: orders.place(session, self.actor, self.id, request))

        @rule(symbol=SYMBOLS, side=st.sampled_from([*Side]), amount=AMOUNTS)
        def trade_cash(self, symbol, side, amount):
            request = OrderRequest(symbol, side, notional=amount)
            self.attempt(lambda: orders.place(session, self.actor, self.id, request))

        @rule(which=st.integers(0, 5))
        def cancel(self, which):
            page = history.orders(session, self.actor, PageRequest(), OPEN, portfolio_id=self.id)
            if page.results:
                chosen = page.results[which % len(page.results)]
                self.attempt(lambda: orders.cancel(session, self.actor, self.id, chosen.id))

        @rule(seconds=st.sampled_from([1, 3]), steps=st.integers(1, 8))
        def time_passes(self, seconds, steps):
            for _ in range(steps):
                market.tick(seconds)
            matching.match_all(unit_of_work)
            session.expire_all()

        @invariant()
        def nothing_is_negative(self):
            book = books.owned(session, self.actor, self.id)
            assert book.cash >= 0
            assert book.reserved >= 0
            view = reads.portfolio(session, self.actor, self.id)
            assert all(p.quantity > 0 for p in reads.positions(session, view))

        @invariant()
        def the_identity_holds(self):
            view = reads.portfolio(session, self.actor, self.id)
            earned = view.realized_pnl + view.unrealized_pnl + view.income - view.fees
            assert view.total_value - view.net_deposits == earned
            held = reads.positions(session, view)
            assert sum((p.market_value for p in held), Decimal(0)) == view.positions_value

        @invariant()
        def replay_equals_what_is_stored(self):
            found = proof.verify(session, self.actor, self.id)
            assert found.ok, found.differences

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
