"""Themes, the phone, the keyboard, the search and the chart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from stocksite.core.actor import Actor
from tests.browser.conftest import PHONE, NewContext, log_in, shoot
from tests.browser.live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page

_LIGHTNESS = """() => {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return (r + g + b) / 765;
}"""


def _lightness(tab: Page) -> float:
    found: float = tab.evaluate(_LIGHTNESS)
    return found


def test_the_theme_follows_the_system(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.emulate_media(color_scheme="light")
    assert _lightness(page) > 0.8
    page.emulate_media(color_scheme="dark")
    assert _lightness(page) < 0.25
    assert page.locator("html").get_attribute("data-theme") is None


def test_the_theme_follows_the_choice(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.emulate_media(color_scheme="light")
    page.locator("summary", has_text="Theme and colors").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    assert _lightness(page) < 0.25
    # The server knows before the page is drawn, on the next page too.
    page.goto("/watchlist")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert _lightness(page) < 0.25
    shoot(page, "journey-dark-watchlist")
    page.locator("summary", has_text="Theme and colors").click()
    page.get_by_role("button", name="System").click()
    assert _lightness(page) > 0.8


def test_the_theme_can_be_chosen_without_javascript(new_context: NewContext) -> None:
    tab = new_context(java_script_enabled=False, color_scheme="light").new_page()
    tab.goto("/glossary")
    tab.locator("summary", has_text="Theme and colors").click()
    tab.get_by_role("button", name="Dark", exact=True).click()
    assert tab.url.endswith("/glossary")
    assert tab.locator("html").get_attribute("data-theme") == "dark"


def test_the_bar_is_at_the_bottom_of_a_phone(new_context: NewContext, person: Actor) -> None:
    tab = new_context(PHONE, has_touch=True, is_mobile=True).new_page()
    log_in(tab, person.username)
    box = tab.locator("nav.rail").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(PHONE[1], abs=1)
    assert box["width"] == pytest.approx(PHONE[0], abs=1)
    tab.locator("nav.rail").get_by_role("link", name="Watchlist").click()
    tab.wait_for_url(re.compile("/watchlist$"))


def test_keys(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.keyboard.press("/")
    assert page.locator("#search").evaluate("(e) => e === document.activeElement")
    page.keyboard.type("g")  # typed into the search, it goes nowhere
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(re.compile("/watchlist$"))
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url(re.compile("/dashboard$"))
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    keys.wait_for()
    assert "Go to Watchlist" in keys.inner_text()
    page.keyboard.press("Escape")
    keys.wait_for(state="hidden")
    page.goto("/stocks/IBM")
    page.keyboard.press("b")
    ticket = page.get_by_role("dialog", name="Order ticket")
    ticket.get_by_label("Stock").wait_for()
    assert ticket.get_by_label("Stock").input_value() == "IBM"
    # Focus is inside, on what is to be filled in; Escape gives it back.
    assert ticket.evaluate("(d) => d.contains(document.activeElement)")
    page.keyboard.press("Escape")
    ticket.wait_for(state="hidden")


def test_the_sell_key_needs_shares(live: Live, page: Page, person: Actor) -> None:
    live.buy(person, "IBM", 3)
    log_in(page, person.username)
    page.goto("/stocks/IBM")
    page.keyboard.press("s")
    ticket = page.get_by_role("dialog", name="Order ticket")
    ticket.get_by_label("Shares", exact=True).fill("3")
    ticket.get_by_text(re.compile("Sell 3 IBM at about")).wait_for()
    ticket.get_by_role("button", name="Place order").click()
    page.locator("#flash").get_by_text(re.compile("Sold 3 IBM")).wait_for()


def test_search_finds_by_name_and_opens_the_stock(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.keyboard.press("/")
    page.keyboard.type("apple")
    page.get_by_role("option", name=re.compile("AAPL")).first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/stocks/AAPL$"))


def test_the_chart_is_drawn_under_the_policy(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/stocks/AAPL")
    page.wait_for_function("() => window.Bokeh && Bokeh.documents.length === 1")
    box = page.locator("figure .bk-Figure, figure [data-root-id], figure canvas").first
    box.wait_for()
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height < 10_000, "Bokeh without its styles grows without end"
    page.locator("#stock-chart .ranges a").first.click()
    page.wait_for_url(re.compile("range="))
    page.wait_for_function("() => window.Bokeh && Bokeh.documents.length === 1")
    page.go_back()
    page.wait_for_url(re.compile("/stocks/AAPL$"))
    page.wait_for_function("() => window.Bokeh && Bokeh.documents.length === 1")
    assert page.evaluate("window.__violations") == []


def test_back_and_reload_keep_the_filter(live: Live, page: Page) -> None:
    log_in(page, "demo", "demo")
    page.goto("/portfolios/")
    page.get_by_role("link", name="Steady hands").first.click()
    page.get_by_role("link", name="Transactions", exact=True).click()
    page.get_by_label("Type").select_option("sell")
    if not page.url.endswith("sell") and "type=sell" not in page.url:
        page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url(re.compile("type=sell"))
    assert page.get_by_label("Type").input_value() == "sell"
    page.reload()
    assert page.get_by_label("Type").input_value() == "sell"
    page.get_by_role("link", name="Orders", exact=True).click()
    page.go_back()
    assert "type=sell" in page.url
    assert page.get_by_label("Type").input_value() == "sell"
