"""Parts of pages that are drawn once and kept show each person only what is that person's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.portfolios.fills import Side
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service import books, orders
from stocksite.web import rendering
from stocksite.web.rendering import part
from tests.site.world import MakeUser, Page

TABLE = "desk/_transactions.html"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Each test begins as a new process does."""
    rendering._drawn.cache_clear()
    yield
    rendering._drawn.cache_clear()


def _buy(session: Session, actor: Actor, symbol: str, quantity: int) -> None:
    wanted = books.BookSettings(
        name=f"Book of {actor.username} with {symbol}",
        starting_cash=Decimal(50_000),
        execution="instant",
    )
    book = books.open_portfolio(session, actor, wanted)
    orders.place(session, actor, book.id, OrderRequest(symbol, Side.BUY, Decimal(quantity)))
    session.commit()


def _transactions(page: Page) -> str:
    found = re.search(r"<caption[^>]*>Last transactions</caption>.*?</table>", _dashboard(page))
    return found[0] if found else ""


def _dashboard(page: Page) -> str:
    return " ".join(page("GET", "/dashboard").text.split())


def test_everybody_sees_their_own_last_transactions(
    app: Flask, session: Session, make_user: MakeUser
) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    _buy(session, ada, "AAPL", 7)
    _buy(session, bob, "IBM", 9)
    pages = {"ada": Page(app, ada), "bob": Page(app, bob)}
    for _ in range(2):  # drawn, then kept
        hers, his = _transactions(pages["ada"]), _transactions(pages["bob"])
        assert "AAPL" in hers
        assert "Book of ada with AAPL" in hers
        assert "IBM" not in hers
        assert "Book of bob" not in hers
        assert "IBM" in his
        assert "Book of bob with IBM" in his
        assert "AAPL" not in his


def test_equal_trades_of_two_people_name_each_ones_portfolio(
    app: Flask, session: Session, make_user: MakeUser
) -> None:
    """The same stock, price and number: only the portfolio differs."""
    people = [make_user("ada"), make_user("bob")]
    for each in people:
        _buy(session, each, "AAPL", 7)
    for each in people:
        shown = _transactions(Page(app, each))
        assert f"Book of {each.username}" in shown
        assert shown.count("Book of") == shown.count(f"Book of {each.username}")


def test_who_has_none_sees_none(app: Flask, session: Session, make_user: MakeUser) -> None:
    ada = make_user("ada")
    _buy(session, ada, "AAPL", 7)
    assert "AAPL" in _transactions(Page(app, ada))
    text = _dashboard(Page(app, make_user("newcomer")))
    assert "Book of ada" not in text


def test_a_new_transaction_shows_at_once(app: Flask, session: Session, make_user: MakeUser) -> None:
    ada = make_user("ada")
    _buy(session, ada, "AAPL", 7)
    page = Page(app, ada)
    assert "IBM" not in _transactions(page)
    _buy(session, ada, "IBM", 1)
    assert "IBM" in _transactions(page)


def test_the_part_is_kept(app: Flask, session: Session, make_user: MakeUser) -> None:
    """The control of the others: what they look at does come out of the cache."""
    ada = make_user("ada")
    _buy(session, ada, "AAPL", 7)
    page = Page(app, ada)
    page("GET", "/dashboard")
    drawn = rendering._drawn.cache_info().misses
    page("GET", "/dashboard")
    assert rendering._drawn.cache_info().misses == drawn
    assert rendering._drawn.cache_info().hits > 0


def test_other_values_and_other_names_are_other_parts(app: Flask) -> None:
    with app.test_request_context():
        empty = part(TABLE, transactions=())
        assert part(TABLE, transactions=()) is empty
        assert part(TABLE, other=()) is not empty


def test_a_part_below_another_root_has_links_of_its_own(app: Flask) -> None:
    """Kept for one mount point, it would lead out of another."""
    nav = ()
    with app.test_request_context():
        plain = part("_rail.html", nav_items=nav, home_url="/")
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/below"}):
        below = part("_rail.html", nav_items=nav, home_url="/")
    assert plain is not below
