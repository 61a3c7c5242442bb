"""The events API with each filter and ordering, the feed, and the query page."""

from __future__ import annotations

import re
from html import unescape

import pytest

from stocksite.core.paging import PageRequest
from stocksite.market.service import events

PATH = "/api/stocks/significant-events/"
QUERY = "/test-query-page/"


def get(browser, status=200, **query):
    answer = browser.get(PATH, query_string={"page_size": 200} | query)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def test_a_row_has_the_shape_of_the_contract(browser):
    found = get(
        browser,
        symbol__ticker="AAPL",
        timestamp__date__gte="2000-09-29",
        timestamp__date__lte="2000-09-29",
    )
    assert found["count"] == 1
    (row,) = found["results"]
    assert isinstance(row.pop("id"), int)
    assert row == {
        "symbol": {"ticker": "AAPL", "name": row["symbol"]["name"]},
        "event_type": "PRICE_DECREASE",
        "change_pct": -51.8692,
        "price": "25.75",
        "previous_price": "53.50",
        "timestamp": "2000-09-29T20:00:00Z",
    }
    assert "Apple" in row["symbol"]["name"]


def test_the_default_order_is_newest_first(browser):
    times = [row["timestamp"] for row in get(browser)["results"]]
    assert times == sorted(times, reverse=True)
    assert times[0] < "2009-01-14T16:00:00Z"


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"symbol__ticker": "IBM"}, lambda r: r["symbol"]["ticker"] == "IBM"),
        ({"symbol__ticker": "ibm"}, lambda r: r["symbol"]["ticker"] == "IBM"),
        ({"event_type": "PRICE_INCREASE"}, lambda r: r["change_pct"] >= 2),
        ({"event_type": "PRICE_DECREASE"}, lambda r: r["change_pct"] <= -2),
        (
            {"timestamp__gte": "2008-10-10T20:00:00Z"},
            lambda r: r["timestamp"] >= "2008-10-10T20:00:00Z",
        ),
        (
            {"timestamp__lte": "2008-10-10T20:00:00Z"},
            lambda r: r["timestamp"] <= "2008-10-10T20:00:00Z",
        ),
        ({"timestamp__date__gte": "2008-10-10"}, lambda r: r["timestamp"][:10] >= "2008-10-10"),
        ({"timestamp__date__lte": "2008-10-10"}, lambda r: r["timestamp"][:10] <= "2008-10-10"),
        (
            {
                "symbol__ticker": "MSFT",
                "event_type": "PRICE_DECREASE",
                "timestamp__date__gte": "2008-09-01",
                "timestamp__date__lte": "2008-12-31",
            },
            lambda r: (
                r["symbol"]["ticker"] == "MSFT"
                and r["event_type"] == "PRICE_DECREASE"
                and "2008-09-01" <= r["timestamp"][:10] <= "2008-12-31"
            ),
        ),
    ],
)
def test_each_filter_keeps_what_it_names_and_drops_the_rest(browser, session, query, holds):
    total, matching, number = get(browser)["count"], 0, 1
    while True:
        page = events.listed(session, PageRequest(number, 200))
        if not page.results:
            break
        number += 1
        for each in page.results:
            row = {
                "symbol": {"ticker": each.symbol},
                "event_type": each.event_type,
                "change_pct": each.change_pct,
                "timestamp": each.at.isoformat().replace("+00:00", "Z"),
            }
            matching += holds(row)
    found = get(browser, **query)
    assert all(holds(row) for row in found["results"])
    assert found["count"] == matching
    assert 0 < matching < total, "the control: the filter tells apart"


def test_bounds_are_inclusive_to_the_second(browser):
    at = "2000-09-29T20:00:00Z"
    assert get(browser, timestamp__gte=at, timestamp__lte=at)["count"] >= 1
    assert (
        get(browser, timestamp__gte="2000-09-29T20:00:01Z", timestamp__lte="2000-09-29T23:00:00Z")[
            "count"
        ]
        == 0
    )
    zoned = get(browser, timestamp__gte="2000-09-29T16:00:00-04:00", timestamp__lte=at)
    assert zoned["count"] >= 1


