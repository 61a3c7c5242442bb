"""Every page of the URL map in real Chromium: policy, accessibility, width, both themes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from sqlalchemy import select

from stocksite.portfolios.models import Order, Portfolio
from tests.browser.conftest import PHONE, WIDE, NewContext, listen, log_in, shoot, violations
from tests.browser.live import Live
from tests.site.test_pages import GOES_ON, MORE_IDS, is_page
from tests.site.world import build, path_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
# Everything axe knows for WCAG 2.2 A and AA, and its good practices.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async ({tags, rules}) => {
  const only = rules.length ? {type: "rule", values: rules} : {type: "tag", values: tags};
  const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"]});
  return found.violations.map((v) => ({
    id: v.id, help: v.help,
    nodes: v.nodes.slice(0, 5).map((n) => `${n.target.join(" ")}: ${n.failureSummary || ""}`),
  }));
}"""


@pytest.fixture(scope="module")
def rich_ids(live: Live) -> dict[str, Any]:
    """The demo account's own ids, and one of everything else that has a page."""
    demo = live.actor("demo")
    while live.state.is_open:
        live.tick(5)
    live.until("closed")
    with live.work() as session:
        world = build(session, demo, symbol="IBM")
    live.until("open")
    with live.work() as session:
        book = session.scalars(select(Portfolio.id).where(Portfolio.name == "Steady hands")).one()
        order = session.scalars(
            select(Order.id).where(Order.portfolio_id == book).order_by(Order.id).limit(1)
        ).one()
    return world.ids | MORE_IDS | {"portfolio_id": book, "order_id": order}


def _paths(app: Flask, ids: dict[str, Any], *, public: bool) -> Iterator[tuple[str, str]]:
    """(name, path) of every page, of those a stranger sees with `public`."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        if not is_page(rule) or (rule.endpoint in GOES_ON) is not public:
            continue
        yield rule.endpoint.replace(".", "-").replace("_", "-"), path_of(app, rule, ids)
    if not public:
        yield "error", "/there-is-no-such-page"
        yield "trade-filled", "/trade?symbol=AAPL&quantity=5"
        yield "search-found", "/search?q=apple"


def _accessible(tab: Page, *rules: str) -> None:
    """Fail with what axe has found, all of it by default, else by these rules."""
    if not tab.evaluate("typeof axe === 'object'"):
        tab.evaluate(AXE)
    found = tab.evaluate(_RUN, {"tags": TAGS, "rules": list(rules)})
    assert not found, json.dumps(found, indent=1)


def _too_wide(tab: Page) -> str:
    """What sticks out to the right, "" when nothing does."""
    found: str = tab.evaluate("""() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return "";
      const out = [...document.body.querySelectorAll("*")].filter(
        (e) => e.getBoundingClientRect().right > width + 1 && e.checkVisibility());
      return `${document.documentElement.scrollWidth} of ${width}: ` +
        out.slice(0, 5).map((e) => `${e.tagName}.${e.className}`).join(", ");
    }""")
    return found


def _check(tab: Page, name: str, path: str, subtests: pytest.Subtests) -> None:
    faults = listen(tab)
    tab.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    tab.goto(path, wait_until="load")
    tab.wait_for_timeout(100)  # scripts that wait for the load
    with subtests.test(f"policy {path}"):
        # Before axe, which writes styles of its own.
        assert violations(tab) == []
        assert faults == []
    shoot(tab, f"{name}-wide-light")
    with subtests.test(f"wide, light {path}"):
        _accessible(tab)
        assert _too_wide(tab) == ""
    tab.emulate_media(color_scheme="dark", reduced_motion="reduce")
    with subtests.test(f"wide, dark {path}"):
        _accessible(tab, "color-contrast")
    tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    shoot(tab, f"{name}-phone-dark")
    with subtests.test(f"phone, dark {path}"):
        _accessible(tab, "color-contrast")
    tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    with subtests.test(f"phone, light {path}"):
        _accessible(tab)
        assert _too_wide(tab) == ""


def test_the_instruments_notice(new_context: NewContext) -> None:
    """The control: a style attribute, a pale text, a wide box and an unnamed field are noticed."""
    tab = new_context().new_page()
    faults = listen(tab)
    tab.goto("/glossary")
    assert violations(tab) == []
    tab.evaluate("""() => {
      document.querySelector("main").insertAdjacentHTML("beforeend",
        '<p id="pale" style="color: red">Pale</p><input type="text" id="unnamed">');
      const pale = document.getElementById("pale");
      pale.style.color = "#ddd";
      pale.style.backgroundColor = "#eee";
      pale.style.width = pale.style.minWidth = "4000px";
    }""")
    assert any("style-src" in each for each in violations(tab))
    assert faults
    assert _too_wide(tab)
    with pytest.raises(AssertionError, match="color-contrast"):
        _accessible(tab, "color-contrast")
    with pytest.raises(AssertionError, match="label"):
        _accessible(tab)


def test_every_page_of_the_demo_account(
    app: Flask,
    rich_ids: dict[str, Any],
    new_context: NewContext,
    subtests: pytest.Subtests,
) -> None:
    context = new_context()
    log_in(context.new_page(), "demo", "demo")
    walked = list(_paths(app, rich_ids, public=False))
    assert len(walked) > 20
    for name, path in walked:
        tab = context.new_page()
        _check(tab, name, path, subtests)
        tab.close()


def test_every_page_of_a_stranger(
    app: Flask, rich_ids: dict[str, Any], new_context: NewContext, subtests: pytest.Subtests
) -> None:
    context = new_context()
    walked = list(_paths(app, rich_ids, public=True))
    assert len(walked) >= 3
    for name, path in walked:
        tab = context.new_page()
        _check(tab, name, path, subtests)
        tab.close()


def test_every_page_of_a_newcomer(
    live: Live, app: Flask, new_context: NewContext, subtests: pytest.Subtests
) -> None:
    """The empty states, which nobody sees twice and everybody sees first."""
    who = live.person("emptyhanded")
    context = new_context()
    log_in(context.new_page(), who.username)
    for name, path in (("dashboard", "/dashboard"), ("watchlist", "/watchlist")):
        tab = context.new_page()
        _check(tab, f"empty-{name}", path, subtests)
        tab.close()


def test_the_open_dialogs(live: Live, new_context: NewContext, subtests: pytest.Subtests) -> None:
    tab = new_context().new_page()
    log_in(tab, "demo", "demo")
    tab.goto("/stocks/AAPL")
    tab.keyboard.press("b")
    tab.get_by_role("dialog", name="Order ticket").get_by_label("Stock").wait_for()
    with subtests.test("ticket"):
        assert violations(tab) == []
        _accessible(tab)
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    with subtests.test("keys"):
        _accessible(tab)
