"""Pages that move by themselves: they touch only what changed, and nothing while hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from stocksite.core.actor import Actor
from stocksite.market.service import quotes
from stocksite.watchlist import service as watchlist
from tests.browser.conftest import NewContext, log_in
from tests.browser.live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

_OBSERVE = """
() => {
  window.__writes = [];
  const path = (node) => {
    const element = node.nodeType === 1 ? node : node.parentElement;
    const part = element && element.closest("tr[id], section[id]");
    if (part && part.tagName === "TR") return part.id;
    const shown = part && part.id === "market-banner" ? part : element;
    return shown ? `${shown.tagName}#${shown.id}` : "gone";
  };
  new MutationObserver((records) => {
    for (const record of records) {
      const what = `${record.type} ${record.attributeName || ""}`.trim();
      window.__writes.push(`${what} in ${path(record.target)}`);
    }
  }).observe(document, {
    subtree: true, childList: true, characterData: true, attributes: true,
  });
}
"""


class Polls:
    """Counts what a tab asks for by itself."""

    def __init__(self, tab: Page, path: str) -> None:
        self.tab, self.path, self.statuses = tab, path, list[int]()
        tab.on("response", self._note)

    def _note(self, response: Response) -> None:
        if response.url.partition("?")[0].endswith(self.path):
            self.statuses.append(response.status)

    def wait(self, count: int) -> list[int]:
        """Let the tab's time run until there are so many more answers; returns them."""
        begin = len(self.statuses)
        for _ in range(150):
            if len(self.statuses) >= begin + count:
                break
            self.tab.clock.run_for(500)
            self.tab.wait_for_timeout(40)  # for the answer, which takes real time
        found = self.statuses[begin:]
        assert len(found) >= count, f"only {found} from {self.path}"
        return found


@contextmanager
def _seen(tab: Page, path: str) -> Iterator[Polls]:
    """Time stands still in the tab but when a test lets it run."""
    polls = Polls(tab, path)
    tab.clock.install()
    yield polls


PAGES = [
    ("/watchlist", "/watchlist/changes"),
    ("/dashboard", "/dashboard/live"),
    ("/stocks/AAPL", "/stocks/AAPL/quote"),
]


@pytest.mark.parametrize(("path", "poll"), PAGES)
def test_an_unchanged_poll_writes_nothing(
    live: Live, page: Page, person: Actor, path: str, poll: str
) -> None:
    log_in(page, person.username)
    with _seen(page, poll) as polls:
        page.goto(path)
        polls.wait(1)  # whatever the page does at its start is over
        page.evaluate(_OBSERVE)
        assert set(polls.wait(3)) == {304}
    assert page.evaluate("window.__writes") == []


def test_a_portfolio_unchanged_writes_nothing(live: Live, page: Page, person: Actor) -> None:
    live.buy(person, "AAPL", 5)
    log_in(page, person.username)
    page.goto("/portfolios/")
    page.get_by_role("link", name="My portfolio").first.click()
    with _seen(page, "/live") as polls:
        polls.wait(1)
        page.evaluate(_OBSERVE)
        assert set(polls.wait(2)) == {304}
    assert page.evaluate("window.__writes") == []


def test_a_tick_changes_the_rows_and_nothing_else(live: Live, page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/watchlist")
    price = page.locator("[id^=wp-]").first
    before = price.inner_text()
    page.locator("input#add-symbol").evaluate("(input) => { input.value = 'half typed'; }")
    page.evaluate(_OBSERVE)
    live.tick(3)
    page.wait_for_function(
        "([id, was]) => document.getElementById(id).textContent !== was",
        arg=[price.get_attribute("id"), before],
    )
    # The shown price is the stored one, and what was typed meanwhile is still there.
    assert page.locator("input#add-symbol").input_value() == "half typed"
    assert float(price.get_attribute("data-flash") or "0") == _price(live, "AAPL")
    writes = page.evaluate("window.__writes")
    rows = {f"w-{number}" for number in _watched(live, person)}
    assert {place for place in _places(writes) if place.startswith("w-")} == rows
    # Besides the rows: the cursor of the list, the clock strip, and where htmx keeps its old
    # nodes while it morphs.
    assert _places(writes) - rows <= {"TBODY#", "SECTION#market-banner", "HTML#"}


def _places(writes: list[str]) -> set[str]:
    return {write.rpartition(" in ")[2] for write in writes}


def _watched(live: Live, who: Actor) -> list[int]:
    with live.work() as session:
        return [row.stock_id for row in watchlist.show(session, who).rows]


def _price(live: Live, symbol: str) -> float:
    with live.work() as session:
        found = quotes.of(session, symbol).price
    assert found is not None
    return float(found)


def test_a_trade_in_another_tab_appears(live: Live, page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/portfolios/")
    page.get_by_role("link", name="My portfolio").first.click()
    assert page.get_by_role("row", name=re.compile("IBM")).count() == 0
    live.buy(person, "IBM", 7)
    page.get_by_role("row", name=re.compile("IBM")).first.wait_for()


@pytest.mark.parametrize(("path", "poll"), PAGES)
def test_a_hidden_tab_asks_for_nothing(
    live: Live, page: Page, person: Actor, path: str, poll: str
) -> None:
    log_in(page, person.username)
    with _seen(page, poll) as polls:
        page.goto(path)
        polls.wait(1)
        _hide(page, True)
        page.wait_for_timeout(300)  # for one that was on its way
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.run_for(30_000)
        page.wait_for_timeout(100)
        assert asked == []
        _hide(page, False)
        polls.wait(1)


def _hide(tab: Any, hidden: bool) -> None:
    tab.evaluate(
        """(hidden) => {
          const state = hidden ? "hidden" : "visible";
          Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
          Object.defineProperty(
            document, "visibilityState", {configurable: true, get: () => state});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_a_session_that_ended_elsewhere_leads_to_the_login(
    live: Live, new_context: NewContext, person: Actor
) -> None:
    context = new_context()
    watching, other = context.new_page(), context.new_page()
    log_in(watching, person.username)
    watching.goto("/watchlist")
    with _seen(watching, "/watchlist/changes") as polls:
        polls.wait(1)
        other.goto("/dashboard")
        other.locator("summary", has_text="Account").click()
        other.get_by_role("button", name="Log out").click()
        other.wait_for_url(re.compile(r"/$"))
        watching.wait_for_url(re.compile("/login"))
    assert "next=" in watching.url


def test_the_market_clock_moves_on_every_page(live: Live, page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/glossary")
    before = page.locator("#market-banner .market-time").inner_text()
    live.tick(5)
    page.wait_for_function(
        "(was) => document.querySelector('#market-banner .market-time').innerText !== was",
        arg=before,
    )
