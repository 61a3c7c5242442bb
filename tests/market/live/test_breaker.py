"""The breaker and the chain: who is asked, who is left alone, who answers in the end."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis import Redis

from stocksite.market.providers.base import Basis, Capability, Instrument
from stocksite.market.providers.errors import (
    BotChallenge,
    CircuitOpen,
    NoData,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
    UpstreamUnavailable,
)
from stocksite.market.providers.transport import Manners
from stocksite.market.traffic.breaker import Breaker, BreakerRules
from tests.emulator import Emulator
from tests.market.live.conftest import MakeDesk

IBM = Instrument("IBM")
OUTAGE = UpstreamUnavailable("massive", "down")


def test_it_opens_after_failures_and_closes_after_a_good_probe(
    emulator: Emulator, make_desk: MakeDesk
) -> None:
    desk = make_desk(
        Manners(interactive=True, retries=0), rules=BreakerRules(failures=3, open_s=0.3)
    )
    emulator.fault("status", provider="massive", code=503)

    def ask() -> Any:
        return desk.chain.ask(
            Capability.BULK_EOD, lambda p: p.grouped_daily(emulator.world.today, {"IBM"})
        )

    for _ in range(3):
        with pytest.raises(UpstreamUnavailable):
            ask()
    with pytest.raises(CircuitOpen):
        ask()
    assert len(emulator.journal) == 3
    assert desk.breaker.state("massive", "bulk_eod").state == "open"
    emulator.heal()
    time.sleep(0.35)
    assert desk.breaker.state("massive", "bulk_eod").state == "half-open"
    assert ask().provider == "massive"
    assert desk.breaker.state("massive", "bulk_eod").state == "closed"


def test_one_probe_at_a_time_and_a_bad_one_doubles_the_pause(valkey: Redis) -> None:
    breaker = Breaker(valkey, BreakerRules(failures=1, open_s=0.2))
    breaker.failed("massive", "quote", OUTAGE)
    time.sleep(0.25)
    breaker.check("massive", "quote")
    with pytest.raises(CircuitOpen):
        breaker.check("massive", "quote")
    breaker.failed("massive", "quote", OUTAGE)
    assert 0.3 < breaker.state("massive", "quote").opens_again_s <= 0.4


def test_other_capabilities_are_not_touched(valkey: Redis) -> None:
    breaker = Breaker(valkey, BreakerRules(failures=1))
    breaker.failed("massive", "quote", OUTAGE)
    breaker.check("massive", "daily_bars")
    breaker.check("yahoo", "quote")


def test_an_unknown_symbol_is_no_ill_health(valkey: Redis) -> None:
    breaker = Breaker(valkey, BreakerRules(failures=1))
    for error in (
        UnknownSymbol("massive"),
        NoData("massive"),
        RateLimited("massive"),
        QuotaExhausted("massive"),
    ):
        breaker.failed("massive", "quote", error)
    breaker.check("massive", "quote")


def test_a_challenge_lasts_hours_and_can_be_reset_by_hand(valkey: Redis) -> None:
    breaker = Breaker(valkey)
    breaker.failed("marketwatch", "peers", BotChallenge("marketwatch", "captcha"))
    state = breaker.state("marketwatch", "peers")
    assert (state.state, state.reason) == ("open", "marketwatch: captcha")
    assert state.opens_again_s > 11 * 3600
    breaker.reset("marketwatch", "peers")
    breaker.check("marketwatch", "peers")


def test_the_next_provider_is_asked_and_says_who_it_is(
    emulator: Emulator, make_desk: MakeDesk
) -> None:
    desk = make_desk(Manners(interactive=True, retries=0))
    emulator.fault("status", provider="massive", code=500)
    days = (emulator.world.closed_rows("IBM")[-20].day, emulator.world.today)
    asked = desk.chain.ask(
        Capability.DAILY_BARS, lambda p: p.daily_bars(IBM, *days, Basis.RAW), IBM
    )
    assert asked.provider == asked.value.provider == "yahoo"
    assert [failure.provider for failure in asked.failures] == ["massive"]


def test_unknown_only_when_nobody_might_know(emulator: Emulator, make_desk: MakeDesk) -> None:
    desk = make_desk(Manners(interactive=True, retries=0))
    nobody = Instrument("NOSUCH")

    def ask() -> Any:
        return desk.chain.ask(Capability.PROFILE, lambda p: p.profile(nobody), nobody)

    with pytest.raises(UnknownSymbol):
        ask()
    emulator.fault("av_daily", provider="alpha_vantage")
    with pytest.raises(QuotaExhausted):
        ask()
