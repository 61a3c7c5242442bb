"""CPU per request of the pages that matter most, as a ratio to a bare Flask "hello".

Two gunicorns with one worker each serve the site and the hello; requests come one after the other
over one connection kept alive, and the CPU is what the worker itself reports. Each round measures
the hello and every page. The figure is the ratio of the cheapest rounds: whatever else the machine
does only ever adds to a round, and on a busy one the minimum repeated within a few percent where
the median did not. The median of the rounds' ratios is told beside it.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks import data
from benchmarks.browser import Browser
from benchmarks.figures import Figure
from benchmarks.place import Place

ROUNDS = 15
WARM_UP = 60
HELLO = "hello"


@dataclass(frozen=True)
class Page:
    """What is asked for, how often in a round, and the ratio it may cost."""

    name: str
    browser: Browser
    path: str
    status: int
    requests: int
    asked: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def figures(place: Place) -> Iterator[Figure]:
    """The ratios of the three pages the design names, and of some more."""
    data.trader(place.engine, transactions=20_000)
    data.watcher(place.engine, "watcher", 10)
    hello_app, site_app = "benchmarks.apps:hello()", "benchmarks.apps:site()"
    with place.serve(hello_app) as bare, place.serve(site_app) as here:
        browser, watcher = Browser(here), Browser(here)
        browser.log_in(data.USERNAME, data.PASSWORD)
        watcher.log_in("watcher", data.PASSWORD)
        pages = _pages(browser, watcher)
        costs = _measure([Page(HELLO, Browser(bare), "/", 200, 300), *pages])
    base = costs[HELLO]
    note = "CPU per request of the gunicorn worker"
    yield Figure("bare Flask hello", min(base) * 1e6, "µs", note=note)
    for page in pages:
        ratios = [own / bare for own, bare in zip(costs[page.name], base, strict=True)]
        ratio = min(costs[page.name]) / min(base)
        spread = f"median of rounds {statistics.median(ratios):.2f}, up to {max(ratios):.2f}"
        yield Figure(page.name, ratio, "× hello", page.asked, spread)


def _pages(browser: Browser, watcher: Browser) -> list[Page]:
    path, seen = _polled(browser)
    wide_path, wide_seen = _polled(watcher)
    partial = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-PTag": "0"}
    unchanged = {"HX-PTag": seen}
    moved = partial | {"HX-PTag": f"{seen.partition('.')[0]}.0"}
    wide_moved = partial | {"HX-PTag": f"{wide_seen.partition('.')[0]}.0"}
    book = f"/portfolios/{data.BOOK}"
    return [
        Page("watchlist poll, unchanged", browser, path, 304, 300, 2.5, unchanged),
        Page("watchlist fragment, 5 rows moved", browser, path, 200, 100, 6.0, moved),
        Page("watchlist fragment, 10 rows moved", watcher, wide_path, 200, 80, None, wide_moved),
        Page("dashboard, 20,000 transactions", browser, "/dashboard", 200, 60, 15.0),
        Page("dashboard poll, moved", browser, "/dashboard/live", 200, 60, None, partial),
        Page("portfolio, 20,000 transactions", browser, book, 200, 30, None),
    ]


def _polled(browser: Browser) -> tuple[str, str]:
    """Where the watchlist of this person polls, and the cursor of now, as their page says."""
    page = browser.send("GET", "/watchlist").body.decode()
    found = re.search(r'hx-get="(/watchlist/changes[^"]*)"[^>]*hx-ptag="([^"]+)"', page)
    assert found, "the watchlist does not poll"
    return found[1], found[2]


def _measure(pages: list[Page]) -> dict[str, list[float]]:
    for page in pages:
        _cost(page, min(page.requests, WARM_UP))
    costs: dict[str, list[float]] = {page.name: [] for page in pages}
    for _ in range(ROUNDS):
        for page in pages:
            costs[page.name].append(_cost(page, page.requests))
    return costs


def _cost(page: Page, requests: int) -> float:
    """CPU seconds of one request, from the server's own meter around a row of them."""
    before = float(page.browser.send("GET", "/-/cpu").body)
    for _ in range(requests):
        status = page.browser.send("GET", page.path, page.headers).status
        if status != page.status:
            raise RuntimeError(f"{page.path} answered {status} instead of {page.status}")
    return (float(page.browser.send("GET", "/-/cpu").body) - before) / requests
