"""Declared capabilities are true, the sample is one more provider, settings decide who is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from redis import Redis

from stocksite.market.providers import setup
from stocksite.market.providers.base import Basis, Capability, Instrument
from stocksite.market.providers.chain import ORDER
from stocksite.market.providers.contract import METHODS
from stocksite.market.providers.errors import NoData, NotEntitled, UnknownSymbol
from stocksite.market.providers.sample_source import SampleSource
from stocksite.market.providers.setup import Desk
from stocksite.settings import SettingsError
from tests.market.live.conftest import MASSIVE_KEY, SETTINGS

AT = datetime(2009, 1, 15, 18, 0, tzinfo=UTC)


def test_every_provider_has_the_methods_it_declares_and_no_other(desk: Desk) -> None:
    sources = [*desk.chain.sources.values(), SampleSource(lambda: AT)]
    assert len(sources) == 5
    for source in sources:
        has = {one for one, name in METHODS.items() if callable(getattr(source, name, None))}
        assert has == source.capabilities, source.name
        assert source.title
        for capability in source.capabilities:
            assert source.name in ORDER[capability]


def test_settings_decide_who_is_switched_on() -> None:
    def names(**changes: object) -> list[str]:
        return [one.provider for one in setup.accounts(replace(SETTINGS, **changes))]  # type: ignore[arg-type]

    assert names() == ["massive", "yahoo", "alpha_vantage", "marketwatch"]
    assert names(yahoo_enabled=False, massive_api_key=None) == ["alpha_vantage", "marketwatch"]
    assert names(alpha_vantage_api_key="") == ["massive", "yahoo", "marketwatch"]


def test_a_wrong_limit_is_told() -> None:
    with pytest.raises(SettingsError, match="MASSIVE_LIMITS: 'five' is no limit"):
        setup.accounts(replace(SETTINGS, massive_limits="five a minute"))


def test_a_desk_shows_no_key(valkey: Redis) -> None:
    made = setup.open_desk(SETTINGS, valkey)
    assert MASSIVE_KEY not in repr(made) + repr(made.accounts) + repr(vars(made.chain))


def test_the_sample_gives_what_is_over_and_nothing_later() -> None:
    source = SampleSource(lambda: AT)
    series = source.daily_bars(Instrument("IBM"), date(2009, 1, 1), date(2013, 1, 1), Basis.RAW)
    assert series.days[-1].item() == date(2009, 1, 14)
    assert source.quote(Instrument("IBM")).session == date(2009, 1, 14)
    assert set(source.grouped_daily(date(2009, 1, 14), {"IBM", "FB", "X"})) == {"IBM"}
    assert source.open_close(Instrument("IBM"), date(2009, 1, 14)).pre_market is None
    assert [match.symbol for match in source.search("apple", 5)] == ["AAPL"]
    assert source.profile(Instrument("AAPL")).name == "Apple Inc."
    actions = source.corporate_actions(Instrument("AAPL"), date(2000, 1, 1), date(2013, 1, 1))
    assert [action.ratio_to for action in actions if action.kind == "split"] == [2, 2]
    for day in (date(2009, 1, 15), date(2009, 1, 10)):
        with pytest.raises(NoData):
            source.grouped_daily(day, {"IBM"})
    with pytest.raises(NoData):
        source.quote(Instrument("FB"))
    with pytest.raises(UnknownSymbol):
        source.profile(Instrument("XOM"))
    with pytest.raises(NotEntitled):
        source.daily_bars(Instrument("IBM"), date(2009, 1, 1), AT.date(), Basis.SPLIT)
    assert Capability.PEERS not in source.capabilities
