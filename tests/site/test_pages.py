"""Every page a person can open: whole, safe, alive, and as cheap with much as with little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from tests.site import html
from tests.site.riches import MORE_IDS
from tests.site.world import MakeUser, Page, World, is_api, path_of

MOST_SQL = 6

# GET routes that are not pages, and what they are; paths that end in .csv are files.
NO_PAGE = {
    "static": "files",
    "health.healthz": "text for load balancers",
    "health.readyz": "JSON for load balancers",
    "health.metrics": "text for Prometheus",
    "openapi.openapi_json": "JSON",
    "market.banner": "fragment",
    "market.stock_quote": "fragment",
    "market.stock_loading": "leads to the stock's page; tests/market/live/test_site.py",
    "watchlist.changes": "fragment",
    "watchlist.bell": "fragment",
    "desk.dashboard_live": "fragment",
    "portfolios.live": "fragment",
    "portfolios.curve": "fragment",
    "portfolios.preview": "fragment",
    "portfolios.performance_figures": "fragment",
    "backtest.live": "fragment",
    "backtest.sweep_live": "fragment",
    "backtest.verdict": "fragment",
    "backtest.find_cell": "leads to the cell",
    "reports.live": "fragment",
    "reports.json": "JSON",
    "reports.pdf": "PDF",
    "reports.shared_json": "JSON",
    "reports.shared_pdf": "PDF",
    "desk.class_share": "leads to the share's page",
}

# Pages that send a person who is logged in to another one.
GOES_ON = {"desk.home", "auth.login", "auth.register"}


def is_page(rule: Any) -> bool:
    """Whether a rule answers GET with a whole page; `tests/admin` has those of the panel."""
    if rule.endpoint.startswith("admin."):
        return False
    reads = "GET" in (rule.methods or ()) and not is_api(rule)
    return reads and rule.endpoint not in NO_PAGE and not rule.rule.endswith(".csv")


def _pages(app: Flask) -> list[Any]:
    """The rules of all pages."""
    return sorted(filter(is_page, app.url_map.iter_rules()), key=lambda rule: str(rule.rule))


def _others(app: Flask) -> list[Any]:
    """Fragments and files."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if NO_PAGE.get(rule.endpoint) == "fragment"
        or (rule.rule.endswith(".csv") and not is_api(rule))
    ]


def test_every_page_is_whole(app: Flask, rich: World, subtests: pytest.Subtests) -> None:
    page, titles = Page(app, rich.actor), Counter[str]()
    for rule in _pages(app):
        with subtests.test(rule.rule):
            answer = page("GET", path_of(app, rule, rich.ids))
            if rule.endpoint in GOES_ON:
                assert answer.status_code == 303
                continue
            assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
            assert answer.mimetype == "text/html"
            _check(html.read(answer))
            titles[html.read(answer).title] += 1
    assert [title for title, count in titles.items() if count > 2] == []


def test_every_page_without_a_session_is_whole(
    app: Flask, rich: World, subtests: pytest.Subtests
) -> None:
    page = Page(app, None)
    for rule in _pages(app):
        with subtests.test(rule.rule):
            answer = page("GET", path_of(app, rule, rich.ids))
            assert answer.status_code in (200, 303)
            if answer.status_code == 200:
                _check(html.read(answer))


def _check(found: html.Document) -> None:
    assert len(found.headings) == 1, found.headings
    assert found.headings[0]
    assert found.title.removesuffix("· stocksite").strip()
    assert found.forbidden == []
    twice = [name for name, count in Counter(found.ids).items() if count > 1]
    assert twice == []


def test_every_page_of_a_new_account_is_whole(
    app: Flask, session: Session, make_user: MakeUser, subtests: pytest.Subtests
) -> None:
    """Nothing owned yet: what has ids of its own is the owner's business."""
    page = Page(app, make_user("newcomer"))
    for rule in _pages(app):
        if rule.arguments - {"symbol", "code"} or rule.endpoint in GOES_ON:
            continue
        if rule.endpoint.startswith("watchlist.") and rule.arguments:
            continue  # the symbol is a row of one's own list
        with subtests.test(rule.rule):
            answer = page("GET", path_of(app, rule, {"symbol": "AAPL", **MORE_IDS}))
            assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
            _check(html.read(answer))


def test_no_page_needs_more_than_six_statements(
    app: Flask, rich: World, count_sql: Callable[[], Any], subtests: pytest.Subtests
) -> None:
    page = Page(app, rich.actor)
    for rule in [*_pages(app), *_others(app)]:
        with subtests.test(rule.rule), count_sql() as statements:
            page("GET", path_of(app, rule, rich.ids))
            assert len(statements) <= MOST_SQL, "\n".join(each[:160] for each in statements)


