"""The jobs, run as the queue runs them: what their rows say, and what is there afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core import queue
from stocksite.market import jobs
from stocksite.market.providers import setup
from stocksite.market.service import requesting
from tests.emulator import Emulator
from tests.market.live.conftest import (
    ALPHA_KEY,
    MASSIVE_KEY,
    SETTINGS,
    bars_of,
    count,
)


@pytest.fixture(autouse=True)
def wired(
    emulator: Emulator, valkey: Redis, live: Session, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Settings that lead to the emulator, as the environment would give them."""
    settings = replace(SETTINGS, **emulator.settings())  # type: ignore[arg-type]
    opened = setup.open_desk
    monkeypatch.setattr(jobs, "_settings", lambda: settings)
    monkeypatch.setattr(
        jobs, "open_desk",
        lambda s, r, m: opened(s, r, replace(m, backoff_s=0.01), now=lambda: emulator.world.now),
    )  # fmt: skip
    live.execute(text("TRUNCATE job CASCADE"))
    live.commit()
    monkeypatch.setattr(queue, "_redis", valkey)
    yield
    live.rollback()


def run(session: Session, name: str, **arguments: Any) -> Any:
    session.rollback()
    job = queue.enqueue(session, f"stocksite.market.jobs.{name}", arguments)
    session.commit()
    assert job is not None
    queue.run(job)
    return row(session, job)


def row(session: Session, job: str) -> Any:
    session.rollback()
    return session.execute(text("SELECT * FROM job WHERE id = :id"), {"id": job}).one()


def test_an_unknown_page_fills_in(emulator: Emulator, live: Session) -> None:
    job = run(live, "add_stock", symbol="MSFT")
    assert (job.status, job.progress) == ("done", 1.0)
    assert len(bars_of(live, "MSFT")) == 505
    assert count(live, "company_profile") == count(live, "quote") == 1
    assert count(live, "competitor") == 10
    # One history, splits and dividends, a profile; competitors from one page.
    assert [e.provider for e in emulator.journal] == ["massive"] * 4 + ["marketwatch"]


def test_a_second_job_for_the_same_page_asks_nobody(emulator: Emulator, live: Session) -> None:
    run(live, "add_stock", symbol="MSFT")
    asked = len(emulator.journal)
    assert run(live, "add_stock", symbol="msft").status == "done"
    assert len(emulator.journal) == asked


def test_a_symbol_nobody_knows_ends_in_a_sentence(emulator: Emulator, live: Session) -> None:
    job = run(live, "add_stock", symbol="NOSUCH")
    assert job.status == "done"
    assert count(live, "stock") == 0


def test_no_key_in_a_failed_job(emulator: Emulator, live: Session) -> None:
    emulator.fault("av_daily_key", provider="alpha_vantage")
    emulator.fault("echo")
    for _ in range(3):
        job = run(live, "add_stock", symbol="IBM")
    dump = str(tuple(job))
    assert job.status == "queued"
    assert "Error" in job.message or "massive" in job.message
    assert MASSIVE_KEY not in dump
    assert ALPHA_KEY not in dump


def test_the_day_after(emulator: Emulator, live: Session) -> None:
    for symbol in ("IBM", "MSFT"):
        run(live, "add_stock", symbol=symbol)
    emulator.world.now = datetime(2012, 3, 6, 22, tzinfo=UTC)
    emulator.journal.clear()
    assert run(live, "refresh_sessions").status == "done"
    assert [entry.path.rpartition("/")[2] for entry in emulator.journal] == [
        "2012-03-02",
        "2012-03-05",
        "2012-03-06",
    ]
    assert len(bars_of(live, "IBM")) == len(bars_of(live, "MSFT")) == 508


