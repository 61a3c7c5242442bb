"""The watchlist's page and its polling: nothing moves while nothing changed."""

from __future__ import annotations

import re

import pytest

from stocksite.core import queue
from stocksite.market.service import clock as market_clock
from stocksite.watchlist import service
from tests.conftest import csrf_token

POLL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def browser(session, actor, login, redis):
    queue.connect_queue(redis)
    for symbol in ("AAPL", "IBM"):
        service.add(session, actor, symbol)
    session.commit()
    return login(actor)


def publish(session, redis):
    session.expire_all()
    market_clock.publish(redis, market_clock.state(session))


def poll(browser, ptag, path="/watchlist/changes"):
    return browser.get(path, headers=POLL | {"HX-PTag": ptag})


def path_of(page: str) -> str:
    """Where the list polls, as the page says."""
    return page.split('id="watchlist"')[1].split('hx-get="')[1].split('"')[0]


def tag_of(page: str) -> str:
    return page.split('id="watchlist"')[1].split('hx-ptag="')[1].split('"')[0]


def test_a_poll_without_change_is_a_304_that_asks_the_database_nothing(
    browser, session, redis, market, count_sql
):
    market.open_next()
    publish(session, redis)
    ptag = tag_of(browser.get("/watchlist").get_data(as_text=True))
    poll(browser, ptag)  # the session is remembered from here on
    with count_sql() as statements:
        answer = poll(browser, ptag)
    assert (answer.status_code, answer.data) == (304, b"")
    assert statements == []


def test_a_tick_sends_the_cells_that_moved_and_a_new_tag(
    browser, session, redis, market, count_sql
):
    market.open_next()
    publish(session, redis)
    page = browser.get("/watchlist").get_data(as_text=True)
    ptag, path = tag_of(page), path_of(page)
    poll(browser, ptag, path)  # the session is remembered from here on
    market.tick()
    publish(session, redis)
    with count_sql() as statements:
        answer = poll(browser, ptag, path)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert len(statements) == 1
    # Price, change and day range of two stocks, into cells that the page has.
    targets = re.findall(r'hx-target="#([^"]+)"', text)
    assert len(targets) == 6
    assert [name for name in targets if f'id="{name}"' not in page] == []
    assert answer.headers["HX-PTag"] != ptag
    assert poll(browser, answer.headers["HX-PTag"], path).status_code == 304


def test_a_new_session_sends_the_whole_list(browser, session, redis, market):
    """The thirty sessions of the little charts are others then."""
    market.open_next()
    publish(session, redis)
    page = browser.get("/watchlist").get_data(as_text=True)
    market.open_next()
    publish(session, redis)
    text = poll(browser, tag_of(page), path_of(page)).get_data(as_text=True)
    assert 'hx-target="#watchlist"' in text
    assert path_of(text) != path_of(page)


@pytest.mark.parametrize("tag", ["", "0", ".", "0.x", "0.-1", "0.9" * 40, "1." + "9" * 400, "0.²"])
def test_a_cursor_that_makes_no_sense_sends_the_whole_list(browser, session, redis, tag):
    publish(session, redis)
    answer = browser.get(
        "/watchlist/changes", headers=POLL | {"HX-PTag": tag.encode().decode("latin-1")}
    )
    assert answer.status_code == 200
    assert 'hx-target="#watchlist"' in answer.get_data(as_text=True)


def test_a_change_of_the_list_in_another_tab_sends_the_whole_list(
    browser, session, actor, redis, market
):
    publish(session, redis)
    ptag = tag_of(browser.get("/watchlist").get_data(as_text=True))
    service.add(session, actor, "GOOG")
    session.commit()
    text = poll(browser, ptag).get_data(as_text=True)
    assert 'hx-target="#watchlist"' in text
    assert "GOOG" in text


def test_without_redis_the_poll_still_answers(browser, session, app, monkeypatch):
    monkeypatch.setitem(app.extensions, "redis", None)
    answer = poll(browser, "1.1")
    assert answer.status_code == 200
    assert "AAPL" in answer.get_data(as_text=True)


def test_polling_after_logout_leads_to_the_login(browser, session, redis, market):
    publish(session, redis)
    ptag = tag_of(browser.get("/watchlist").get_data(as_text=True))
    assert poll(browser, ptag).status_code == 304
    copied = browser.get_cookie("session").value
    browser.post("/logout", data={"csrf_token": csrf_token(browser, "/watchlist")})
    browser.set_cookie("session", copied)
    answer = poll(browser, ptag)
    assert answer.status_code == 200
    assert "/login" in answer.headers["HX-Redirect"]


def test_adding_without_scripts_and_with(browser):
    token = csrf_token(browser, "/watchlist")
    plain = browser.post("/watchlist/add", data={"symbol": "goog", "csrf_token": token})
    assert (plain.status_code, plain.headers["Location"]) == (303, "/watchlist")
    swapped = browser.post(
        "/watchlist/add", data={"symbol": "MSFT", "csrf_token": token}, headers=POLL
    )
    assert swapped.status_code == 200
    assert "MSFT" in swapped.get_data(as_text=True)


@pytest.mark.parametrize("symbol", ["", "São", "ZZZZZ", "NVDA", "x" * 300, "<script>"])
def test_a_symbol_that_cannot_be_watched_is_said_beside_what_was_typed(browser, symbol):
    token = csrf_token(browser, "/watchlist")
    answer = browser.post("/watchlist/add", data={"symbol": symbol, "csrf_token": token})
    assert 400 <= answer.status_code < 500
    text = answer.get_data(as_text=True)
    assert 'role="alert"' in text
    assert "<script>" not in text


def test_removing_and_editing(browser, session, actor):
    token = csrf_token(browser, "/watchlist")
    form = {"note": "n", "above": "1,200.50", "below": "", "move_pct": "5", "csrf_token": token}
    assert browser.post("/watchlist/IBM/edit", data=form).status_code == 303
    assert str(service.one(session, actor, "IBM").above) == "1200.500000"
    wrong = browser.post("/watchlist/IBM/edit", data=form | {"above": "1e400"})
    assert wrong.status_code == 422
    assert "1e400" in wrong.get_data(as_text=True), "what was typed is kept"
    assert browser.post("/watchlist/IBM/remove", data={"csrf_token": token}).status_code == 303
    session.expire_all()
    assert [row.symbol for row in service.show(session, actor).rows] == ["AAPL"]