def test_thirty_rows_cost_no_more_statements_than_one(
    app: Flask,
    rich: World,
    one: World,
    count_sql: Callable[[], Any],
    subtests: pytest.Subtests,
) -> None:
    few, many = Page(app, one.actor), Page(app, rich.actor)
    for rule in [*_pages(app), *_others(app)]:
        with subtests.test(rule.rule):
            with count_sql() as small:
                few("GET", path_of(app, rule, one.ids))
            with count_sql() as large:
                many("GET", path_of(app, rule, rich.ids))
            assert len(large) == len(small), "\n".join(each[:160] for each in large)


def test_the_rich_pages_show_their_rows(app: Flask, rich: World) -> None:
    """The control of the two above: thirty rows are really there to be counted."""
    page, book = Page(app, rich.actor), rich.ids["portfolio_id"]
    wanted = {
        "/watchlist": "ZZ29",
        "/portfolios/": "Book 29",
        f"/portfolios/{book}": "ZZ29",
        f"/portfolios/{book}/orders": "ZZ29",
        f"/portfolios/{book}/transactions": "ZZ29",
        "/stocks/": "ZZ29",
        "/profile/tokens": "Script 29",
    }
    missing = [path for path, word in wanted.items() if word not in page("GET", path).text]
    assert missing == []


def test_no_link_is_dead(app: Flask, rich: World, subtests: pytest.Subtests) -> None:
    """Every address on every page, and every one htmx fetches, answers its owner."""
    page, seen = Page(app, rich.actor), dict[tuple[str, ...], tuple[str, str]]()
    for rule in _pages(app):
        path = path_of(app, rule, rich.ids)
        answer = page("GET", path)
        if answer.status_code != 200:
            continue
        found = html.read(answer)
        gets = {
            f"{form.action}?{urlencode(form.fields)}"
            for form in found.forms
            if form.method == "GET" and form.action
        }
        for link in found.links | found.fetched | gets:
            parts = urlsplit(link)
            # What is given to others, a shared report, is a whole address of this site.
            assert parts.netloc in ("", "localhost"), f"{path} leads away: {link}"
            kind = _kind(app, link)
            if parts.path:
                seen.setdefault(kind, (link, path))
    assert len(seen) > 40
    for link, path in sorted(seen.values()):
        with subtests.test(f"{link} on {path}"):
            answer = page("GET", link)
            assert answer.status_code in (200, 303), answer.status_code


def _kind(app: Flask, link: str) -> tuple[str, ...]:
    """Links that lead to the same view with the same parameters are of one kind."""
    parts = urlsplit(link)
    try:
        endpoint, _ = app.url_map.bind("localhost").match(parts.path)
    except HTTPException:
        endpoint = parts.path  # it will be asked for, and fail
    return (endpoint, *sorted(parse_qs(parts.query, keep_blank_values=True)))


def test_every_fragment_answers_htmx(app: Flask, rich: World, subtests: pytest.Subtests) -> None:
    """Fragments are no whole pages, are never stored, and hold nothing the policy refuses."""
    page = Page(app, rich.actor)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    for rule in app.url_map.iter_rules():
        if NO_PAGE.get(rule.endpoint) != "fragment":
            continue
        with subtests.test(rule.rule):
            answer = page("GET", path_of(app, rule, rich.ids), headers=headers)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "no-store"
            assert "<html" not in answer.text
            assert html.read(answer).forbidden == []


def test_private_pages_are_never_stored(app: Flask, rich: World) -> None:
    page = Page(app, rich.actor)
    stored = []
    for rule in _pages(app):
        answer = page("GET", path_of(app, rule, rich.ids))
        if "no-store" not in answer.headers.get("Cache-Control", ""):
            stored.append(rule.rule)
    assert stored == []


def test_a_huge_account_still_has_readable_pages(
    app: Flask, session: Session, rich: World, subtests: pytest.Subtests
) -> None:
    """40-character names, a billion dollars, and a history of years."""
    book = rich.portfolio(session)
    book.name = "W" * 80
    book.description = "wide " * 100
    book.cash += Decimal("1234567890.12")
    session.commit()
    page = Page(app, rich.actor)
    for path in ("/dashboard", "/portfolios/", f"/portfolios/{book.id}", "/trade"):
        with subtests.test(path):
            answer = page("GET", path)
            assert answer.status_code == 200
            _check(html.read(answer))
    assert "$1,234," in page("GET", "/portfolios/").text
