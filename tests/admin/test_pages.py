"""The panel's pages: whole, cheap with much as with little, and alive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.market.service import clock
from tests.admin.test_access import routes
from tests.site import html
from tests.site.world import MakeUser, Page, build, path_of

MOST_SQL = 6


@pytest.fixture
def crowd(session: Session, make_user: MakeUser) -> dict[str, Any]:
    """A hundred people, jobs and audit rows, and one person with a portfolio."""
    world = build(session, make_user("owner"))
    session.execute(
        text("""
        INSERT INTO portfolio_snapshot (portfolio_id, date, closes_at, cash, positions_value,
            total_value, inflow, outflow, net_deposits, twr_index, peak_index, recorded_at)
        SELECT :id, d, d + interval '21 hours', 1000, 49000, 50000, 0, 0, 50000, 1.25, 1.25, now()
        FROM generate_series(date '2008-06-02', date '2008-12-31', interval '1 day') d"""),
        {"id": world.ids["portfolio_id"]},
    )
    session.execute(
        text("""
        INSERT INTO "user" (username, email, password_hash, first_name, last_name, time_zone,
            theme, gain_colors, is_active, is_admin, credential_version, date_joined)
        SELECT 'crowd' || n, 'crowd' || n || '@example.com', '', '', '', 'UTC', 'system',
               'green', true, false, 1, now() FROM generate_series(1, 100) n""")
    )
    session.execute(
        text("""
        INSERT INTO job (id, function, title, arguments, queue, status, progress, message,
                         attempts, created_at)
        SELECT md5(n::text), 'stocksite.market.jobs.refresh', '', '{}', 'default',
               'failed', 0, repeat('long ', 200), 3, now() FROM generate_series(1, 100) n""")
    )
    session.execute(
        text("""
        INSERT INTO admin_audit (at, actor, action, subject, detail, address, request_id)
        SELECT now(), 'root', 'job.retried', 'job ' || md5(n::text), repeat('word ', 60), '', ''
        FROM generate_series(1, 100) n""")
    )
    session.commit()
    return {**world.ids, "user_id": world.actor.user_id, "version_id": 1, "bar_id": 1}


def _pages(app: Flask) -> list[Any]:
    return [rule for rule, method in routes(app) if method == "GET"]


def test_every_page_is_whole_and_cheap(
    app: Flask,
    panel: Page,
    crowd: dict[str, Any],
    count_sql: Callable[[], Any],
    subtests: pytest.Subtests,
) -> None:
    for rule in _pages(app):
        with subtests.test(rule.rule):
            path = path_of(app, rule, crowd)
            with count_sql() as statements:
                answer = panel("GET", path)
            assert answer.status_code == 200, answer.text[:500]
            assert len(statements) <= MOST_SQL, "\n".join(each[:120] for each in statements)
            assert answer.headers["Cache-Control"] == "no-store"
            found = html.read(answer)
            assert len(found.headings) == 1, found.headings
            assert found.forbidden == []


def test_every_page_of_an_empty_site_is_whole(
    app: Flask, panel: Page, subtests: pytest.Subtests
) -> None:
    for rule in _pages(app):
        if not rule.arguments:
            with subtests.test(rule.rule):
                answer = panel("GET", rule.rule)
                assert answer.status_code == 200, answer.text[:500]
                assert html.read(answer).forbidden == []


def test_no_link_of_the_panel_is_dead(
    app: Flask, panel: Page, crowd: dict[str, Any], subtests: pytest.Subtests
) -> None:
    links = set()
    for rule in _pages(app):
        found = html.read(panel("GET", path_of(app, rule, crowd)))
        links |= {link for link in found.links if link.startswith("/admin")}
    assert len(links) > 20
    for link in sorted(links):
        with subtests.test(link):
            assert panel("GET", link).status_code == 200


def test_the_ledger_shows_everybodys_rows_and_changes_none(
    app: Flask, panel: Page, crowd: dict[str, Any]
) -> None:
    assert "owner" in panel("GET", "/admin/ledger/transactions").text
    assert "AAPL" in panel("GET", "/admin/ledger/transactions?owner=OWNER").text
    assert "No transaction" in panel("GET", "/admin/ledger/transactions?owner=nobody").text
    assert f"portfolio {crowd['portfolio_id']}" in panel("GET", "/admin/ledger/snapshots").text
    for rule, method in routes(app):
        if "/ledger/" in rule.rule:
            assert method == "GET", rule.rule


def test_stocks_tell_what_is_stored(session: Session, panel: Page) -> None:
    page = panel("GET", "/admin/stocks").text
    assert "MSFT" in page
    count = session.scalar(
        text("SELECT count(*) FROM bar b JOIN stock s ON s.id = b.stock_id WHERE symbol = 'IBM'")
    )
    assert f"{count:,}" in page
    assert "Every stock is in order" in panel("GET", "/admin/stocks?show=faulty").text
    session.execute(
        text(
            "INSERT INTO bar_gap SELECT id, '2008-05-05', 'yahoo', now() FROM stock "
            "WHERE symbol = 'IBM'"
        )
    )
    session.commit()
    page = panel("GET", "/admin/stocks?show=faulty").text
    assert "IBM" in page
    assert "MSFT" not in page


def test_the_market_is_steered(
    session: Session, panel: Page, audit: Callable[[], list[Any]]
) -> None:
    assert panel("POST", "/admin/market/pause").status_code == 303
    assert clock.state(session).paused
    session.rollback()
    assert panel("POST", "/admin/market/resume").status_code == 303
    assert panel("POST", "/admin/market/speed", {"speed": "60"}).status_code == 303
    session.rollback()
    assert clock.state(session).speed == 60
    session.rollback()
    wrong = panel("POST", "/admin/market/speed", {"speed": "0"})
    assert wrong.status_code == 422
    past = panel("POST", "/admin/market/skip", {"day": "2001-01-01"})
    assert past.status_code == 422
    assert "never goes back" in past.text
    assert panel("POST", "/admin/market/skip", {"day": "someday"}).status_code == 422
    assert panel("POST", "/admin/market/skip", {"day": "2009-01-12"}).status_code == 303
    session.rollback()
    assert clock.state(session).session_date == date(2009, 1, 9)
    told = [row.action for row in audit()]
    assert told == ["market.paused", "market.resumed", "market.speed", "market.skipped"]


def test_a_model_goes_live_and_back(
    session: Session, panel: Page, audit: Callable[[], list[Any]]
) -> None:
    from stocksite.forecast.models import ModelVersion
    from stocksite.forecast.service import registry

    live = registry.current(session)
    other = registry.add(
        session,
        live.live,
        "9.9.9",
        status="candidate",
        cut=date(2008, 12, 31),
        predecessor_id=live.live_id,
    )
    session.commit()
    path = f"/admin/models/{other.id}/promote"
    assert panel("POST", path).status_code == 422
    assert panel("POST", path, {"reason": "It is better."}).status_code == 303
    session.expire_all()
    assert session.get(ModelVersion, other.id).status == "live"  # type: ignore[union-attr]
    assert panel("POST", "/admin/models/back", {"reason": "It was not."}).status_code == 303
    session.expire_all()
    assert session.get(ModelVersion, live.live_id).status == "live"  # type: ignore[union-attr]
    assert panel("POST", "/admin/models/999/promote", {"reason": "x"}).status_code == 404
    told = [(row.action, row.detail) for row in audit()]
    assert told == [("model.promoted", "It is better."), ("model.rolled_back", "It was not.")]


def test_what_is_refused_leaves_no_trace(
    panel: Page, root: Actor, audit: Callable[[], list[Any]]
) -> None:
    assert panel("POST", "/admin/people/999999/deactivate").status_code == 404
    assert panel("POST", "/admin/quarantine/999999", {"verdict": "confirm"}).status_code == 404
    assert panel("POST", "/admin/quarantine/1", {"verdict": "bless"}).status_code == 404
    assert audit() == []
