"""Strategies that trade a portfolio: what may be attached, what they order, how they end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from stocksite.backtest.ask import read_ask
from stocksite.backtest.models import AttachedStep, AttachedStrategy
from stocksite.backtest.service import attached, parity, runs, trading
from stocksite.core.database import unit_of_work
from stocksite.core.errors import Conflict, RuleViolation
from stocksite.portfolios.fills import Side
from stocksite.portfolios.models import Order, Transaction
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import orders
from tests.backtest.walking import Walk, postings, start
from tests.portfolios.desk import words


def test_a_decision_is_made_once_per_close(session, market, actor, open_book) -> None:
    book = open_book()
    made = start(session, actor, book, parameters={"fast": 2, "slow": 4})
    walk = Walk(session, market)
    day = walk.sessions(8)
    before = session.scalar(select(func.count(Order.id)))
    for _ in range(3):
        assert trading.decide_all(unit_of_work, day) == 0
    assert session.scalar(select(func.count(Order.id))) == before > 0
    steps = session.scalar(
        select(func.count(AttachedStep.id)).where(
            AttachedStep.attached_id == made.id, AttachedStep.kind == "decided"
        )
    )
    assert steps == 9, "the close it was attached at, and eight more"


def test_detaching_cancels_what_waits_and_ends_it(session, market, actor, open_book) -> None:
    book = open_book()
    run = runs.make(session, actor, read_ask({"strategy": "buy_and_hold", "symbols": ["AAPL"]}))
    made = attached.attach(session, actor, run.id, book.id)
    session.commit()
    waiting = session.scalars(select(Order)).one()
    assert waiting.status == "accepted"
    assert waiting.sizing == "all_in"
    assert waiting.reserved == Decimal("100000.00")
    attached.detach(session, actor, made.id)
    session.commit()
    session.refresh(waiting)
    assert waiting.status == "canceled"
    Walk(session, market).sessions(2)
    assert postings(session, book, "buy") == 0
    with pytest.raises(Conflict):
        attached.set_paused(session, actor, made.id, True)
    again = attached.attach(session, actor, run.id, book.id)
    assert again.id != made.id


def test_all_in_is_sized_at_the_fill(session, market, actor, open_book) -> None:
    """The price at the open is not the one at the close before: cash decides, whole shares."""
    book = open_book()
    run = runs.make(session, actor, read_ask({"strategy": "buy_and_hold", "symbols": ["AAPL"]}))
    attached.attach(session, actor, run.id, book.id)
    session.commit()
    Walk(session, market).sessions(1)
    order = session.scalars(select(Order)).one()
    session.refresh(book)
    unit = order.average_fill_price * Decimal("1.001")
    assert order.filled_quantity == order.filled_quantity.to_integral_value()
    assert 0 <= book.cash < unit + Decimal("0.02")
    assert book.reserved == 0


def test_several_symbols_in_equal_parts(session, market, actor, open_book) -> None:
    book = open_book()
    asked = {"strategy": "buy_and_hold", "symbols": ["AAPL", "IBM", "MSFT"]}
    run = runs.make(session, actor, read_ask(asked))
    made = attached.attach(session, actor, run.id, book.id)
    session.commit()
    Walk(session, market).sessions(2)
    spent = session.scalars(select(Transaction.cash_amount).where(Transaction.type == "buy")).all()
    assert len(spent) == 3
    assert all(Decimal(-33_400) < amount < Decimal(-32_500) for amount in spent)
    assert len(parity.parity(session, actor, made.id).rows) == 3


@pytest.mark.parametrize(
    ("asked", "chosen", "sentence"),
    [
        ({"exits": {"stop_loss_pct": 5}}, {}, "not available on paper yet"),
        ({"fill": "same_close"}, {}, "fill at the next open"),
        ({"symbols": ["FB"]}, {}, "not listed yet"),
        ({}, {"execution": "instant"}, "fills at once"),
        ({}, {"starting_cash": Decimal(0)}, "no cash"),
    ],
)
def test_what_cannot_be_traded_on_paper(session, actor, open_book, asked, chosen, sentence) -> None:
    book = open_book(**chosen)
    run = runs.make(
        session, actor, read_ask({"strategy": "sma_cross", "symbols": ["AAPL"]} | asked)
    )
    with pytest.raises(RuleViolation, match=sentence):
        attached.attach(session, actor, run.id, book.id)


def test_a_portfolio_is_traded_by_one_strategy_and_starts_with_cash(
    session, market, actor, open_book
) -> None:
    book = open_book()
    made = start(session, actor, book)
    with pytest.raises(Conflict, match="Another strategy"):
        attached.attach(session, actor, made.run_id, book.id)
    held = open_book(name="Held")
    market.open_next()
    orders.place(session, actor, held.id, OrderRequest("IBM", Side.BUY, quantity=Decimal(1)))
    session.commit()
    with pytest.raises(RuleViolation, match="positions or waiting orders"):
        attached.attach(session, actor, made.run_id, held.id)
    names = [each.name for each in attached.candidates(session, actor)]
    assert names == []


def test_from_the_page_to_a_portfolio_of_its_own(lab, session) -> None:
    run = lab.run()["id"]
    page = lab.get(f"/backtests/{run}/trade")
    assert "A new portfolio" in words(page)
    form = {"portfolio": "new", "name": "Crossing", "cash": "25,000"}
    answer = lab.post(f"/backtests/{run}/trade", form)
    assert answer.status_code == 303, words(answer)
    shown = words(lab.get(answer.headers["Location"]))
    assert "Crossing" in shown
    assert "Active" in shown
    taken = lab.post(f"/backtests/{run}/trade", form)
    assert taken.status_code == 422
    assert "Crossing already" in words(taken)
    paused = lab.post(answer.headers["Location"] + "/pause", {})
    assert "Paused" in words(lab.get(paused.headers["Location"]))
    ended = lab.post(answer.headers["Location"] + "/detach", {})
    assert "Detached" in words(lab.get(ended.headers["Location"]))
    assert lab.post(answer.headers["Location"] + "/pause", {}).status_code == 409


def test_a_strategy_never_sees_tomorrow(session, market, actor, open_book) -> None:
    """What it decides at a close does not change when every later bar does."""
    book = open_book()
    made = start(session, actor, book, parameters={"fast": 2, "slow": 4})
    Walk(session, market).sessions(5)
    state = market.state
    found = session.get(AttachedStrategy, made.id)
    on = trading.stage_now(session, read_ask(found.ask), state)
    assert on.dates[-1].astype(object) == state.last_complete
    assert max(a.ex_date.astype(object) for a in on.setting.actions) <= state.session_date


def test_one_that_fails_does_not_hold_up_the_others(
    session, market, actor, open_book, monkeypatch
) -> None:
    first = start(session, actor, open_book(name="One"))
    second = start(session, actor, open_book(name="Two"))
    Walk(session, market, decide=False).sessions(1)
    day = market.state.session_date
    real = trading.stage_now

    def fail_once(opened: Any, ask: Any, *rest: Any, **named: Any) -> Any:
        if not seen:
            seen.append(1)
            raise ZeroDivisionError
        return real(opened, ask, *rest, **named)

    seen: list[int] = []
    monkeypatch.setattr(trading, "stage_now", fail_once)
    with pytest.raises(RuntimeError, match="1 of 2"):
        trading.decide_all(unit_of_work, day)
    assert trading.decide_all(unit_of_work, day) == 1
    kinds = session.execute(
        select(AttachedStep.attached_id).where(
            AttachedStep.kind == "decided", AttachedStep.day == day
        )
    ).all()
    assert {row.attached_id for row in kinds} == {first.id, second.id}
