"""What somebody waits for in the lab: from the click to the result's page, then to its verdict.

One gunicorn worker, one connection kept alive. A click is the POST of the form, which plays it,
and the page it leads to, read to its end; the strategy is the form's default on 3,270 bars. Wall
time, the median; what a browser needs to paint the page comes on top.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from benchmarks import data
from benchmarks.browser import Browser
from benchmarks.figures import Figure
from benchmarks.place import Place

NAME = "researcher"
RUNS = 15
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
RUN = {"symbol": "AAPL", "initial_investment": "100000", "commission_pct": "0.1", "p_slow": "50"}
TERMS = {
    "fill": "next_open",
    "adjustment": "raw",
    "shares": "whole",
    "rounding": "none",
    "sizing": "",
}
SWEEP = {"p_fast_to": "50", "p_fast_step": "5", "p_slow": "20", "p_slow_to": "200"}


def figures(place: Place) -> Iterator[Figure]:
    """The waits of a single backtest, and of the sweep the form proposes."""
    data.person(place.engine, NAME)
    with place.serve("benchmarks.apps:site()") as port:
        browser = Browser(port)
        browser.log_in(NAME, data.PASSWORD)
        token = _token(browser)
        _click(browser, token, 5)
        clicks, verdicts = [], []
        for number in range(RUNS):
            seconds, path = _click(browser, token, 6 + number)
            clicks.append(seconds)
            if number < 5:
                verdicts.append(_timed(browser, f"{path}/verdict"))
        swept = [_sweep(browser, token, 5 + number) for number in range(3)]
    name = "backtest: click to result"
    yield Figure(name, _ms(clicks), "ms", 300, f"slowest {1_000 * max(clicks):,.0f} ms")
    yield Figure("backtest: verdict after it", _ms(verdicts), "ms", 2_000, "with 1 to 6 tries")
    yield Figure("backtest: click to a sweep of 190", _ms(swept), "ms", None, "with its verdict")


def _token(browser: Browser) -> str:
    page = browser.send("GET", "/backtests/").body.decode()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the form has no CSRF token"
    return found[1]


def _click(browser: Browser, token: str, fast: int) -> tuple[float, str]:
    """Seconds from a click to the end of the result's page, and its address."""
    asked = {**RUN, **TERMS, "p_fast": fast, "csrf_token": token}
    return _submitted(browser, "/backtests/?strategy=sma_cross", asked)


def _sweep(browser: Browser, token: str, fast: int) -> float:
    asked = {**RUN, **TERMS, **SWEEP, "p_fast": fast, "p_slow_step": "10", "csrf_token": token}
    return _submitted(browser, "/backtests/sweep?strategy=sma_cross", asked)[0]


def _submitted(browser: Browser, address: str, asked: dict[str, object]) -> tuple[float, str]:
    body = urlencode(asked).encode()
    start = time.perf_counter()
    answer = browser.send("POST", address, FORM, body)
    if answer.status != 303:
        raise RuntimeError(f"{address} answered {answer.status}")
    path = answer.headers["Location"]
    page = browser.send("GET", path)
    seconds = time.perf_counter() - start
    if page.status != 200 or b"Final value" not in page.body:
        raise RuntimeError(f"{path} answered {page.status} without a result")
    return seconds, path


def _timed(browser: Browser, path: str) -> float:
    start = time.perf_counter()
    answer = browser.send("GET", path, PART)
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return time.perf_counter() - start


def _ms(seconds: list[float]) -> float:
    return 1_000 * statistics.median(seconds)