def test_a_stock_that_has_to_wait_waits_in_the_queue(
    emulator: Emulator, live: Session, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Yahoo's history reaches as far back: with it nobody would have to wait.
    only = replace(SETTINGS, **emulator.settings(), yahoo_enabled=False)  # type: ignore[arg-type]
    monkeypatch.setattr(jobs, "_settings", lambda: only)
    setup.open_desk(only, valkey).governor.refuse(setup.accounts(only)[1], "full", 60)
    emulator.fault("massive_limit", symbol="AAPL", times=1, retry_after=30)
    job = run(live, "add_stock", symbol="AAPL")
    assert (job.status, job.attempts) == ("queued", 0)
    assert "Massive answers only so many requests" in job.message
    asked = len(emulator.requests(provider="massive"))
    queue.run(job.id)  # as the sweep does; too early
    assert row(live, job.id).status == "queued"
    assert len(emulator.requests(provider="massive")) == asked
    valkey.flushdb()  # half a minute later
    queue.run(job.id)
    assert row(live, job.id).status == "done"
    assert len(bars_of(live, "AAPL")) == 505


def test_others_histories_go_before_a_company(emulator: Emulator, live: Session) -> None:
    waiting = queue.enqueue(live, requesting.ADD_STOCK, {"symbol": "IBM"})
    live.commit()
    run(live, "add_stock", symbol="MSFT")
    assert [entry.provider for entry in emulator.journal] == ["massive"]
    assert waiting is not None
    queue.run(waiting)
    assert len(emulator.requests(symbol="IBM")) == 5
    assert run(live, "catch_up").status == "done"
    assert count(live, "company_profile") == 2
    asked = len(emulator.journal)
    assert run(live, "catch_up").status == "done"
    assert len(emulator.journal) == asked, "somebody was asked twice a day"


def test_a_stock_that_is_behind_is_caught_up_with(
    emulator: Emulator, live: Session, valkey: Redis
) -> None:
    for symbol in ("IBM", "MSFT", "AAPL"):
        run(live, "add_stock", symbol=symbol)
    for symbol in ("IBM", "AAPL"):
        live.execute(
            text(
                "DELETE FROM bar WHERE date > '2012-02-20' "
                "AND stock_id = (SELECT id FROM stock WHERE symbol = :symbol)"
            ),
            {"symbol": symbol},
        )
    live.commit()
    valkey.flushdb()  # nobody has just fetched them
    emulator.fault("status", symbol="AAPL", code=500)
    emulator.journal.clear()
    assert run(live, "catch_up").status == "done"
    assert len(bars_of(live, "IBM")) == 505
    assert len(bars_of(live, "AAPL")) < 505
    asked = len(emulator.requests(symbol="AAPL"))
    run(live, "catch_up")
    assert len(emulator.requests(symbol="AAPL")) == asked, "asked again within the hour"


def test_a_budget_that_is_used_up_stops_it_without_sleeping(
    emulator: Emulator, live: Session, valkey: Redis
) -> None:
    for symbol in ("IBM", "MSFT"):
        run(live, "add_stock", symbol=symbol)
    emulator.world.now = datetime(2012, 3, 2, 22, tzinfo=UTC)
    emulator.journal.clear()
    run(live, "catch_up")
    assert emulator.requests("massive") == [], "the grouped call brings it"
    emulator.world.now = datetime(2012, 3, 3, 2, tzinfo=UTC)
    for fault in ("massive_limit", "yahoo_429", "av_daily"):
        emulator.fault(fault)
    began = time.monotonic()
    assert run(live, "catch_up").status == "done"
    assert time.monotonic() - began < 15
    assert len({entry.symbol for entry in emulator.journal}) == 1, "the rest would fare no better"
    emulator.heal()
    valkey.flushdb()
    run(live, "catch_up")
    assert len(bars_of(live, "IBM")) == len(bars_of(live, "MSFT")) == 506


def test_without_a_grouped_source_histories_are_fetched_one_by_one(
    emulator: Emulator, live: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = replace(SETTINGS, **emulator.settings(), massive_api_key=None)  # type: ignore[arg-type]
    monkeypatch.setattr(jobs, "_settings", lambda: alone)
    run(live, "add_stock", symbol="IBM")
    emulator.world.now = datetime(2012, 3, 2, 22, tzinfo=UTC)
    assert run(live, "refresh_sessions").status == "done"
    assert run(live, "catch_up").status == "done"
    assert max(bars_of(live, "IBM")).isoformat() == "2012-03-02"


def test_quotes(emulator: Emulator, live: Session) -> None:
    run(live, "add_stock", symbol="IBM")
    emulator.world.now = datetime(2012, 3, 2, 18, tzinfo=UTC)
    assert run(live, "refresh_quotes").status == "done"
    assert count(live, "quote", "source = 'yahoo' AND delay = 'delayed'") == 1


def test_an_exhausted_budget_is_no_failed_job(emulator: Emulator, live: Session) -> None:
    run(live, "add_stock", symbol="IBM")
    emulator.fault("av_daily")
    emulator.fault("yahoo_429")
    emulator.fault("massive_limit")
    assert run(live, "refresh_quotes").status == "done"
    assert run(live, "catch_up").status == "done"
