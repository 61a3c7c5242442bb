"""What explaining performance costs: the page of a long history, its making, a split for many.

One portfolio has 20,000 transactions in 200 stocks over ten years. A worker computes its figures
after each close and keeps them in Redis; the page is drawn from them once and then kept as well.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import date

from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import data
from benchmarks.browser import Browser
from benchmarks.figures import Figure
from benchmarks.place import Place
from stocksite.core.actor import Actor
from stocksite.core.calendar import xnys
from stocksite.market.service import clock
from stocksite.portfolios.corporate import Action, session_of
from stocksite.portfolios.periods import Span
from stocksite.portfolios.service import kept_figures, rebuilding, settling

PERSON = "historian"
BOOK = 900_002
STOCKS, TRANSACTIONS, YEARS = 200, 20_000, 10
FIRST, LAST = date(2000, 3, 1), date(2010, 3, 1)
ROUNDS = 9

_BOOK = """
INSERT INTO portfolio (id, user_id, name, description, starting_cash, cost_method, execution,
                       commission_pct, commission_per_trade, is_default, created_at, cash, reserved,
                       net_deposits, realized_pnl, income, fees_charged, benchmark)
OVERRIDING SYSTEM VALUE
VALUES (:book, :user_id, 'A long history', '', 100000, 'average', 'next_quote', 0, 0, false,
        '2000-03-01 14:00+00', 0, 0, 100000, 0, 0, 0, 'IBM')
"""
_DEPOSIT = """
INSERT INTO transaction (portfolio_id, type, quantity, fees, cash_amount, realized_pnl,
                         executed_at, recorded_at, note)
VALUES (:book, 'deposit', 0, 0, 100000, 0, '2000-03-01 14:30+00', now(), '')
"""
_TRADES = """
INSERT INTO transaction (portfolio_id, type, stock_id, quantity, price, fees, cash_amount,
                         realized_pnl, executed_at, recorded_at, note)
SELECT :book, CASE WHEN n / :stocks % 2 = 0 THEN 'buy' ELSE 'sell' END, s.id, 1, 50, 0,
       CASE WHEN n / :stocks % 2 = 0 THEN -50 ELSE 50 END, 0,
       timestamptz '2000-03-02 15:00+00' + n * interval '10 years' / :trades, now(), ''
FROM generate_series(0, :trades - 1) n
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS turn FROM stock
      WHERE symbol LIKE 'BENCH%') s ON s.turn = n % :stocks
ORDER BY n
"""


def figures(place: Place) -> Iterator[Figure]:
    """The worker's job, the page kept and drawn anew, the JSON, a split of 10,000 holders."""
    _history(place)
    began = time.perf_counter()
    with Session(place.engine) as session:
        rows = rebuilding.rebuild(session, BOOK, LAST)
        session.commit()
    note = f"{rows:,} days from {TRANSACTIONS:,} transactions in {STOCKS} stocks, in a worker"
    yield Figure("rebuild of ten years", time.perf_counter() - began, "s", None, note)
    yield from _pages(place)
    yield from _split(place)


def _history(place: Place) -> None:
    data.stocks(place.engine, STOCKS)
    user_id = data.person(place.engine, PERSON)
    values = {"book": BOOK, "stocks": STOCKS, "trades": TRANSACTIONS - 1, "user_id": user_id}
    with place.engine.begin() as connection:
        for statement in (_BOOK, _DEPOSIT, _TRADES):
            connection.execute(text(statement), values)
    _tidy(place)


def _pages(place: Place) -> Iterator[Figure]:
    redis = Redis.from_url(place.redis_url)
    yield _job(place, redis)
    path = f"/portfolios/{BOOK}/performance"
    json = f"/api/portfolios/{BOOK}/performance/"
    hello_app, site_app = "benchmarks.apps:hello()", "benchmarks.apps:site()"
    with place.serve(hello_app) as bare, place.serve(site_app) as here:
        hello, browser = Browser(bare), Browser(here)
        browser.log_in(PERSON, data.PASSWORD)
        kept, drawn, told = [], [], []
        for _ in range(ROUNDS):
            base = _cost(hello, "/", 300)
            kept.append(_cost(browser, path, 40) / base)
            drawn.append(_cost(browser, path, 3, redis) / base)
            told.append(_cost(browser, json, 3) / base)
    what = f"{TRANSACTIONS:,} transactions, {STOCKS} symbols, {YEARS} years"
    yield Figure("performance page", statistics.median(kept), "× hello", 15.0, what)
    note = "from the figures that the worker kept"
    yield Figure("the same, once per close", statistics.median(drawn), "× hello", None, note)
    yield Figure("its JSON", statistics.median(told), "× hello", None, note)


def _job(place: Place, redis: Redis) -> Figure:
    """What the worker does after a close, or when the page is asked for first."""
    took = []
    with Session(place.engine) as session:
        user_id = session.scalar(text("SELECT user_id FROM portfolio WHERE id = :id"), {"id": BOOK})
        for _ in range(ROUNDS):
            redis.delete(*redis.keys(f"figures:{BOOK}:*") or ["none"])
            began = time.perf_counter()
            made = kept_figures.make(session, redis, Actor(user_id or 0, PERSON), BOOK, Span())
            took.append(time.perf_counter() - began)
            assert made
    [name] = redis.keys(f"figures:{BOOK}:*")
    note = f"kept as {redis.strlen(name) // 1000:,} kB, in a worker"
    return Figure("figures of ten years", statistics.median(took), "s", None, note)


def _cost(browser: Browser, path: str, requests: int, forget: Redis | None = None) -> float:
    """CPU seconds of one request, from the server's own meter; `forget` empties what is kept."""
    browser.send("GET", path)
    before = float(browser.send("GET", "/-/cpu").body)
    for _ in range(requests):
        if forget is not None:
            for name in forget.scan_iter("kept:*"):
                forget.delete(name)
        answer = browser.send("GET", path)
        if answer.status != 200 or "figures-waiting" in str(answer.body):
            raise RuntimeError(f"{path} answered {answer.status}, or without its figures")
    return (float(browser.send("GET", "/-/cpu").body) - before) / requests


def _split(place: Place) -> Iterator[Figure]:
    """A 2:1 split of a stock that 10,000 portfolios hold, rolled back."""
    holders = 10_000
    with place.engine.connect() as connection:
        there = connection.scalar(
            text("SELECT EXISTS (SELECT FROM portfolio WHERE id = :id)"), {"id": data.CROWD}
        )
    if not there:
        data.crowd(place.engine, holders, 10)
    with Session(place.engine) as session:
        stock = session.execute(
            text("SELECT id, symbol FROM stock WHERE symbol LIKE 'BENCH%' ORDER BY id LIMIT 1")
        ).one()
        today = clock.state(session).session_date
        assert today is not None
        action = Action(stock.id, stock.symbol, "split", today, (2, 1))
        ids = range(data.CROWD, data.CROWD + holders)
        began = time.perf_counter()
        settling.lock(session, ids)
        touched = settling.settle(session, action, settling.holders(session, action, ids))
        took = time.perf_counter() - began
        assert touched == holders, f"{touched} of {holders}"
        session.rollback()
    note = f"at the open of {session_of(today, xnys()).date}, in the tick's transaction"
    yield Figure("split for 10,000 holders", took, "s", None, note)


def _tidy(place: Place) -> None:
    with place.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
