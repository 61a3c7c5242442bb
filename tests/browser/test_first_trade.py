"""From a stranger to somebody who owns shares."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from stocksite.core.actor import Actor
from stocksite.portfolios.models import Order, Portfolio, Position
from tests.browser.conftest import NewContext, listen, log_in, shoot
from tests.browser.live import Live
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _orders(live: Live, who: Actor) -> int:
    with live.work() as session:
        mine = select(func.count()).select_from(Order).join(Portfolio)
        return session.scalar(mine.where(Portfolio.user_id == who.user_id)) or 0


def test_register_buy_and_see_it(live: Live, page: Page) -> None:
    page.goto("/")
    page.locator("main").get_by_role("link", name="Open a free account").click()
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("E-mail").fill("newcomer@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/dashboard$"))
    shoot(page, "journey-dashboard-empty")
    # Three clicks from the empty state to the first trade.
    page.get_by_role("link", name="Buy your first stock").click()
    ticket = page.locator("dialog#ticket")
    ticket.get_by_label("Shares", exact=True).fill("12.5")
    ticket.get_by_text(re.compile(r"Buy 12\.5 AAPL at about \$[\d,.]+: costs \$[\d,.]+")).wait_for()
    shoot(page, "journey-ticket", full=False)
    ticket.get_by_role("button", name="Place order").click()
    page.locator("#flash").get_by_text(re.compile(r"Bought 12\.5 AAPL at \$")).wait_for()
    assert not ticket.is_visible()
    page.get_by_role("link", name="Portfolios").first.click()
    page.get_by_role("link", name="My portfolio").first.click()
    row = page.locator("#what-you-own, main").get_by_role("row", name=re.compile("AAPL")).first
    assert "12.5" in row.inner_text()
    shoot(page, "journey-portfolio")
    who = live.actor("newcomer")
    with live.work() as session:
        held = select(Position.quantity).join(Portfolio, Portfolio.id == Position.portfolio_id)
        assert session.scalars(held.where(Portfolio.user_id == who.user_id)).all() == [
            Decimal("12.5")
        ]


def test_a_double_click_buys_once(live: Live, page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/trade?symbol=AAPL&quantity=3")
    page.get_by_role("button", name="Place order").dblclick()
    page.get_by_text(re.compile(r"Bought 3 AAPL")).first.wait_for()
    page.goto("/stocks/AAPL")
    page.get_by_role("link", name=re.compile("^Buy")).first.click()
    ticket = page.locator("dialog#ticket")
    ticket.get_by_label("Shares", exact=True).fill("4")
    ticket.get_by_role("button", name="Place order").dblclick()
    page.locator("#flash").get_by_text(re.compile("Bought 4 AAPL")).wait_for()
    assert _orders(live, person) == 2


def test_a_refused_order_says_what_is_missing(live: Live, page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/trade?symbol=AAPL")
    page.get_by_label("Shares", exact=True).fill("1000000")
    page.get_by_role("button", name="Place order").click()
    page.get_by_role("alert").first.wait_for()
    told = page.get_by_role("alert").first.inner_text()
    assert "$100,000.00" in told
    assert page.get_by_label("Shares", exact=True).input_value() == "1000000"
    assert _orders(live, person) == 0


def test_without_javascript(live: Live, new_context: NewContext) -> None:
    """Register, trade with a preview, watch, and log out: forms and links only."""
    tab = new_context(java_script_enabled=False).new_page()
    faults = listen(tab)
    tab.goto("/register")
    tab.get_by_label("Username").fill("plain")
    tab.get_by_label("E-mail").fill("plain@example.com")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.locator("main form button[type=submit]").click()
    assert tab.url.endswith("/dashboard")
    tab.get_by_role("link", name="Buy your first stock").click()
    assert "/trade" in tab.url
    tab.get_by_label("Shares", exact=True).fill("2")
    tab.get_by_role("button", name="Preview").click()
    tab.get_by_text(re.compile("Buy 2 AAPL at about")).wait_for()
    assert tab.get_by_label("Shares", exact=True).input_value() == "2"
    tab.get_by_role("button", name="Place order").click()
    tab.get_by_text(re.compile("Bought 2 AAPL")).wait_for()
    tab.goto("/watchlist")
    tab.get_by_label("Add a stock").fill("ibm")
    tab.get_by_role("button", name="Watch", exact=True).click()
    tab.get_by_role("row", name=re.compile("IBM")).wait_for()
    shoot(tab, "journey-no-javascript")
    tab.goto("/stocks/IBM")
    assert tab.locator("main svg[role=img], main figure svg").count() > 0, "the chart needs scripts"
    tab.get_by_role("button", name="Stop watching").click()
    tab.goto("/watchlist")
    assert tab.get_by_role("row", name=re.compile("IBM")).count() == 0
    tab.locator("summary", has_text="Account").click()
    tab.get_by_role("button", name="Log out").click()
    tab.goto("/dashboard")
    assert "/login" in tab.url
    assert faults == []
    assert _orders(live, live.actor("plain")) == 1
