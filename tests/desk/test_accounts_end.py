"""What becomes of a person's portfolios when their account ends."""

from __future__ import annotations

from stocksite.auth import service as auth
from stocksite.auth.service import Throttle
from stocksite.core.clock import wall_now
from stocksite.portfolios.models import Order, Portfolio
from stocksite.portfolios.service import proof
from tests.conftest import PASSWORD


def test_portfolios_of_a_deleted_account_are_put_away_and_their_orders_end(
    app, session, actor, redis, open_book, trade
):
    book = open_book()
    order = trade(book, "buy", "AAPL", "1")
    assert order.status == "accepted"
    auth.delete_account(
        session, Throttle(redis), actor, password=PASSWORD, address="127.0.0.1", now=wall_now()
    )
    session.commit()
    session.expire_all()
    assert session.get(Order, order.id).status == "canceled"
    assert session.get(Portfolio, book.id).archived_at is not None
    assert [p.ok for p in proof.verify_everything(session)] == [True]
