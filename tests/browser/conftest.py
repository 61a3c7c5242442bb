"""Chromium, the live site, and people in front of it.

Without playwright or a Chromium the journeys are skipped, and say so.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stocksite.core.actor import Actor
from stocksite.desk.service import demo
from tests import servers as throwaway
from tests.browser.live import Live, running
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.furnished import Furnished

HERE = Path(__file__).parent
ARTIFACTS = HERE.parents[1] / "test-artifacts"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
_numbers = itertools.count(1)
WIDE, PHONE = (1440, 900), (390, 844)

_WATCH = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) => {
  const where = `${event.sourceFile || location.pathname}:${event.lineNumber}`;
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} at ${where}`);
}, true);
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser journey."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, once per run."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("playwright is not installed: run `make install-dev`")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium here: install Debian's chromium to run the journeys")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def live(worker_id: str, chromium: Browser) -> Iterator[Live]:
    """The site with the demo account, in an open session; tests share it, not its people."""
    there = throwaway.attach(os.environ)
    number = (there.redis_number(worker_id) + 32) % throwaway.REDIS_DATABASES
    database_url, redis_url = there.clone_database(f"e2e_{worker_id}"), there.redis_url(number)
    with running(database_url, redis_url) as site:
        site.redis.flushdb()
        with site.work() as session:
            from stocksite.market.service import clock
            from stocksite.settings import Settings

            clock.start(session, Settings(), site.wall)  # type: ignore[arg-type]
            demo.seed(session)
        site.until("open")
        site.tick(20)
        yield site
    there.drop_database(database_url)


@pytest.fixture(scope="session")
def furnished(live: Live) -> Furnished:
    """The demo account's ids, with something of its own in every room."""
    from tests.browser.furnished import furnish

    return furnish(live)


NewContext = Callable[..., "BrowserContext"]


@pytest.fixture
def new_context(chromium: Browser, live: Live) -> Iterator[NewContext]:
    """Make a browser profile; all are closed after the test."""
    opened: list[BrowserContext] = []

    def make(size: tuple[int, int] = WIDE, **options: Any) -> BrowserContext:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(base_url=live.url, viewport=viewport, **options)
        context.set_default_timeout(10_000)
        if options.get("java_script_enabled", True):
            context.add_init_script(_WATCH)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(new_context: NewContext) -> Iterator[Page]:
    """A tab; at the end of the test no script may have failed and no policy been broken."""
    tab = new_context().new_page()
    faults = listen(tab)
    yield tab
    assert faults == []


def listen(tab: Page) -> list[str]:
    """Collect what goes wrong in a tab from now on: script errors and policy violations."""
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(f"{tab.url}: {error}"))

    def note(message: Any) -> None:
        # A refused form is a 4xx that the browser reports too; the server's tests judge those.
        if (
            message.type == "error"
            and "the server responded with a status of 4" not in message.text
        ):
            faults.append(f"{tab.url}: {message.text}")

    tab.on("console", note)
    return faults


def violations(tab: Page) -> list[str]:
    """What the policy has refused on the page shown."""
    found: list[str] = tab.evaluate("window.__violations")
    return found


def log_in(tab: Page, who: str, password: str = PASSWORD) -> None:
    """Go through the login form."""
    tab.goto("/login")
    tab.get_by_label("Username").fill(who)
    tab.get_by_label("Password").fill(password)
    tab.locator("main form button[type=submit]").click()
    tab.wait_for_url(re.compile(r"/dashboard$"))


@pytest.fixture
def person(live: Live, request: pytest.FixtureRequest) -> Actor:
    """Somebody of this test's own, who watches two stocks."""
    name = re.sub(r"[^a-z]", "", request.node.name)[:30]
    return live.person(f"{name}{next(_numbers)}", watching=("AAPL", "IBM"))


def shoot(tab: Page, name: str, *, full: bool = True) -> None:
    """Keep a picture of the page in test-artifacts/."""
    ARTIFACTS.mkdir(exist_ok=True)
    tab.screenshot(path=ARTIFACTS / f"{name}.png", full_page=full, animations="disabled")
