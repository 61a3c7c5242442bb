"""The poll of the overview: free while nothing changed, complete when something did."""

from __future__ import annotations

from stocksite.core.database import unit_of_work
from stocksite.core.queue import connect_queue
from stocksite.market.service import clock as market_clock
from stocksite.portfolios.service import matching
from tests.portfolios.desk import words


def test_an_unchanged_poll_touches_nothing(desk, lived, session, redis, count_sql):
    book, _ = lived
    market_clock.publish(redis, market_clock.state(session))
    first = desk.part(f"/portfolios/{book.id}/live")
    tag = first.headers["HX-PTag"]
    assert 'hx-target="#portfolio-figures"' in first.get_data(as_text=True)
    with count_sql() as statements:
        again = desk.part(f"/portfolios/{book.id}/live", HX_PTag=tag)
    assert (again.status_code, again.get_data(), statements) == (304, b"", [])


def test_without_a_published_tick_every_poll_is_answered(desk, lived, redis):
    book, _ = lived
    answer = desk.part(f"/portfolios/{book.id}/live", HX_PTag="0.0")
    assert answer.status_code == 200
    assert "HX-PTag" not in answer.headers


def test_a_tick_and_a_change_each_end_the_304s(desk, lived, session, redis, market):
    book, _waiting = lived
    live = f"/portfolios/{book.id}/live"
    market_clock.publish(redis, market.state)
    tag = desk.part(live).headers["HX-PTag"]
    market.tick()
    market_clock.publish(redis, market.state)
    moved = desk.part(live, HX_PTag=tag)
    assert moved.status_code == 200
    assert moved.headers["HX-PTag"] != tag
    tag = moved.headers["HX-PTag"]
    assert desk.part(live, HX_PTag=tag).status_code == 304
    connect_queue(redis)
    desk.post(f"/portfolios/{book.id}/cash", {"type": "deposit", "amount": "5"})
    changed = desk.part(live, HX_PTag=tag)
    assert changed.status_code == 200
    assert "25,005.00" in words(changed)


def test_a_fill_by_the_worker_reaches_the_page(desk, lived, session, redis, market):
    book, _ = lived
    live = f"/portfolios/{book.id}/live"
    market_clock.publish(redis, market.state)
    tag = desk.part(live).headers["HX-PTag"]
    market.open_next()
    connect_queue(redis)
    assert matching.match_all(unit_of_work) == 1
    fresh = desk.part(live, HX_PTag=tag)
    assert fresh.status_code == 200
    assert "Waits for" not in words(fresh)
    assert "MSFT" in words(fresh)
