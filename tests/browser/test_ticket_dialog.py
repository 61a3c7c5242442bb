"""The order ticket's dialog for who does not see the page behind it, or uses no mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stocksite.core.actor import Actor
from tests.browser.conftest import NewContext, log_in

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

AWAY = '<div class="note note-bad" data-toast="bad"><p>The site is away.</p></div>'


def test_the_first_thing_to_fill_in_has_the_focus(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.keyboard.press("b")  # for no stock in particular
    ticket = page.locator("dialog#ticket")
    ticket.locator("input[name=symbol]:focus").wait_for()
    page.keyboard.press("Escape")
    page.goto("/stocks/AAPL")
    page.keyboard.press("b")
    ticket.locator("input[name=quantity]:focus").wait_for()
    assert ticket.locator("input[name=symbol]").input_value() == "AAPL"


def test_a_failure_is_told_inside_the_dialog_and_what_was_typed_stays(
    new_context: NewContext, person: Actor
) -> None:
    page = new_context().new_page()
    log_in(page, person.username)
    page.goto("/stocks/AAPL")

    def fail(route: Route) -> None:
        headers = {"HX-Retarget": "#flash", "HX-Reswap": "innerHTML", "Content-Type": "text/html"}
        route.fulfill(status=503, headers=headers, body=AWAY)

    page.route(lambda url: url.endswith("/trade"), fail)
    page.keyboard.press("b")
    ticket = page.locator("dialog#ticket")
    ticket.locator("input[name=quantity]").fill("3")
    page.keyboard.press("Enter")
    ticket.locator("#flash").get_by_text("The site is away.").wait_for()
    assert ticket.locator("input[name=quantity]").input_value() == "3"
    page.keyboard.press("Escape")
    page.locator("main #flash").get_by_text("The site is away.").wait_for()


def test_selling_is_offered_as_soon_as_something_was_bought(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/stocks/AAPL")
    page.locator("#holdings").get_by_text("You own no AAPL").wait_for()
    page.keyboard.press("b")
    ticket = page.locator("dialog#ticket")
    ticket.locator("input[name=quantity]").fill("3")
    page.keyboard.press("Enter")
    page.locator("#holdings").get_by_role("link", name="My portfolio").wait_for()
    page.locator("#stock-actions").get_by_role("link", name="Sell").wait_for()
    page.keyboard.press("s")
    ticket.locator("input[name=side][value=sell]:checked").wait_for()
