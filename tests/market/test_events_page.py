"""The page that asks the events API: what it shows, refuses and costs."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tests.market.test_events_api import PATH, QUERY
from tests.site import html


def pane(page):
    return unescape(re.search(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL).group(1))


def request_of(page):
    return unescape(re.search(r'<a class="mono[^"]*" href="([^"]*)"', page).group(1))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "symbol__ticker=aapl&event_type=&timestamp__gte=&ordering=timestamp&page=&page_size=7",
        "event_type=PRICE_INCREASE&timestamp__date__gte=2008-10-01&timestamp__date__lte=2008-10-31",
        "timestamp__gte=2008-10-10T00:00:00%2B00:00&page=2&page_size=10&ordering=-symbol__ticker",
        "symbol__ticker=ZZZZ",
    ],
)
def test_the_page_shows_exactly_what_the_api_answers(browser, query):
    page = browser.get(f"{QUERY}?{query}")
    assert page.status_code == 200
    url = request_of(page.text)
    assert url.startswith(PATH)
    assert "=&" not in url
    api = browser.get(url)
    assert api.status_code == 200
    assert json.loads(pane(page.text)) == api.get_json()
    rows = len(re.findall(r'<tr id="event-', page.text))
    assert rows == len(api.get_json()["results"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("event_type=FOO", "event_type"),
        ("ordering=price", "ordering"),
        ("page_size=9999", "page_size"),
        ("timestamp__gte=soon", "timestamp__gte"),
        ("symbol__ticker=%40", "symbol__ticker"),
    ],
)
def test_the_page_shows_the_apis_refusal_beside_the_field(browser, query, field):
    page = browser.get(f"{QUERY}?{query}")
    told = json.loads(pane(page.text))
    api = browser.get(f"{PATH}?{query}")
    assert page.status_code == api.status_code == 400
    told.pop("instance")
    expected = api.get_json()
    expected.pop("instance")
    assert told == expected
    assert f'id="{field}-error"' in page.text


def test_an_unknown_parameter_is_told_too(browser):
    page = browser.get(f"{QUERY}?colour=blue")
    assert page.status_code == 400
    assert json.loads(pane(page.text))["errors"][0]["field"] == "colour"


def test_the_form_has_every_parameter_of_the_api_and_works_without_scripts(browser, app):
    page = browser.get(QUERY)
    document = app.test_client().get("/api/openapi.json").get_json()
    parameters = document["paths"][PATH]["get"]["parameters"]
    names = {each["name"] for each in parameters if "name" in each}
    (form,) = [f for f in html.read(page).forms if f.action == QUERY]
    assert form.method == "GET"
    assert names <= set(form.fields)
    assert len(names) == 9


def test_the_query_page_costs_few_statements(browser, count_sql):
    browser.get(QUERY)
    with count_sql() as seen:
        browser.get(QUERY)
    assert len(seen) <= 6


def test_markup_in_a_parameter_stays_text(browser):
    page = browser.get(QUERY, query_string={"symbol__ticker": "<script>alert(1)</script>"})
    assert "<script>alert" not in page.text
