"""Every page of the URL map in real Chromium: policy, accessibility, width, both themes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from tests.browser.conftest import NewContext, listen, log_in, violations
from tests.browser.furnished import Furnished, keeper
from tests.browser.instruments import THEMES, accessible, check, too_wide
from tests.browser.live import Live
from tests.conftest import PASSWORD
from tests.site.test_pages import GOES_ON, is_page
from tests.site.world import path_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

OTHER_THEMES = (THEMES[1], THEMES[0])


def _paths(app: Flask, ids: dict[str, Any], wanted: Any) -> Iterator[tuple[str, str]]:
    """(name, path) of every page whose rule is wanted."""
    for rule in sorted(filter(wanted, app.url_map.iter_rules()), key=lambda each: each.rule):
        yield rule.endpoint.replace(".", "-").replace("_", "-"), path_of(app, rule, ids)


def _walk(
    context: BrowserContext,
    paths: Iterable[tuple[str, str]],
    subtests: pytest.Subtests,
    themes: tuple[str, str] = THEMES,
) -> None:
    for name, path in paths:
        tab = context.new_page()
        check(tab, name, path, subtests, themes)
        tab.close()


def _visitor(new: NewContext, who: str, password: str = PASSWORD) -> BrowserContext:
    context = new()
    tab = context.new_page()
    log_in(tab, who, password)
    tab.close()
    return context


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
    assert too_wide(tab)
    with pytest.raises(AssertionError, match="color-contrast"):
        accessible(tab, "color-contrast")
    with pytest.raises(AssertionError, match="label"):
        accessible(tab)


def test_every_page_of_the_demo_account(
    app: Flask, furnished: Furnished, new_context: NewContext, subtests: pytest.Subtests
) -> None:
    def wanted(rule: Any) -> bool:
        return is_page(rule) and rule.endpoint not in GOES_ON

    walked = [*_paths(app, furnished.ids, wanted), *furnished.more]
    assert len(walked) > 60
    _walk(_visitor(new_context, "demo", "demo"), walked, subtests)


def test_the_rooms_in_the_other_themes(
    app: Flask, furnished: Furnished, new_context: NewContext, subtests: pytest.Subtests
) -> None:
    """Dark and wide, light and small: the colors that only the other frame has."""
    rooms = {
        *("desk.dashboard", "watchlist.index", "portfolios.overview", "portfolios.performance"),
        *("desk.stock", "market.events", "backtest.result", "backtest.sweep_result"),
        *("forecast.stock", "reports.show", "watchlist.notification_list", "docs.api_docs"),
    }
    walked = list(_paths(app, furnished.ids, lambda rule: rule.endpoint in rooms))
    assert len(walked) == len(rooms)
    _walk(_visitor(new_context, "demo", "demo"), walked, subtests, OTHER_THEMES)


def test_every_page_of_a_stranger(
    app: Flask, furnished: Furnished, new_context: NewContext, subtests: pytest.Subtests
) -> None:
    """What greets those who are not logged in, and what was given to them: a shared report."""
    open_to_all = {*GOES_ON, "reports.shared_report"}
    walked = list(_paths(app, furnished.ids, lambda rule: rule.endpoint in open_to_all))
    assert len(walked) == len(open_to_all)
    named = [(f"stranger-{name}", path) for name, path in walked]
    _walk(new_context(), named, subtests)


def test_every_page_of_an_administrator(
    live: Live,
    app: Flask,
    furnished: Furnished,
    new_context: NewContext,
    subtests: pytest.Subtests,
) -> None:
    def wanted(rule: Any) -> bool:
        return rule.endpoint.startswith("admin.") and "GET" in (rule.methods or ())

    who = keeper(live, "keeper")
    ids = furnished.ids | {"user_id": live.actor("demo").user_id}
    walked = list(_paths(app, ids, wanted))
    assert len(walked) > 12
    _walk(_visitor(new_context, who.username), walked, subtests)


# What a new account opens first in every room.
_FIRST = (
    *("/dashboard", "/watchlist", "/portfolios/", "/portfolios/compare", "/notifications"),
    *("/backtests/", "/backtests/history", "/backtests/compare", "/backtests/attached"),
    *("/backtests/sweep", "/backtests/sweeps/"),
    *("/reporting/", "/reporting/new?kind=backtest"),
)


def test_the_empty_rooms_of_a_newcomer(
    live: Live, new_context: NewContext, subtests: pytest.Subtests
) -> None:
    """The empty states, which nobody sees twice and everybody sees first."""
    who = live.person("emptyhanded")
    named = [
        (f"empty-{path.strip('/').replace('/', '-')}".partition("?")[0], path) for path in _FIRST
    ]
    _walk(_visitor(new_context, who.username), named, subtests, OTHER_THEMES)


def test_the_open_dialogs(live: Live, new_context: NewContext, subtests: pytest.Subtests) -> None:
    tab = new_context().new_page()
    log_in(tab, "demo", "demo")
    tab.goto("/stocks/AAPL")
    tab.keyboard.press("b")
    tab.get_by_role("dialog", name="Order ticket").get_by_label("Stock").wait_for()
    with subtests.test("ticket"):
        assert violations(tab) == []
        accessible(tab)
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    with subtests.test("keys"):
        accessible(tab)
