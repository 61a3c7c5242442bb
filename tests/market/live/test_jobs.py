"""The jobs, run as the queue runs them: what their rows say, and what is there afterwards."""

from __future__ import annotations

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


def test_histories_that_cannot_be_had_do_not_stop_the_others(
    emulator: Emulator, live: Session
) -> None:
    emulator.fault("massive_limit", symbol="AAPL", times=1, retry_after=1)
    job = run(live, "fetch_histories", symbols=["NOSUCH", "AAPL", "IBM"])
    assert job.status == "done"
    assert len(bars_of(live, "AAPL")) == len(bars_of(live, "IBM")) == 505


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
    assert run(live, "refresh_companies").status == "done"
