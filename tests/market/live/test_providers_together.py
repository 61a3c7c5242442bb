"""Several providers for one series: compared before they meet, named on every row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.calendar import xnys
from stocksite.core.errors import InvalidInput, NotFound
from stocksite.market.providers.errors import (
    MalformedPayload,
    ProviderError,
    QuotaExhausted,
)
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.service import reviewing
from stocksite.market.service.fetching import fetch_history
from tests.emulator import Emulator
from tests.market.live.conftest import ALPHA_KEY, MASSIVE_KEY, MakeDesk, bars_of, count

FIRST, LAST = date(2010, 3, 3), date(2012, 3, 1)
ADMIN = Actor(1, "admin", is_admin=True)
ANYBODY = Actor(2, "somebody", is_admin=False)
ONCE = Manners(interactive=True, retries=0)
CRASH = date(2000, 9, 29)
PRICES = ("open", "high", "low", "close")


def expected(emulator: Emulator, symbol: str, first: date = FIRST) -> dict[date, Any]:
    rows = [row for row in emulator.world.closed_rows(symbol) if row.day >= first]
    return {row.day: (row.open, row.high, row.low, row.close) for row in rows}


def prices(session: Session, symbol: str) -> dict[date, Any]:
    return {day: bar[:4] for day, bar in bars_of(session, symbol).items()}


def test_another_provider_continues_the_series_after_a_comparison(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    fetch_history(make_desk(), "IBM")
    emulator.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    emulator.fault("massive_plan", provider="massive")
    report = fetch_history(make_desk(ONCE), "IBM")
    assert (report.provider, report.new_bars) == ("yahoo", 2)
    sources = [bar[5] for bar in bars_of(live, "IBM").values()]
    assert sources == ["massive"] * 505 + ["yahoo"] * 2
    assert count(live, "provider_fetch", "outcome = 'NotEntitled'") == 1


def test_one_that_differs_is_not_spliced(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    fetch_history(make_desk(), "IBM")
    emulator.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    security = emulator.world.securities["IBM"]
    security.rows = [
        replace(row, **{name: round(getattr(row, name) * 1.01, 2) for name in PRICES})
        for row in security.rows
    ]
    with pytest.raises(MalformedPayload, match="differ"):
        fetch_history(make_desk(ONCE), "IBM")
    assert {bar[5] for bar in bars_of(live, "IBM").values()} == {"massive"}
    assert len(bars_of(live, "IBM")) == 505


def test_alpha_vantage_steps_in_with_what_it_has(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk(massive_api_key=None, yahoo_enabled=False)
    report = fetch_history(desk, "IBM")
    assert (report.provider, report.new_bars, report.note) == (
        "alpha_vantage", 100, "only the last 100 sessions",
    )  # fmt: skip
    # Later a provider with more fills in what came before.
    desk = make_desk()
    assert fetch_history(desk, "IBM", force=True).new_bars == 405
    assert prices(live, "IBM") == expected(emulator, "IBM")


def test_with_every_budget_used_up_it_says_so_and_keeps_what_there_is(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    fetch_history(make_desk(), "IBM")
    emulator.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    desk = make_desk(ONCE, limits="1/day")
    answered = [fetch_history(desk, symbol).provider for symbol in ("MSFT", "GOOG", "IBM")]
    assert answered == ["massive", "yahoo", "alpha_vantage"]
    asked = len(emulator.journal)
    with pytest.raises(QuotaExhausted):
        fetch_history(desk, "AAPL")
    assert len(emulator.journal) == asked
    assert len(bars_of(live, "IBM")) == 507


def test_planted_keys_are_in_no_row(emulator: Emulator, make_desk: MakeDesk, live: Session) -> None:
    emulator.fault("av_daily_key", provider="alpha_vantage")
    emulator.fault("echo", provider="massive")
    emulator.fault("echo", provider="yahoo", code=500)
    with pytest.raises(ProviderError):
        fetch_history(make_desk(ONCE), "IBM")
    dump = str(live.execute(text("SELECT to_jsonb(f) FROM provider_fetch f")).all())
    assert count(live, "provider_fetch") == 3
    assert "[key]" in dump
    assert MASSIVE_KEY not in dump
    assert ALPHA_KEY not in dump


def test_purging_a_provider(emulator: Emulator, make_desk: MakeDesk, live: Session) -> None:
    fetch_history(make_desk(), "IBM")
    emulator.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    emulator.fault("massive_plan", provider="massive")
    fetch_history(make_desk(ONCE), "IBM")
    live.rollback()
    with pytest.raises(NotFound):
        reviewing.purge(live, ANYBODY, "massive")
    with pytest.raises(InvalidInput):
        reviewing.purge(live, ADMIN, "sample")
    assert reviewing.purge(live, ADMIN, "massive")["bar"] == 505
    live.commit()
    assert list(bars_of(live, "IBM")) == [date(2012, 3, 2), date(2012, 3, 5)]
    assert tuple(live.execute(text("SELECT first_bar, last_bar FROM stock")).one()) == (
        date(2012, 3, 2), date(2012, 3, 5),
    )  # fmt: skip


def test_all_sessions_are_there(emulator: Emulator, desk: Desk, live: Session) -> None:
    fetch_history(desk, "MSFT")
    assert list(bars_of(live, "MSFT")) == [s.date for s in xnys().between(FIRST, LAST)]
