"""The daily refresh, quotes and companies: few calls, nothing implausible, currencies right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.errors import InvalidInput
from stocksite.market.providers.errors import ProviderError
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.service.company import refresh_actions
from stocksite.market.service.daily import fetch_session, sessions_due
from stocksite.market.service.fetching import fetch_history
from stocksite.market.service.quoting import refresh_quotes
from tests.emulator import Emulator
from tests.market.live.conftest import MakeDesk, count

ONCE = Manners(interactive=True, retries=0)
NEXT = datetime(2012, 3, 2, 22, 0, tzinfo=UTC)
OPEN = datetime(2012, 3, 2, 18, 0, tzinfo=UTC)
DAY = date(2012, 3, 2)
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")


@pytest.fixture
def market(emulator: Emulator, make_desk: MakeDesk, live: Session) -> Emulator:
    """Four tracked stocks with two years each; the next session is over; the journal empty."""
    desk = make_desk()
    for symbol in SYMBOLS:
        fetch_history(desk, symbol)
    emulator.world.now = NEXT
    emulator.journal.clear()
    return emulator


def closes(session: Session, day: date) -> dict[str, float]:
    session.rollback()
    rows = session.execute(
        text("SELECT symbol, close FROM bar JOIN stock s ON s.id = stock_id WHERE date = :day"),
        {"day": day},
    )
    return {row[0]: row[1] for row in rows}


def quote(session: Session, symbol: str) -> Any:
    session.rollback()
    return session.execute(
        text("SELECT q.* FROM quote q JOIN stock s ON s.id = stock_id WHERE s.symbol = :s"),
        {"s": symbol},
    ).one()


def test_one_call_refreshes_every_stock(market: Emulator, desk: Desk, live: Session) -> None:
    assert sessions_due(live, desk) == [DAY]
    report = fetch_session(desk)
    assert len(market.journal) == 1
    assert (report.new_bars, report.provider, report.needs_history) == (4, "massive", ())
    truth = {s: market.world.closed_rows(s)[-1].close for s in SYMBOLS}
    assert closes(live, DAY) == truth
    assert float(quote(live, "IBM").price) == truth["IBM"]
    before = market.world.closed_rows("IBM")[-2].close
    assert float(quote(live, "IBM").previous_close) == before
    assert fetch_session(desk).new_bars == 0
    assert len(market.journal) == 1
    assert sessions_due(live, desk) == []


def test_stocks_that_miss_more_are_sent_for_their_history(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    market.world.now = datetime(2012, 3, 5, 22, 0, tzinfo=UTC)
    report = fetch_session(make_desk(), date(2012, 3, 5))
    assert report.new_bars == 0
    assert report.needs_history == SYMBOLS


def test_another_providers_series_is_not_continued_by_the_way(
    market: Emulator, desk: Desk, live: Session
) -> None:
    live.execute(text("UPDATE bar SET source = 'yahoo' WHERE stock_id = (SELECT id FROM stock "
                      "WHERE symbol = 'IBM')"))  # fmt: skip
    live.commit()
    report = fetch_session(desk)
    assert (report.new_bars, report.needs_history) == (3, ("IBM",))


def test_a_jump_waits_and_a_lie_is_refused(market: Emulator, desk: Desk, live: Session) -> None:
    rows = market.world.securities["IBM"].rows
    i = next(i for i, row in enumerate(rows) if row.day == DAY)
    rows[i] = replace(rows[i], open=20.0, high=20.5, low=19.5, close=20.1)
    rows = market.world.securities["MSFT"].rows
    i = next(i for i, row in enumerate(rows) if row.day == DAY)
    rows[i] = replace(rows[i], high=1.0)
    report = fetch_session(desk)
    assert (report.held, report.refused, report.new_bars) == (("IBM",), ("MSFT",), 2)
    assert count(live, "quarantined_bar", "status = 'pending'") == 1
    assert quote(live, "IBM").session_date == date(2012, 3, 1)


def test_a_split_that_is_known_lets_its_day_in(market: Emulator, desk: Desk, live: Session) -> None:
    security = market.world.securities["IBM"]
    security.rows = [
        replace(r, **{n: round(getattr(r, n) / 2, 4) for n in ("open", "high", "low", "close")})
        if r.day >= DAY
        else r
        for r in security.rows
    ]
    security.splits = [(DAY, 2, 1)]
    refresh_actions(desk, "IBM")
    assert fetch_session(desk).held == ()
    before = market.world.closed_rows("IBM")[-2].close
    assert float(quote(live, "IBM").previous_close) == pytest.approx(float(str(before)) / 2)


@pytest.mark.parametrize("day", [date(2012, 3, 3), date(2012, 3, 5)])
def test_only_settled_sessions(desk: Desk, live: Session, day: date) -> None:
    with pytest.raises(InvalidInput):
        fetch_session(desk, day)


# --- quotes


def test_quotes_of_all_in_one_call(market: Emulator, desk: Desk, live: Session) -> None:
    market.world.now = OPEN
    report = refresh_quotes(desk)
    assert (report.stored, report.provider, len(market.journal)) == (4, "yahoo", 1)
    row = quote(live, "IBM")
    running = market.world.running_row("IBM")
    assert running is not None
    assert (float(row.price), row.session_date, row.delay) == (running.close, DAY, "delayed")
    assert row.as_of == OPEN
    assert float(row.previous_close) == market.world.closed_rows("IBM")[-1].close
    assert row.low <= row.price <= row.high


def test_only_a_change_moves_the_tick(market: Emulator, desk: Desk, live: Session) -> None:
    market.world.now = OPEN
    refresh_quotes(desk)
    before = quote(live, "IBM").tick
    refresh_quotes(desk, force=True)
    assert quote(live, "IBM").tick == before
    assert len(market.journal) == 2


def test_a_fresh_price_is_not_asked_for_again(market: Emulator, desk: Desk, live: Session) -> None:
    market.world.now = OPEN
    assert [refresh_quotes(desk).stored for _ in range(3)] == [4, 0, 0]
    market.world.now = OPEN.replace(minute=1)
    assert refresh_quotes(desk).stored == 4
    market.world.now = NEXT
    assert refresh_quotes(desk).stored == 4
    market.world.now = datetime(2012, 3, 4, 12, 0, tzinfo=UTC)
    assert refresh_quotes(desk).stored == 0
    assert len(market.journal) == 3


def test_a_small_budget_lasts_until_the_close(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk(Manners(), limits="100/day")
    market.world.now = OPEN
    stored = []
    for minute in (0, 1, 2, 3, 4):
        market.world.now = OPEN.replace(minute=minute)
        stored.append(refresh_quotes(desk).stored)
    # 100 less the reserve of 40 and less one: 59 over three hours, about every 180 s.
    assert stored == [4, 0, 0, 4, 0]


def test_an_end_of_day_source_is_asked_once_a_session(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk(ONCE, yahoo_enabled=False, massive_api_key=None)
    market.world.now = OPEN
    assert refresh_quotes(desk).stored == 0
    market.world.now = NEXT
    assert [refresh_quotes(desk).stored for _ in range(2)] == [4, 0]
    assert len(market.journal) == 4


def test_an_older_price_never_replaces_a_newer_one(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    market.world.now = OPEN
    refresh_quotes(make_desk())
    newer = quote(live, "IBM").price
    refresh_quotes(make_desk(yahoo_enabled=False), ["IBM"], force=True)
    assert {e.provider for e in market.journal} == {"yahoo", "alpha_vantage"}
    assert quote(live, "IBM").price == newer


@pytest.mark.parametrize("fault", ["hang", "status", "html_as_json", "not_a_number", "cut"])
def test_an_outage_keeps_the_last_good_price(
    market: Emulator, make_desk: MakeDesk, live: Session, fault: str
) -> None:
    market.world.now = OPEN
    before = tuple(quote(live, "IBM"))
    market.fault(fault)
    with pytest.raises(ProviderError):
        refresh_quotes(make_desk(ONCE))
    assert tuple(quote(live, "IBM")) == before


def test_an_implausible_price_needs_a_second_provider(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    market.world.now = OPEN
    good = market.world.securities["IBM"].rows
    market.world.securities["IBM"].rows = [
        replace(r, **{n: getattr(r, n) / 2 for n in ("open", "high", "low", "close")})
        if r.day == DAY
        else r
        for r in good
    ]
    report = refresh_quotes(make_desk(ONCE))
    assert report.implausible == ("IBM",)
    assert report.stored == 3
    assert quote(live, "IBM").session_date == date(2012, 3, 1)
    assert {e.provider for e in market.journal} == {"yahoo", "alpha_vantage"}


def test_without_a_bulk_source_the_budget_is_spent_one_by_one_and_no_further(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    desk = make_desk(ONCE, limits="3/day", yahoo_enabled=False, massive_api_key=None)
    report = refresh_quotes(desk)
    assert (report.stored, report.provider) == (3, "alpha_vantage")
    assert len(market.journal) == 3
