"""History end to end: from the emulator through the gate into PostgreSQL, seen in the journal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.errors import Conflict, InvalidInput, NotFound
from stocksite.market.providers.base import Capability, Instrument
from stocksite.market.providers.errors import (
    MalformedPayload,
    NoProvider,
    ProviderError,
    UnknownSymbol,
)
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.service import reviewing
from stocksite.market.service.fetching import fetch_history
from tests.emulator import Emulator
from tests.market.live.conftest import MakeDesk, bars_of, count

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


def test_two_years_of_an_unknown_symbol_in_one_call(
    emulator: Emulator, desk: Desk, live: Session
) -> None:
    report = fetch_history(desk, "ibm")
    assert len(emulator.journal) == 1
    assert prices(live, "IBM") == expected(emulator, "IBM")
    assert (report.outcome, report.provider, report.new_bars) == ("fetched", "massive", 505)
    stock = live.execute(text("SELECT name, status, first_bar, last_bar FROM stock")).one()
    assert tuple(stock) == ("International Business Machines Corporation", "active", FIRST, LAST)
    quote = live.execute(text("SELECT price, session_date, source, delay, tick FROM quote")).one()
    assert (float(quote.price), *quote[1:]) == (
        emulator.world.closed_rows("IBM")[-1].close, LAST, "massive", "eod", 2,
    )  # fmt: skip


def test_every_bar_knows_where_it_came_from(emulator: Emulator, desk: Desk, live: Session) -> None:
    fetch_history(desk, "IBM")
    row = live.execute(
        text(
            "SELECT f.provider, f.basis, f.at, length(f.payload_hash) AS n, f.accepted, "
            "count(*) AS bars FROM bar b JOIN provider_fetch f ON f.id = b.fetch_id "
            "GROUP BY f.id"
        )
    ).one()
    assert tuple(row) == ("massive", "raw", emulator.world.now, 64, 505, 505)


def test_what_is_current_is_not_fetched_again(
    emulator: Emulator, desk: Desk, live: Session
) -> None:
    fetch_history(desk, "IBM")
    assert fetch_history(desk, "IBM").outcome == "current"
    emulator.world.now = datetime(2012, 3, 2, 21, 10, tzinfo=UTC)
    assert fetch_history(desk, "IBM").outcome == "current"
    assert len(emulator.journal) == 1


def test_the_next_day_only_the_rest_is_fetched(
    emulator: Emulator, desk: Desk, live: Session
) -> None:
    fetch_history(desk, "IBM")
    emulator.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    assert fetch_history(desk, "IBM").new_bars == 2
    assert emulator.journal[-1].path.endswith("/2012-01-26/2012-03-05")
    assert prices(live, "IBM") == expected(emulator, "IBM")


@pytest.mark.parametrize("symbol", ["NOSUCH", "TRUE", "NA", "NULL"])
def test_a_symbol_nobody_knows(emulator: Emulator, desk: Desk, live: Session, symbol: str) -> None:
    with pytest.raises(UnknownSymbol):
        fetch_history(desk, symbol)
    assert count(live, "stock") == 0


@pytest.mark.parametrize("symbol", ["São", "\U0001f680", "X" * 200, "", "  ", "../../x", "A\x00"])
def test_what_is_no_symbol_is_told_before_anybody_is_asked(
    emulator: Emulator, desk: Desk, live: Session, symbol: str
) -> None:
    with pytest.raises(InvalidInput):
        fetch_history(desk, symbol)
    assert emulator.journal == []


@pytest.mark.parametrize("symbol", ["brk.b", "BRK-B", "BRK/B", "BRK.B"])
def test_class_shares_are_one_symbol_however_written(
    emulator: Emulator, desk: Desk, live: Session, symbol: str
) -> None:
    emulator.world.add("BRK.B")
    assert fetch_history(desk, symbol).symbol == "BRK.B"
    assert "/BRK.B/" in emulator.journal[0].path


def test_an_index_is_only_yahoos_and_a_foreign_listing_nobodys(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    emulator.world.add("^GSPC")
    assert fetch_history(make_desk(), "^GSPC").provider == "yahoo"
    with pytest.raises(NoProvider, match=r"\^GSPC"):
        fetch_history(make_desk(yahoo_enabled=False), "^GSPC", force=True)
    with pytest.raises(NoProvider, match=r"005930\.KS"):
        fetch_history(make_desk(), "005930.KS")


# --- lies


LIES = [
    "high_below_low", "zero_price", "negative_price", "text_price", "times_1000", "weekend",
    "negative_volume", "contradiction", "jump", "future", "unordered", "duplicate",
    "missing_session",
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_is_ever_stored(
    emulator: Emulator, make_desk: MakeDesk, live: Session, lie: str
) -> None:
    desk = make_desk(yahoo_enabled=False)
    emulator.fault(lie, provider="massive", symbol="IBM")
    fetch_history(desk, "IBM")
    truth = expected(emulator, "IBM")
    stored = prices(live, "IBM")
    assert len(stored) >= len(truth) - 20
    assert {day: bar for day, bar in stored.items() if truth.get(day) != bar} == {}
    short = {"jump": 20, "unordered": 0, "duplicate": 0, "future": 0}.get(lie, 1)
    assert len(truth) - len(stored) == short


def test_another_stocks_answer_is_not_taken(emulator: Emulator, desk: Desk, live: Session) -> None:
    emulator.fault("other_symbol", of="MSFT")
    with pytest.raises(ProviderError, match="asked was IBM"):
        fetch_history(desk, "IBM")
    for source in desk.chain.candidates(Capability.QUOTE):
        with pytest.raises(MalformedPayload, match="asked was IBM"):
            source.quote(Instrument("IBM"))  # type: ignore[attr-defined]
    assert count(live, "bar") == count(live, "quote") == 0


@pytest.mark.parametrize(
    "fault", ["hang", "trickle", "cut", "html_as_json", "bomb", "not_a_number", "redirect_away"]
)
def test_garbage_leaves_no_row_and_what_was_there(
    emulator: Emulator, make_desk: MakeDesk, live: Session, fault: str
) -> None:
    fetch_history(make_desk(), "IBM")
    before = bars_of(live, "IBM")
    emulator.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    emulator.fault(fault)
    with pytest.raises(ProviderError):
        fetch_history(make_desk(ONCE), "IBM")
    assert bars_of(live, "IBM") == before
    assert count(live, "quote", "price > 0") == 1
    assert count(live, "provider_fetch", "outcome <> 'ok'") >= 2


def test_a_gap_is_listed_and_closed_when_its_bar_comes(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk()
    emulator.fault("missing_session", provider="massive")
    missing = emulator.world.closed_rows("IBM")[-6].day
    assert fetch_history(desk, "IBM").gaps == 1
    assert count(live, "bar_gap", f"date = '{missing}'") == 1
    emulator.heal()
    fetch_history(desk, "IBM", force=True)
    assert count(live, "bar_gap") == 0
    assert missing in bars_of(live, "IBM")


# --- moves


@pytest.fixture
def crash(emulator: Emulator) -> Emulator:
    emulator.world.now = datetime(2000, 11, 1, 23, 0, tzinfo=UTC)
    return emulator


def test_the_real_crash_is_confirmed_by_a_second_provider(
    crash: Emulator, desk: Desk, live: Session
) -> None:
    report = fetch_history(desk, "AAPL")
    assert (report.held, report.provider) == (0, "massive")
    assert prices(live, "AAPL") == expected(crash, "AAPL", date(2000, 3, 1))
    assert count(live, "corporate_action", "kind = 'split'") == 1
    assert [entry.provider for entry in crash.journal] == [*["massive"] * 3, "yahoo"]


def test_alone_it_waits_for_an_administrator(
    crash: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk(yahoo_enabled=False, alpha_vantage_api_key=None)
    report = fetch_history(desk, "AAPL")
    assert report.held == len(expected(crash, "AAPL", CRASH))
    assert max(bars_of(live, "AAPL")) == date(2000, 9, 28)
    with pytest.raises(NotFound):
        reviewing.pending(live, ANYBODY)
    waiting = reviewing.pending(live, ADMIN)
    assert (waiting[0].symbol, waiting[0].date, waiting[0].hint) == (
        "AAPL", CRASH, "like a 2:1 split",
    )  # fmt: skip
    with pytest.raises(NotFound):
        reviewing.confirm(live, ANYBODY, waiting[0].id, crash.world.now)
    decision = reviewing.confirm(live, ADMIN, waiting[0].id, crash.world.now)
    assert (decision.released, decision.waiting) == (report.held, 0)
    live.commit()
    assert prices(live, "AAPL") == expected(crash, "AAPL", date(2000, 3, 1))
    with pytest.raises(Conflict):
        reviewing.confirm(live, ADMIN, waiting[0].id, crash.world.now)
    assert count(live, "bar", "fetch_id IS NULL") == 0


def test_a_rejected_bar_stays_out_for_good(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk(yahoo_enabled=False, alpha_vantage_api_key=None)
    emulator.fault("times_1000", provider="massive")
    fetch_history(desk, "IBM")
    held = reviewing.pending(live, ADMIN)[0]
    reviewing.reject(live, ADMIN, held.id, emulator.world.now)
    live.commit()
    fetch_history(desk, "IBM", force=True)
    assert reviewing.pending(live, ADMIN) == []
    assert held.date not in bars_of(live, "IBM")


def test_an_unannounced_split_stays_out_though_every_provider_shows_it(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    emulator.fault("jump", symbol="IBM")
    report = fetch_history(make_desk(), "IBM")
    assert report.held == 20
    assert min(bar[3] for bar in bars_of(live, "IBM").values()) > 100


def test_it_comes_in_when_the_split_is_announced(
    emulator: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    from stocksite.market.service.company import refresh_actions

    desk = make_desk(yahoo_enabled=False)
    emulator.fault("jump", provider="massive", symbol="IBM")
    fetch_history(desk, "IBM")
    assert count(live, "quarantined_bar") == 20
    day = emulator.world.closed_rows("IBM")[-20].day
    emulator.world.securities["IBM"].splits = [(day, 10, 1)]
    refresh_actions(desk, "IBM")
    assert count(live, "quarantined_bar") == 0
    assert len(bars_of(live, "IBM")) == 505
    assert bars_of(live, "IBM")[day][3] < 30
