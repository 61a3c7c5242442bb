"""Two of every process together: what they share stays right, and each effect happens once."""

from __future__ import annotations

import re
import time

import pytest
import requests

from stocksite.core.database import lock_name
from stocksite.schedule import LEADER
from tests.deploy.conftest import PASSWORD, Fleet
from tests.deploy.procfile import HTTPS, wait_until

pytestmark = [pytest.mark.embedded, pytest.mark.slow, pytest.mark.xdist_group("fleet")]


def test_release_migrates_and_fills_an_empty_database(fleet: Fleet) -> None:
    assert "Database migrated." in fleet.released
    assert "Sample market loaded" in fleet.released


class Browser:
    """Cookies by hand: `requests` keeps Secure ones to itself on a connection without TLS."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def get(self, url: str) -> requests.Response:
        """A page; redirects are not followed."""
        return self._keep(requests.get(url, headers=self._headers(), allow_redirects=False))

    def post(self, url: str, page: str, **form: str) -> requests.Response:
        """Send a form of a page, with that page's token."""
        text = self.get(page).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
        found = found or re.search(r"X-CSRFToken&#34;: &#34;([^&]+)&#34;", text)
        assert found, text[:2000]
        form["csrf_token"] = found.group(1)
        return self._keep(
            requests.post(url, data=form, headers=self._headers(), allow_redirects=False)
        )

    def _headers(self) -> dict[str, str]:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**HTTPS, "Referer": "https://site.example/", "Cookie": jar}

    def _keep(self, answer: requests.Response) -> requests.Response:
        self.cookies.update(answer.cookies.get_dict())
        return answer


def test_a_session_begun_at_one_web_process_holds_and_ends_at_the_other(fleet: Fleet) -> None:
    fleet.register("wanderer")
    here, there = (web.url for web in fleet.webs)
    browser = Browser()
    entered = browser.post(f"{here}/login", f"{here}/login", username="wanderer", password=PASSWORD)
    assert entered.status_code == 303, entered.text[:2000]
    assert "__Host-session" in browser.cookies
    copied = Browser()
    copied.cookies = dict(browser.cookies)
    assert browser.get(f"{there}/profile").status_code == 200
    left = browser.post(f"{there}/logout", f"{there}/profile")
    assert left.status_code == 303
    # The cookie that was copied before is worth nothing at the first one.
    assert copied.get(f"{here}/profile").status_code in (302, 303, 401)


def test_requests_are_counted_together(fleet: Fleet) -> None:
    script = fleet.register("counted")
    left = [
        int(requests.get(f"{web.url}/api/users/me/", headers=script).headers["RateLimit-Remaining"])
        for web in (*fleet.webs, *fleet.webs)
    ]
    assert [left[0] - n for n in left] == [0, 1, 2, 3]


def test_what_one_web_process_writes_the_other_shows_at_once(fleet: Fleet) -> None:
    """Cached or not: the pages' cursors and the lists."""
    script = fleet.register("reader")
    one, other = (web.url for web in fleet.webs)
    for symbol, here, there in (("AAPL", one, other), ("IBM", other, one)):
        before = requests.get(f"{there}/api/watchlist/", headers=script).json()
        assert symbol not in str(before)
        added = requests.post(f"{here}/api/watchlist/", json={"symbol": symbol}, headers=script)
        assert added.status_code == 201, added.text
        assert symbol in str(requests.get(f"{there}/api/watchlist/", headers=script).json())


def test_of_two_clocks_one_moves_the_market_and_the_other_takes_over(fleet: Fleet) -> None:
    def holders() -> list[int]:
        """The sessions of this site's database that hold the clock's lock.

        Other sites of the suite may keep their clocks in other databases of the same server.
        """
        rows = fleet.sql(
            "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE datname = current_database() AND locktype = 'advisory' AND granted"
            f" AND (classid::bigint << 32 | objid::bigint) = {lock_name(LEADER)}"
        )
        return [pid for (pid,) in rows]

    def ticked() -> int:
        ((tick,),) = fleet.sql("SELECT tick FROM market_clock")
        return int(tick)

    wait_until(lambda: ticked() > 0)
    wait_until(lambda: len(holders()) == 1)
    first = holders()
    began, before = time.monotonic(), ticked()
    wait_until(lambda: ticked() >= before + 4)
    # A tick is a second of the leader's; two at work would make eight.
    assert ticked() - before <= (time.monotonic() - began) + 2
    assert holders() == first
    # Which of the two leads is found out by ending one after the other: each end is clean.
    for clock in list(fleet.clocks):
        clock.signal(15)
        assert clock.wait() == 0
        before = ticked()
        clock.start()
        wait_until(lambda before=before: ticked() > before + 1)  # type: ignore[misc]
        assert len(holders()) == 1


def test_every_job_of_two_workers_has_one_effect(fleet: Fleet) -> None:
    names = [f"quick {n}" for n in range(20)]
    for name in names:
        fleet.enqueue_nap(name, 0.01)
    wait_until(lambda: _ended(fleet, "quick") >= len(names), lambda: _naps(fleet))
    time.sleep(2)  # a second effect would have come by now
    counted = fleet.sql(
        "SELECT name, count(*) FROM nap WHERE what = 'ended' AND name LIKE 'quick%' GROUP BY 1"
    )
    assert sorted(counted) == sorted((name, 1) for name in names)


def _ended(fleet: Fleet, kind: str) -> int:
    rows = fleet.sql("SELECT count(*) FROM nap WHERE what = 'ended' AND name LIKE %s", f"{kind}%")
    return int(rows[0][0])


def _naps(fleet: Fleet) -> list[tuple[object, ...]]:
    return fleet.sql("SELECT status, message, count(*) FROM job GROUP BY 1, 2")
