"""The dashboard's curve is kept as drawn, and never shown when it is not true any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import update
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.portfolios.models import PortfolioSnapshot
from stocksite.portfolios.service import books
from stocksite.web.remembered import remembered
from tests.site.world import MakeUser, Page, World, add_snapshots, build, last_complete


@pytest.fixture
def world(session: Session, make_user: MakeUser) -> World:
    made = build(session, make_user("owner"))
    book = made.portfolio(session)
    book.created_at = book.created_at.replace(year=2008, month=11)
    session.commit()
    _day(session, made, date(2008, 12, 30), "48111.00")
    _day(session, made, date(2008, 12, 31), "49222.00")
    return made


def _day(session: Session, world: World, day: date, value: str) -> None:
    """Write a portfolio's value at a close; commits."""
    session.add(
        PortfolioSnapshot(
            portfolio_id=world.ids["portfolio_id"],
            date=day,
            closes_at=wall_now(),
            cash=Decimal(value),
            positions_value=Decimal(0),
            total_value=Decimal(value),
            inflow=Decimal(0),
            outflow=Decimal(0),
            net_deposits=Decimal(50_000),
            twr_index=1.0,
            peak_index=1.0,
            recorded_at=wall_now(),
        )
    )
    session.commit()


def _curve(page: Page) -> str:
    text: str = page("GET", "/dashboard").text
    return text[text.index('id="worth"') : text.index("</figure>", text.index('id="worth"'))]


def test_it_is_kept_and_costs_no_more_statements_than_a_page_may(
    app: Flask, world: World, redis: Redis, count_sql: Callable[[], Any]
) -> None:
    page = Page(app, world.actor)
    redis.flushdb()
    with count_sql() as cold:
        first = _curve(page)
    assert "49,222.00" in first
    assert len(cold) <= 6
    name = redis.keys("part:worth:*")[0]
    kept: Any = redis.get(name)
    redis.set(name, kept.replace(b"49,222.00", b"KEPT"))
    assert "KEPT" in _curve(page)


def test_a_close_shows_at_once(app: Flask, session: Session, world: World) -> None:
    page = Page(app, world.actor)
    assert "47,333.00" not in _curve(page)
    _day(session, world, date(2009, 1, 2), "47333.00")
    assert "47,333.00" in _curve(page)


def test_a_repair_shows_at_once(app: Flask, session: Session, world: World) -> None:
    page = Page(app, world.actor)
    assert "49,222.00" in _curve(page)
    session.execute(
        update(PortfolioSnapshot)
        .where(PortfolioSnapshot.date == date(2008, 12, 31))
        .values(total_value=Decimal("46444.00"), recorded_at=wall_now())
    )
    session.commit()
    assert "46,444.00" in _curve(page)


def test_a_portfolio_that_goes_takes_its_values_along(
    app: Flask, session: Session, world: World
) -> None:
    page = Page(app, world.actor)
    assert "49,222.00" in _curve(page)
    books.archive(session, world.actor, world.ids["portfolio_id"], None, wall_now())
    session.commit()
    assert "49,222.00" not in page("GET", "/dashboard").text


def test_nobody_sees_what_is_kept_for_somebody_else(
    app: Flask, session: Session, world: World, make_user: MakeUser
) -> None:
    assert "49,222.00" in _curve(Page(app, world.actor))
    other = Page(app, make_user("other"))
    assert "49,222.00" not in other("GET", "/dashboard").text


def test_rebuilt_history_shows_at_once(app: Flask, session: Session, world: World) -> None:
    page = Page(app, world.actor)
    before = _curve(page)
    add_snapshots(session, world.ids["portfolio_id"], last_complete(session))
    assert _curve(page) != before


def test_what_says_nothing_new_without_anything_kept_is_a_mistake(app: Flask) -> None:
    with app.app_context(), pytest.raises(ValueError, match="has to be drawn"):
        remembered("nothing", lambda seen: None)


def test_without_redis_it_is_drawn_each_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "redis", None)
    with app.app_context():
        assert remembered("x", lambda seen: ("1", f"<b>{seen}</b>")) == "<b>None</b>"
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.05)
    monkeypatch.setitem(app.extensions, "redis", away)
    with app.app_context():
        assert remembered("x", lambda seen: ("1", f"<b>{seen}</b>")) == "<b>None</b>"
