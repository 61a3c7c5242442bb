"""MarketWatch: found by labels, currencies right, a bot check believed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from stocksite.market.providers.base import Capability, Instrument
from stocksite.market.providers.errors import (
    BotChallenge,
    CircuitOpen,
    MalformedPayload,
    ProviderError,
    UnknownSymbol,
    UpstreamUnavailable,
)
from stocksite.market.providers.setup import Desk
from tests.emulator import Emulator
from tests.emulator.marketwatch import COMPETITORS

IBM = Instrument("IBM")


@pytest.fixture
def source(desk: Desk) -> Any:
    return desk.chain.sources["marketwatch"]


def test_both_blocks_come_from_one_page(emulator: Emulator, source: Any) -> None:
    figures = source.performance(IBM)
    assert (figures.five_days, figures.one_month) == (Decimal("-1.53"), Decimal("3.10"))
    assert (figures.three_months, figures.year_to_date) == (None, Decimal("1204.75"))
    assert figures.one_year == Decimal("36.04")
    assert len(source.peers(IBM)) == len(COMPETITORS)
    assert [entry.path for entry in emulator.journal] == ["/investing/stock/ibm"]


def test_competitors_with_their_currencies(source: Any) -> None:
    peers = {peer.name: peer for peer in source.peers(IBM)}
    caps = {
        name: (peer.market_cap.currency, f"{peer.market_cap.value:f}") if peer.market_cap else None
        for name, peer in peers.items()
    }
    assert caps == {
        "Other Group Ltd.": ("HKD", "121940000000"),
        "Formosa Machines": ("TWD", "111190000000"),
        "Hanguk Electronics": ("KRW", "387040000000000"),
        "Tokyo Kogyo": ("JPY", "22550000000000"),
        "Beijing Works": ("CNY", "1200000000000"),
        "Bharat Systems": ("INR", "65650000000"),
        "Rhein AG": ("EUR", "290730000000"),
        "Plain Corp.": ("USD", "26200000000"),
        "Silent Inc.": None,
        "Blank Inc.": None,
    }
    assert peers["Plain Corp."].symbol == "PLC"
    assert peers["Other Group Ltd."].symbol == ""


def test_no_table_means_no_competitors(emulator: Emulator, source: Any) -> None:
    emulator.fault("mw_no_competitors")
    assert source.peers(IBM) == []


def test_a_page_of_a_megabyte(emulator: Emulator, source: Any) -> None:
    emulator.fault("mw_huge")
    assert len(source.peers(IBM)) == len(COMPETITORS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("mw_login", MalformedPayload),
        ("mw_empty", MalformedPayload),
        ("wrong_symbol", MalformedPayload),
        ("mw_unknown", UnknownSymbol),
        ("redirect_loop", UpstreamUnavailable),
        ("redirect_away", UpstreamUnavailable),
    ],
)
def test_pages_that_are_not_the_page(
    emulator: Emulator, source: Any, fault: str, kind: type[ProviderError]
) -> None:
    emulator.fault(fault)
    with pytest.raises(kind):
        source.performance(IBM)


def test_a_redirect_loop_ends_after_three(emulator: Emulator, source: Any) -> None:
    emulator.fault("redirect_loop")
    source._send.manners = source._send.manners.__class__(interactive=True, retries=0)
    with pytest.raises(UpstreamUnavailable):
        source.performance(IBM)
    assert len(emulator.journal) == 4


CHALLENGES = [
    "mw_forbidden",
    *(f"mw_challenge_{form}_{status}" for form in "ab" for status in (401, 403, 200)),
]


@pytest.mark.parametrize("fault", CHALLENGES)
def test_a_bot_check_opens_the_breaker_for_hours(
    emulator: Emulator, desk: Desk, fault: str
) -> None:
    emulator.fault(fault)
    for kind in (BotChallenge, CircuitOpen, CircuitOpen):
        with pytest.raises(kind) as caught:
            desk.chain.ask(Capability.PERFORMANCE, lambda p: p.performance(IBM), IBM)
    assert len(emulator.journal) == 1
    assert 11.9 * 3600 < (caught.value.retry_after_s or 0) <= 12 * 3600


def test_nothing_pretends_to_be_a_browser(emulator: Emulator, source: Any) -> None:
    source.performance(IBM)
    agent = emulator.journal[0].headers["User-Agent"]
    assert agent.startswith("stocksite")
    assert "Mozilla" not in agent
    assert "Cookie" not in emulator.journal[0].headers
