"""The rooms beside the desk, walked from the form to the result, with scripts and without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stocksite.backtest.service import sweeps
from stocksite.core.actor import Actor
from tests.browser.conftest import NewContext, listen, log_in, shoot
from tests.browser.furnished import Furnished
from tests.browser.instruments import accessible, too_wide
from tests.browser.live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _run_a_backtest(tab: Page) -> None:
    tab.goto("/backtests/")
    tab.get_by_role("button", name="Run the backtest").click()
    tab.wait_for_url(re.compile(r"/backtests/\d+$"))


def test_a_backtest_in_one_click_and_its_verdict(page: Page, person: Actor) -> None:
    log_in(page, person.username)
    _run_a_backtest(page)
    # The figures are there at once; the verdict follows by itself.
    page.locator("main svg").first.wait_for()
    page.locator("#verdict h2, #verdict h3").first.wait_for()
    assert page.locator("#verdict .skeleton").count() == 0
    page.reload()
    assert page.locator("#verdict .skeleton").count() == 0, "it is kept, not judged again"
    page.goto("/backtests/history")
    assert page.locator("main tbody tr").count() == 1


def test_a_backtest_without_javascript(new_context: NewContext, person: Actor) -> None:
    tab = new_context(java_script_enabled=False).new_page()
    faults = listen(tab)
    log_in(tab, person.username)
    _run_a_backtest(tab)
    assert tab.locator("main svg").count() > 0
    tab.get_by_role("link", name="Show the verdict").click()
    tab.wait_for_url(re.compile(r"/backtests/\d+$"))
    assert tab.get_by_role("link", name="Show the verdict").count() == 0
    shoot(tab, "journey-verdict-no-javascript")
    assert faults == []


def test_a_sweep_becomes_a_map_by_itself(live: Live, page: Page, person: Actor) -> None:
    """The form as it is; the page waits for the worker and shows the map when it is drawn."""
    log_in(page, person.username)
    page.goto("/backtests/sweep")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/backtests/sweeps/\d+$"))
    number = int(page.url.rpartition("/")[2])
    if page.locator("main .progress, main progress").count():
        sweeps.work(live.work, number, lambda share, words: None)
    cells = page.locator("main a[href*='/cells/']")
    cells.first.wait_for()
    assert cells.count() > 3
    accessible(page)
    assert too_wide(page) == ""
    shoot(page, "journey-sweep")
    cells.nth(1).click()
    page.wait_for_url(re.compile(r"/cells/\d+"))
    assert page.locator("main svg").count() > 0


def test_a_forecast_of_a_stock(furnished: Furnished, page: Page, person: Actor) -> None:
    log_in(page, person.username)
    page.goto("/forecast")
    page.locator("main").get_by_role("link", name="AAPL").first.click()
    page.wait_for_url(re.compile("/forecast/AAPL"))
    page.locator("main figure svg, main svg[role=img]").first.wait_for()


def test_a_report_from_the_form_to_its_tables(
    furnished: Furnished, page: Page, person: Actor
) -> None:
    log_in(page, person.username)
    page.goto("/reporting/new?kind=stock")
    page.locator("main form input[name=symbol]").fill("AAPL")
    page.get_by_role("button", name="Make the report").click()
    page.wait_for_url(re.compile(r"/reporting/\d+$"))
    assert page.locator("main table").count() > 0
    page.goto("/reporting/")
    assert page.get_by_role("link", name=re.compile("AAPL|Apple")).count() > 0


def test_a_report_without_javascript(
    furnished: Furnished, new_context: NewContext, person: Actor
) -> None:
    tab = new_context(java_script_enabled=False).new_page()
    log_in(tab, person.username)
    tab.goto("/reporting/new?kind=portfolio")
    tab.get_by_role("button", name="Make the report").click()
    tab.wait_for_url(re.compile(r"/reporting/\d+$"))
    assert tab.locator("main h1").count() == 1
    assert too_wide(tab) == ""
