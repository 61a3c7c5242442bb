"""The market's pages and fragments: as page, as fragment, unchanged, and as a stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from stocksite.core.actor import Actor
from stocksite.market import charting, fragments
from stocksite.market.service import bars, clock, quotes
from tests.market.conftest import Stand

JAN_14 = date(2009, 1, 14)
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
CountSql = Callable[[], Any]


@pytest.fixture
def browser(login: Callable[[Actor], FlaskClient], actor: Actor) -> Iterator[FlaskClient]:
    """Somebody who is logged in."""
    return login(actor)


def html(response: TestResponse) -> str:
    assert response.status_code == 200, response.get_data(as_text=True)[:1500]
    return response.get_data(as_text=True)


def fragment(browser: FlaskClient, path: str, ptag: str | None = None) -> TestResponse:
    headers = PARTIAL | ({"HX-PTag": ptag} if ptag else {})
    return browser.get(path, headers=headers)


PAGES = ("/stocks/", "/search?q=apple", "/stocks/AAPL/chart")
FRAGMENTS = ("/stocks/", "/search?q=apple", "/stocks/AAPL/chart", "/stocks/AAPL/quote")


@pytest.mark.parametrize("path", PAGES)
def test_as_page(browser: FlaskClient, stand: Stand, path: str) -> None:
    stand(JAN_14, 11.7)
    page = html(browser.get(path))
    assert page.startswith("<!doctype html>")
    assert "Wed 14 Jan 2009" in page
    assert "2000–2013" in page
    assert "AAPL" in page
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


@pytest.mark.parametrize("path", FRAGMENTS)
def test_as_fragment(browser: FlaskClient, stand: Stand, path: str) -> None:
    stand(JAN_14, 11.7)
    answer = fragment(browser, path)
    body = html(answer)
    assert "<!doctype" not in body
    assert "AAPL" in body
    assert "style=" not in body
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [*PAGES, "/stocks/AAPL/quote"])
def test_as_anonymous(client: FlaskClient, stand: Stand, path: str) -> None:
    stand(JAN_14, 11.7)
    answer = client.get(path)
    assert answer.status_code in (302, 303)
    assert "/login" in answer.headers["Location"]
    assert "AAPL" not in answer.get_data(as_text=True).replace(path, "")


def test_the_banner_is_for_everybody(client: FlaskClient, stand: Stand) -> None:
    state = stand(JAN_14, 11.7)
    answer = client.get("/market/banner")
    body = html(answer)
    assert "Wed 14 Jan 2009" in body
    assert "11:42 New York" in body
    assert 'data-state="open"' in body
    assert answer.headers["HX-PTag"] == state.cursor


# --- polling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/market/banner", "/stocks/", "/stocks/AAPL/quote"])
def test_an_unchanged_poll_is_304(
    browser: FlaskClient, stand: Stand, redis: Redis, path: str
) -> None:
    state = stand(JAN_14, 11.7)
    clock.publish(redis, state)
    first = fragment(browser, path)
    assert first.status_code == 200
    again = fragment(browser, path, first.headers["HX-PTag"])
    assert (again.status_code, again.data) == (304, b"")
    redis.set(clock.TICK_KEY, state.tick + 1)
    assert fragment(browser, path, "1").status_code == 200


def test_an_unchanged_banner_reads_no_database(
    client: FlaskClient, stand: Stand, redis: Redis, count_sql: CountSql
) -> None:
    clock.publish(redis, stand(JAN_14, 11.7))
    tag = client.get("/market/banner").headers["HX-PTag"]
    with count_sql() as seen:
        assert fragment(client, "/market/banner", tag).status_code == 304
    assert seen == []


def test_without_redis_the_banner_asks_the_database(
    client: FlaskClient, stand: Stand, redis: Redis, count_sql: CountSql
) -> None:
    state = stand(JAN_14, 11.7)
    redis.delete(clock.TICK_KEY)
    with count_sql() as seen:
        assert fragment(client, "/market/banner", state.cursor).status_code == 304
    assert len(seen) == 1
    assert fragment(client, "/market/banner", "0").status_code == 200


def test_a_moved_market_is_sent(
    browser: FlaskClient, session: Session, stand: Stand, redis: Redis
) -> None:
    before = stand(JAN_14, 11.7)
    clock.publish(redis, before)
    seen = fragment(browser, "/stocks/IBM/quote").headers["HX-PTag"]
    after = stand(JAN_14, 14.0)
    session.execute(text("UPDATE market_clock SET tick = tick + 7"))
    session.commit()
    clock.publish(redis, clock.state(session))
    moved = fragment(browser, "/stocks/IBM/quote", seen)
    assert moved.status_code == 200
    assert moved.headers["HX-PTag"] == str(after.tick + 7)


def test_hostile_tags_are_just_old(browser: FlaskClient, stand: Stand, redis: Redis) -> None:
    clock.publish(redis, stand(JAN_14, 11.7))
    for tag in ("x", "9" * 400, "-1", "é"):
        assert fragment(browser, "/stocks/AAPL/quote", tag).status_code == 200


# --- the chart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["1m", "6m", "1y", "5y", "all", "", "nonsense", "<b>"])
def test_every_range_draws(browser: FlaskClient, stand: Stand, key: str) -> None:
    stand(JAN_14, 11.7)
    body = html(browser.get("/stocks/AAPL/chart", query_string={"range": key}, headers=PARTIAL))
    found = re.search(r'<script type="application/json">(.*?)</script>', body, re.S)
    assert found
    assert "<" not in found.group(1)
    item = json.loads(found.group(1))
    assert item["doc"]["roots"]
    assert "<svg" in body
    assert "<table" in body
    assert "14 Jan 2009" in body
    assert "20-day average" in body
    assert body.count("aria-current") == 1


def test_the_chart_never_looks_ahead(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14)
    body = html(fragment(browser, "/stocks/AAPL/chart?range=all"))
    assert "13 Jan 2009" in body
    assert not re.search(r"(1[4-9]|2\d|3\d) Jan 2009|201\d", body.partition("<table")[2])


def test_splits_and_dividends_are_marked(browser: FlaskClient, stand: Stand) -> None:
    stand(date(2005, 2, 28), 12.0)
    assert "2:1 split" in html(fragment(browser, "/stocks/AAPL/chart?range=1m"))
    stand(date(2005, 2, 28))
    assert "2:1 split" not in html(fragment(browser, "/stocks/AAPL/chart?range=1m"))
    stand(JAN_14, 12.0)
    assert "$0.50 dividend" in html(fragment(browser, "/stocks/IBM/chart?range=6m"))


def test_range_links_lead_to_the_page_and_fetch_the_fragment(
    browser: FlaskClient, stand: Stand
) -> None:
    stand(JAN_14, 11.7)
    body = html(fragment(browser, "/stocks/AAPL/chart?range=1y"))
    assert 'href="/stocks/AAPL?range=5y"' in body
    assert 'hx-get="/stocks/AAPL/chart?range=5y"' in body
    assert 'hx-push-url="/stocks/AAPL?range=5y"' in body


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/stocks/FB/chart", 422, "first session 2012-05-18"),
        ("/stocks/XOM/chart", 422, "not available in the sample market"),
        ("/stocks/ZZZZZ/chart", 404, "No stock has the symbol ZZZZZ"),
        ("/stocks/ZZZZZ/quote", 404, "No stock has the symbol ZZZZZ"),
        ("/stocks/S%C3%A3o/quote", 422, "letters and digits"),
        (f"/stocks/{'A' * 200}/quote", 422, "at most 20 characters"),
        ("/stocks/%20/quote", 422, "Enter a symbol"),
    ],
)
def test_what_cannot_be_shown_says_why(
    browser: FlaskClient, stand: Stand, path: str, status: int, words: str
) -> None:
    stand(JAN_14, 11.7)
    for answer in (browser.get(path), fragment(browser, path)):
        assert answer.status_code == status
        assert words in answer.get_data(as_text=True)


def test_key_figures_do_not_depend_on_the_range(app: Flask, session: Session, stand: Stand) -> None:
    state = stand(JAN_14, 11.7)
    quote = quotes.of(session, "AAPL")
    with app.test_request_context():
        found = [fragments.chart(session, quote, each.key)["figures"] for each in charting.RANGES]
    assert found == [found[0]] * len(charting.RANGES)
    year = bars.history(session, "AAPL", date(2008, 1, 16), state=state)
    assert found[0].year_high == max(bar.high for bar in year)
    assert found[0].year_low == min(bar.low for bar in year)
    complete = [bar.volume for bar in year if not bar.partial]
    assert found[0].average_volume == pytest.approx(sum(complete[-30:]) / 30)
    assert found[0].performance == bars.performance_of(session, quote.stock_id, state)


def test_a_quote_before_the_listing(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    assert "first session is 18 May 2012" in html(fragment(browser, "/stocks/fb/quote"))


# --- search --------------------------------------------------------------------------------------


def test_options_for_the_search_box(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    body = html(fragment(browser, "/search?q=app"))
    options = re.findall(r"<li role=\"option\"([^>]*)>(.*?)</li>", body, re.S)
    assert 'data-url="/stocks/AAPL"' in options[0][0]
    assert all('aria-disabled="true"' in attributes for attributes, _ in options[1:])
    assert "Not available in the sample market" in options[1][1]
    assert len(options) <= 8
    assert "No stock matches" in html(fragment(browser, "/search?q=qqqqqq"))


def test_a_symbol_typed_in_full_goes_to_its_page(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    answer = browser.get("/search?q=aapl")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/stocks/AAPL")
    assert "Not listed yet, first session 2012-05-18" in html(browser.get("/search?q=fb"))


@pytest.mark.parametrize("q", ["", "<script>alert(1)</script>", "é" * 90, "%", "a" * 5000, "📈"])
def test_search_text_is_only_text(browser: FlaskClient, stand: Stand, q: str) -> None:
    stand(JAN_14, 11.7)
    for headers in ({}, PARTIAL):
        body = html(browser.get("/search", query_string={"q": q}, headers=headers))
        assert "<script>alert" not in body


# --- the list ------------------------------------------------------------------------------------


def test_the_list_shows_every_stock(browser: FlaskClient, stand: Stand) -> None:
    stand(JAN_14, 11.7)
    page = html(browser.get("/stocks/"))
    for symbol in ("AAPL", "FB", "GOOG", "IBM", "MSFT"):
        assert f'href="/stocks/{symbol}"' in page
    assert "Not listed yet" in page
    assert "18 May 2012" in page


@pytest.mark.parametrize("sort", ["price", "-change_pct", "-symbol", "nonsense", "-", "'; --"])
def test_the_list_sorts_by_what_it_offers(browser: FlaskClient, stand: Stand, sort: str) -> None:
    stand(JAN_14, 11.7)
    assert "AAPL" in html(browser.get("/stocks/", query_string={"sort": sort}))


@pytest.mark.parametrize("path", [*PAGES, "/stocks/AAPL/quote", "/stocks/AAPL/chart?range=all"])
def test_few_statements(browser: FlaskClient, stand: Stand, count_sql: CountSql, path: str) -> None:
    stand(JAN_14, 11.7)
    with count_sql() as seen:
        html(browser.get(path))
    assert len(seen) <= 6, seen


def test_an_unprepared_market_still_has_error_pages(app: Flask, session: Session) -> None:
    session.execute(text("DELETE FROM market_clock"))
    session.commit()
    answer = app.test_client().get("/nowhere-at-all")
    assert answer.status_code == 404
    assert "market-banner" not in answer.get_data(as_text=True)
    assert app.test_client().get("/market/banner").status_code == 503
