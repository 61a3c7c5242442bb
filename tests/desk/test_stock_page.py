"""The stock page: what one owns and may do there keeps up with the orders one places."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from stocksite.core.actor import Actor
from stocksite.market.service.clock import TICK_KEY

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def browser(login: Callable[[Actor], FlaskClient], actor: Actor) -> FlaskClient:
    """The actor's browser."""
    return login(actor)


def _text(answer: Any) -> str:
    assert answer.status_code == 200
    page: str = answer.get_data(as_text=True)
    return page


def test_the_page_asks_for_the_part_that_orders_change(
    browser: FlaskClient, market: Any, open_book: Any, trade: Any
) -> None:
    book = open_book()
    market.open_next()
    page = _text(browser.get("/stocks/IBM"))
    assert "You own no IBM" in page
    assert 'data-key="s"' not in page
    polls = re.findall(r'hx-get="/stocks/IBM" hx-trigger="([^"]+)"', page)
    assert polls == ["every 5s", "portfolio:changed from:body"]

    trade(book, "buy", "IBM", "2")
    part = _text(browser.get("/stocks/IBM", headers=PARTIAL))
    assert "<html" not in part
    assert '<div id="holdings"' in part
    assert f'href="/portfolios/{book.id}"' in part
    assert '<hx-partial hx-target="#stock-actions" hx-swap="outerMorph">' in part
    assert 'data-key="s"' in part


def test_the_part_is_unchanged_until_the_next_tick(
    browser: FlaskClient, market: Any, redis: Redis
) -> None:
    market.open_next()
    first = browser.get("/stocks/IBM", headers=PARTIAL)
    cursor = first.headers["HX-PTag"]
    assert f'hx-ptag="{cursor}"' in _text(first)
    redis.set(TICK_KEY, cursor)
    again = browser.get("/stocks/IBM", headers=PARTIAL | {"HX-PTag": cursor})
    assert again.status_code == 304
    assert "HX-Request-Type" in again.headers["Vary"]
    redis.set(TICK_KEY, "9" + cursor)
    assert _text(browser.get("/stocks/IBM", headers=PARTIAL | {"HX-PTag": cursor}))


def test_a_stock_that_is_not_listed_yet_says_so_and_draws_nothing(
    browser: FlaskClient, market: Any
) -> None:
    page = _text(browser.get("/stocks/FB"))
    assert "FB is not listed yet" in page
    assert 'id="stock-chart"' not in page
    assert 'data-key="b"' not in page


def test_somebody_who_has_never_traded_sees_the_first_step_before_the_empty_chart(
    browser: FlaskClient, market: Any, open_book: Any
) -> None:
    open_book()
    page = _text(browser.get("/dashboard"))
    assert page.index("Place your first trade") < page.index('id="worth-slot"')


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/login", "Log in · stocksite"),
        ("/register", "Open an account · stocksite"),
        ("/", "stocksite – a flight simulator for investors"),
    ],
)
def test_the_site_is_named_once_in_a_title(client: FlaskClient, path: str, title: str) -> None:
    assert f"<title>{title}</title>" in _text(client.get(path))
