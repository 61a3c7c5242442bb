"""The keyboard alone: every stop is seen, nothing covers it, and the way in is short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stocksite.core.actor import Actor
from tests.browser.conftest import PHONE, WIDE, log_in
from tests.browser.furnished import Furnished
from tests.browser.live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STOPS = 60

# What holds the focus, "" at the end of the page; and what is wrong with it.
_STOP = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return ["", ""];
  const words = (at.innerText || at.getAttribute("aria-label") || at.name || "").trim();
  const name = `${at.tagName.toLowerCase()}#${at.id} ${words.slice(0, 30)}`;
  const ring = (node) => {
    const style = getComputedStyle(node);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  // A radio shows its ring on the label around it, a field with a unit on the two together.
  const shown = [at, at.closest("label"), at.closest(".affix")].filter(Boolean).some(ring);
  const embedded = at.getRootNode() !== document || at.closest("[data-root-id], .bk-Figure");
  if (!shown && !embedded) return [name, "no ring"];
  const box = at.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return [name, "no size"];
  const inside = (x, y) => {
    const top = document.elementFromPoint(x, y);
    const own = at.closest("label") || at;
    return top && (own.contains(top) || top.contains(at));
  };
  const xs = [box.left + 2, (box.left + box.right) / 2, box.right - 2];
  const ys = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2];
  return [name, xs.some((x) => ys.some((y) => inside(x, y))) ? "" : "covered"];
}"""


def _walk(tab: Page) -> tuple[list[str], list[str]]:
    """The stops that Tab makes from the top, and what is wrong with them."""
    stops, wrong = [], []
    for _ in range(MOST_STOPS):
        tab.keyboard.press("Tab")
        name, fault = tab.evaluate(_STOP)
        if not name:
            break
        stops.append(name)
        if fault:
            wrong.append(f"{name}: {fault}")
    return stops, wrong


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_focus_is_seen_wherever_it_goes(
    furnished: Furnished, page: Page, size: tuple[int, int], subtests: pytest.Subtests
) -> None:
    log_in(page, "demo", "demo")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for path in (
        "/dashboard",
        "/watchlist",
        "/trade",
        "/backtests/",
        f"/portfolios/{furnished.ids['portfolio_id']}/performance",
        f"/backtests/sweeps/{furnished.ids['sweep_id']}",
    ):
        page.goto(path)
        stops, wrong = _walk(page)
        with subtests.test(path):
            assert len(stops) > 15, stops
            assert wrong == []


def test_a_ring_that_is_gone_is_noticed(page: Page, person: Actor) -> None:
    """The control: without its outline a link is reported, as is one that something lies over."""
    log_in(page, person.username)
    page.goto("/glossary")
    page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("a.skip:focus { outline: none !important; }");
      document.adoptedStyleSheets = [sheet];
    }""")
    assert any("no ring" in each for each in _walk(page)[1])


def test_the_first_stop_leads_past_the_navigation(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/watchlist")
    page.keyboard.press("Tab")
    assert "Skip" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    assert page.evaluate(
        "document.querySelector('main').contains(document.activeElement)"
        " || document.activeElement.tagName === 'MAIN'"
    )
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_ticket_keeps_the_focus_and_gives_it_back(
    live: Live, page: Page, person: Actor
) -> None:
    log_in(page, person.username)
    page.goto("/stocks/AAPL")
    buy = page.locator("#stock-actions").get_by_role("link", name="Buy")
    buy.focus()
    page.keyboard.press("Enter")
    ticket = page.locator("dialog#ticket")
    ticket.locator("input[name=quantity]:focus").wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        # The browser's own bar may hold the focus between two rounds; the page behind never does.
        assert page.evaluate(
            "document.activeElement === document.body"
            " || document.activeElement.closest('dialog#ticket') !== null"
        )
    page.keyboard.press("Escape")
    ticket.wait_for(state="hidden")
    assert buy.evaluate("(link) => link === document.activeElement")
