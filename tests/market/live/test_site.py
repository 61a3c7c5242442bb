"""The whole site on a live market: pages, API, queue and worker, with the emulator behind them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core import queue
from stocksite.core.calendar import xnys
from tests.emulator import Emulator
from tests.market.live.conftest import ALPHA_KEY, MASSIVE_KEY, Enter, Work, count, recent

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def page(browser: FlaskClient, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    body = answer.get_data(as_text=True)
    assert answer.status_code == status, body[:1500]
    return body


def start(live: Session, name: str) -> None:
    """Hand a job of the market to the queue, as the clock would."""
    live.rollback()
    queue.enqueue(live, f"stocksite.market.jobs.{name}", queue="market")
    live.commit()


def test_an_unknown_symbol_is_answered_at_once_and_fills_in(
    emulator: Emulator, live: Session, enter: Enter, work: Work
) -> None:
    ada, bob = enter(), enter("bob")
    assert ada.get("/stocks/acme").headers["Location"] == "/stocks/ACME"
    loading = page(ada, "/stocks/ACME")
    poll = re.search(r'hx-get="(/stocks/ACME/loading\?job=\w+)"', loading)
    assert poll
    api = bob.get("/api/stocks/acme/")
    assert api.status_code == 202
    assert api.json["job"] in poll[1]
    assert bob.get(api.headers["Location"]).json["status"] == "queued"
    assert bob.get(poll[1], headers=PARTIAL).status_code == 200
    assert emulator.journal == [], "a web request asked a provider"

    work()

    done = ada.get(poll[1], headers=PARTIAL)
    assert done.headers["HX-Redirect"] == "/stocks/ACME"
    filled = page(ada, "/stocks/ACME")
    last = emulator.world.closed_rows("ACME")[-1]
    assert f"{last.close:,.2f}" in filled
    assert "Massive, close of the session" in filled
    assert "Stale, last price" not in filled
    assert "Acme Anvils" in filled

    first, again = bob.get("/api/stocks/ACME/"), ada.get("/api/stocks/acme/")
    assert [first.headers["X-Cache"], again.headers["X-Cache"]] == ["miss", "hit"]
    assert first.json == again.json
    assert first.json["stock_values"]["close"] == pytest.approx(last.close)
    caps = [rival["market_cap"] for rival in first.json["competitors"]]
    assert {"currency": "HKD", "value": 121.94e9} in caps
    for words in ("HKD 122B", "TWD 111B", "KRW 387T", "JPY 22.6T", "computed from the daily"):
        assert words in filled, words
    live.execute(text("UPDATE company_profile SET homepage = 'javascript:alert(1)'"))
    live.commit()
    assert "javascript:" not in page(ada, "/stocks/ACME")
    metrics = page(ada, "/metrics")
    assert 'stocksite_stock_cache_total{result="hit"} 1' in metrics
    assert len(emulator.requests(symbol="ACME", provider="massive")) == 4


def test_a_symbol_nobody_knows_ends_in_a_clear_answer(
    live: Session, enter: Enter, work: Work
) -> None:
    ada = enter()
    loading = page(ada, "/stocks/NOSUCH")
    poll = re.search(r'hx-get="(/stocks/NOSUCH/loading\?job=\w+)"', loading)
    assert poll
    work()
    ended = ada.get(poll[1], headers=PARTIAL).get_data(as_text=True)
    assert "No provider has prices of NOSUCH" in ended
    assert "hx-trigger" not in ended
    assert "No stock has the symbol NOSUCH" in page(ada, "/stocks/NOSUCH", 404)
    assert ada.get("/api/stocks/NOSUCH/").status_code == 404
    assert count(live, "stock") == 0


def test_an_outage_shows_the_last_good_price_as_stale(
    emulator: Emulator, live: Session, enter: Enter, work: Work, today: date
) -> None:
    ada = enter()
    old = xnys().between(today - timedelta(days=20), today - timedelta(days=7))[-1].date
    emulator.world.add("ACME", rows=recent("IBM", old))
    page(ada, "/stocks/ACME")
    work()
    emulator.fault("status", code=503)
    start(live, "refresh_quotes")
    start(live, "refresh_sessions")
    work()
    last = emulator.world.closed_rows("ACME")[-1]
    shown = page(ada, "/stocks/ACME")
    assert f"{last.close:,.2f}" in shown
    assert "Stale, last price" in shown
    quote = ada.get("/api/stocks/ACME/quote/").json
    assert (float(quote["price"]), quote["stale"]) == (last.close, True)
    assert quote["session_date"] == str(old)
    for path in ("/stocks/", "/watchlist", "/dashboard", "/stocks/ACME/chart"):
        page(ada, path)


@pytest.mark.parametrize("fault", ["echo", "hang", "trickle", "jump", "zero_price", "html_as_json"])
def test_whatever_providers_do_no_bad_row_and_no_key_comes_of_it(
    fault: str, emulator: Emulator, live: Session, enter: Enter, work: Work
) -> None:
    root = enter("root", admin=True)
    emulator.fault("av_daily_key", provider="alpha_vantage")
    emulator.fault(fault, provider="massive", **({"seconds": 30} if fault == "hang" else {}))
    emulator.fault("yahoo_429", provider="yahoo")
    page(root, "/stocks/ACME")
    logged = work()
    shown = [page(root, path) for path in ("/stocks/ACME", "/admin/providers", "/admin/quarantine")]
    rows = live.execute(text("SELECT open, high, low, close FROM bar")).all()
    known = {float(str(row.close)) for row in emulator.world.securities["ACME"].rows}
    assert all(row.close in known and row.low > 0 for row in rows)
    stored = [
        str(row)
        for table in live.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname='public'"))
        for row in live.scalars(text(f'SELECT t::text FROM "{table}" t'))
    ]
    kept = [str(value) for value in _everything(root)]
    for words in (logged, *shown, *stored, *kept):
        assert MASSIVE_KEY not in words
        assert ALPHA_KEY not in words


def _everything(browser: FlaskClient) -> list[Any]:
    """What lies in Redis."""
    redis: Redis = browser.application.extensions["redis"]
    found = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        read = {b"string": redis.get, b"hash": redis.hgetall, b"set": redis.smembers}.get(kind)
        found += [key, read(key) if read else redis.type(key)]
        if kind == b"list":
            found.append(redis.lrange(key, 0, -1))
    return found


@pytest.mark.parametrize(
    ("symbol", "status"),
    [
        ("brk.b", 202),
        ("BRK-B", 202),
        ("%5EGSPC", 202),
        ("005930.KS", 422),
        ("São", 422),
        ("\U0001f680", 422),
        ("X" * 200, 422),
        ("NULL", 202),
        ("TRUE", 202),
        ("..%2f..%2fetc", 404),
    ],
)
def test_every_symbol_gets_a_clear_answer(enter: Enter, symbol: str, status: int) -> None:
    ada = enter()
    api = ada.get(f"/api/stocks/{symbol}/")
    assert api.status_code == status, api.json
    assert "job" in api.json or api.json["detail"].endswith(".")
    web = ada.get(f"/stocks/{symbol}", follow_redirects=True)
    assert web.status_code == {202: 200}.get(status, status)