@pytest.mark.parametrize("name", ["timestamp", "symbol__ticker", "event_type"])
def test_each_ordering_runs_both_ways(browser, name):
    def key(row):
        return row["symbol"]["ticker"] if name == "symbol__ticker" else row[name]

    window = {"timestamp__date__gte": "2008-10-01", "timestamp__date__lte": "2008-12-31"}
    up = [key(row) for row in get(browser, ordering=name, **window)["results"]]
    down = [key(row) for row in get(browser, ordering=f"-{name}", **window)["results"]]
    assert up == sorted(up)
    assert down == sorted(down, reverse=True)
    assert len(set(up)) > 1


def test_orderings_can_be_joined(browser):
    rows = get(browser, ordering="symbol__ticker,-timestamp")["results"]
    tickers = [row["symbol"]["ticker"] for row in rows]
    assert tickers == sorted(tickers)
    first = [row["timestamp"] for row in rows if row["symbol"]["ticker"] == tickers[0]]
    assert first == sorted(first, reverse=True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"event_type": "PRICE_UP"}, "event_type"),
        ({"event_type": "price_increase"}, "event_type"),
        ({"ordering": "price"}, "ordering"),
        ({"ordering": "--timestamp"}, "ordering"),
        ({"ordering": "timestamp,"}, "ordering"),
        ({"timestamp__gte": "yesterday"}, "timestamp__gte"),
        ({"timestamp__lte": "2008-13-01T00:00:00Z"}, "timestamp__lte"),
        ({"timestamp__date__gte": "2008-02-30"}, "timestamp__date__gte"),
        ({"timestamp__date__lte": "2008"}, "timestamp__date__lte"),
        ({"symbol": "AAPL"}, "symbol"),
        ({"symbol__ticker": "AA PL"}, "symbol__ticker"),
        ({"price__gte": "1"}, "price__gte"),
        ({"page": "0"}, "page"),
        ({"page_size": "201"}, "page_size"),
    ],
)
def test_what_is_unknown_is_400_and_names_the_field(browser, query, field):
    told = get(browser, 400, **query)
    assert told["code"] == "invalid-query"
    assert [each["field"] for each in told["errors"]] == [field]


def test_a_symbol_without_events_answers_an_empty_list(browser):
    assert get(browser, symbol__ticker="ZZZZ") == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }


def test_strangers_are_not_answered(client):
    assert client.get(PATH).status_code == 401
    for page in ("/events", QUERY):
        answer = client.get(page)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/login")


def test_the_list_costs_few_statements(browser, count_sql):
    browser.get(PATH)
    with count_sql() as seen:
        get(browser, page_size=50)
    assert len(seen) <= 4, "who asks, the clock, the rows, their number"


# --- the feed ----------------------------------------------------------------------------------


def test_the_feed_shows_filters_and_orders_by_its_address(browser, count_sql):
    browser.get("/events")
    with count_sql() as seen:
        page = browser.get("/events?symbol=aapl&type=PRICE_DECREASE&from=2000-09-01&to=2000-09-30")
    assert page.status_code == 200
    assert len(seen) <= 6
    assert "−51.87%" in page.text or "-51.87%" in page.text
    assert "/stocks/AAPL" in page.text
    tickers = set(re.findall(r'class="symbol" href="/stocks/([A-Z]+)"', page.text))
    assert tickers == {"AAPL"}
    assert 'value="2000-09-01"' in page.text, "the form shows what is filtered"
    ordered = browser.get("/events?sort=timestamp").text
    assert ordered.index("3 Jan 2000") if "3 Jan 2000" in ordered else "2000" in ordered


def test_the_feeds_neighbors_keep_the_filter(browser):
    page = browser.get("/events?symbol=AAPL&sort=timestamp")
    assert "/events?symbol=AAPL&amp;sort=timestamp&amp;page=2" in page.text
    header = re.search(r'<a href="([^"]*sort=[^"]*symbol__ticker[^"]*)"', page.text)
    assert header
    assert "symbol=AAPL" in unescape(header.group(1))


@pytest.mark.parametrize("query", ["symbol=%40%40", "type=SIDEWAYS", "from=soon", "to=2009-02-30"])
def test_a_filter_that_cannot_be_read_lists_nothing_and_says_why(browser, query):
    page = browser.get(f"/events?{query}")
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "Nothing is listed" in page.text


def test_an_odd_order_or_page_is_the_first(browser):
    for query in ("sort=evil", "page=minus", "page=0"):
        assert browser.get(f"/events?{query}").status_code == 200
    assert "No more events" in browser.get("/events?page=99999").text
