"""Companies, splits and dividends, and the state of the providers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.market.providers.errors import ProviderError
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.service.company import refresh_actions, refresh_company
from stocksite.market.service.fetching import fetch_history
from stocksite.market.service.provider_status import statuses
from tests.emulator import Emulator
from tests.market.live.conftest import MASSIVE_KEY, MakeDesk, count

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


def test_profile_and_competitors(market: Emulator, desk: Desk, live: Session) -> None:
    report = refresh_company(desk, "IBM")
    assert (report.profile_from, report.peers_from, report.peers) == ("massive", "marketwatch", 10)
    live.rollback()
    rows = live.execute(text("SELECT name, currency, market_cap FROM competitor ORDER BY rank"))
    found = {row.name: (row.currency, row.market_cap) for row in rows}
    assert found["Other Group Ltd."] == ("HKD", Decimal("121940000000.00"))
    assert found["Beijing Works"] == ("CNY", Decimal("1200000000000.00"))
    assert found["Silent Inc."] == (None, None)
    stock = live.execute(text("SELECT exchange, sector FROM stock WHERE symbol = 'IBM'")).one()
    assert tuple(stock) == ("XNAS", "Electronic computers")


def test_behind_a_bot_check_related_companies_serve(
    market: Emulator, desk: Desk, live: Session
) -> None:
    market.fault("mw_challenge_b_403")
    market.world.securities["IBM"].peers = ["MSFT", "AAPL"]
    for _ in range(2):
        report = refresh_company(desk, "IBM")
        assert (report.peers_from, report.peers) == ("massive", 2)
    assert len(market.requests("marketwatch")) == 1
    live.rollback()
    rows = live.execute(text("SELECT symbol, name, currency, market_cap, source FROM competitor "
                             "ORDER BY rank")).all()  # fmt: skip
    assert tuple(rows[0]) == (
        "MSFT", "Microsoft Corporation", "USD", Decimal("350000000000.00"), "massive",
    )  # fmt: skip


def test_when_nobody_answers_what_is_stored_stays(
    market: Emulator, make_desk: MakeDesk, live: Session
) -> None:
    refresh_company(make_desk(), "IBM")
    market.fault("status", code=503)
    with pytest.raises(ProviderError):
        refresh_company(make_desk(ONCE), "IBM")
    assert count(live, "competitor") == 10
    assert count(live, "company_profile") == 1


def test_splits_and_dividends_are_stored_once(market: Emulator, desk: Desk, live: Session) -> None:
    first = refresh_actions(desk, "MSFT")
    assert first == 8
    assert refresh_actions(desk, "MSFT") == 0
    assert count(live, "corporate_action", "kind = 'dividend' AND amount > 0") == 8


def test_a_company_nobody_knows(desk: Desk, live: Session) -> None:
    with pytest.raises(ProviderError):
        refresh_company(desk, "NOSUCH")
    assert count(live, "stock") == 0


def test_the_state_of_the_providers(market: Emulator, make_desk: MakeDesk, live: Session) -> None:
    desk = make_desk(ONCE, limits="50/day")
    market.fault("mw_challenge_a_401")
    market.fault("echo", provider="massive", code=500)
    refresh_company(desk, "IBM")
    live.rollback()
    found = {status.name: status for status in statuses(live, desk)}
    assert set(found) == {"massive", "yahoo", "alpha_vantage", "marketwatch"}
    watch = found["marketwatch"]
    peers = next(c for c in watch.capabilities if c.name == "peers").breaker
    assert peers is not None
    assert (watch.state, peers.state, watch.has_key) == ("broken", "open", False)
    assert watch.last_error.startswith("BotChallenge: it asks for a human")
    massive = found["massive"]
    assert massive.last_error.startswith("UpstreamUnavailable")
    assert MASSIVE_KEY not in repr(found)
    assert massive.budgets[0].left == 48
    assert found["alpha_vantage"].state == "ok"
