"""Asking for a stock answers at once: a job, nothing to do, or a clear no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core.errors import InvalidInput, NotFound, RuleViolation
from stocksite.market.providers.errors import ProviderError, UnknownSymbol
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from stocksite.market.service.companies import page_of
from stocksite.market.service.company import refresh_company
from stocksite.market.service.fetching import fetch_history
from stocksite.market.service.requesting import request_stock
from tests.emulator import Emulator
from tests.market.live.conftest import NOW, MakeDesk, count


@pytest.fixture(autouse=True)
def no_jobs(live: Session) -> None:
    live.execute(text("TRUNCATE job CASCADE"))
    live.commit()


def test_nobody_is_asked_and_everybody_gets_the_same_job(emulator: Emulator, live: Session) -> None:
    jobs = {request_stock(live, symbol, NOW) for symbol in ("ibm", "IBM", " Ibm ")}
    live.commit()
    assert len(jobs) == 1
    assert None not in jobs
    assert emulator.journal == []
    assert count(live, "job", 'arguments = \'{"symbol": "IBM"}\'') == 1


def test_a_tracked_stock_needs_no_job(desk: Desk, live: Session) -> None:
    fetch_history(desk, "IBM")
    live.rollback()
    assert request_stock(live, "IBM", NOW) is None


def test_an_explicit_absence_is_remembered_for_a_day(
    emulator: Emulator, desk: Desk, live: Session
) -> None:
    with pytest.raises(UnknownSymbol):
        fetch_history(desk, "NOSUCH")
    live.rollback()
    with pytest.raises(NotFound):
        request_stock(live, "nosuch", NOW + timedelta(hours=23))
    assert request_stock(live, "NOSUCH", NOW + timedelta(hours=25)) is not None


@pytest.mark.parametrize("fault", ["massive_limit", "status", "massive_missing", "hang"])
def test_a_limit_or_an_outage_is_no_absence(
    emulator: Emulator, make_desk: MakeDesk, live: Session, fault: str
) -> None:
    desk = make_desk(Manners(interactive=True, retries=0))
    emulator.fault(fault, provider="massive")
    emulator.fault("av_daily", provider="alpha_vantage")
    emulator.fault("yahoo_429", provider="yahoo")
    with pytest.raises(ProviderError) as caught:
        fetch_history(desk, "NOSUCH")
    assert not isinstance(caught.value, UnknownSymbol)
    live.rollback()
    assert request_stock(live, "NOSUCH", NOW) is not None


def test_what_cannot_be_asked_for(live: Session) -> None:
    with pytest.raises(RuleViolation, match="United States"):
        request_stock(live, "005930.KS", NOW)
    for wrong in ("São", "\U0001f680", "X" * 200, ""):
        with pytest.raises(InvalidInput):
            request_stock(live, wrong, NOW)


def test_a_company_is_read_as_it_was_stored(emulator: Emulator, desk: Desk, live: Session) -> None:
    fetch_history(desk, "IBM")
    refresh_company(desk, "IBM")
    live.rollback()
    fetch_history(desk, "MSFT")
    found = page_of(live, "ibm")
    profile, rivals = found.profile, found.competitors
    assert found.quote.symbol == "IBM"
    assert profile is not None
    assert (profile.source, profile.fetched_at, profile.employees) == ("massive", NOW, 1200)
    assert [rival.currency for rival in rivals[:4]] == ["HKD", "TWD", "KRW", "JPY"]
    bare = page_of(live, "MSFT")
    assert (bare.profile, bare.competitors) == (None, [])
    with pytest.raises(NotFound):
        page_of(live, "NOSUCH")
