"""Alpha Vantage: every text told apart, nothing leaked, shapes read by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from stocksite.market.providers.alpha_vantage import split_ratio
from stocksite.market.providers.base import Basis, Capability, Instrument
from stocksite.market.providers.errors import (
    InvalidCredentials,
    MalformedPayload,
    NoData,
    NotEntitled,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
)
from stocksite.market.providers.setup import Desk
from tests.emulator import Emulator
from tests.market.live.conftest import ALPHA_KEY, MakeDesk

IBM = Instrument("IBM")


@pytest.fixture
def source(desk: Desk) -> Any:
    return desk.chain.sources["alpha_vantage"]


@pytest.mark.parametrize(
    ("fault", "kind", "scope"),
    [
        ("av_note", RateLimited, "minute"),
        ("av_daily", QuotaExhausted, None),
        ("av_daily_note", QuotaExhausted, None),
        ("av_daily_key", QuotaExhausted, None),
        ("av_spread", RateLimited, "second"),
        ("av_burst", RateLimited, "second"),
        ("av_minute", RateLimited, "minute"),
        ("av_premium", NotEntitled, None),
        ("av_full", NotEntitled, None),
        ("av_key", InvalidCredentials, None),
        ("av_demo", InvalidCredentials, None),
        ("av_invalid", UnknownSymbol, None),
        ("av_accept", MalformedPayload, None),
        ("av_empty", NoData, None),
        ("av_empty_quote", NoData, None),
    ],
)
def test_each_text_is_its_own_error(
    emulator: Emulator, make_desk: MakeDesk, fault: str, kind: type[ProviderError], scope: str
) -> None:
    from stocksite.market.providers.transport import Manners

    source: Any = make_desk(Manners(interactive=True, retries=0)).chain.sources["alpha_vantage"]
    emulator.fault(fault, provider="alpha_vantage")
    with pytest.raises(ProviderError) as caught:
        source.quote(IBM)
    assert type(caught.value) is kind
    assert getattr(caught.value, "scope", None) == scope
    assert ALPHA_KEY not in str(caught.value) + repr(caught.value)
    assert len(emulator.requests("alpha_vantage")) == 1


def test_a_daily_notice_stops_every_request_for_an_hour(emulator: Emulator, source: Any) -> None:
    emulator.fault("av_daily_key", provider="alpha_vantage")
    for _ in range(3):
        with pytest.raises(QuotaExhausted) as caught:
            source.quote(IBM)
    assert len(emulator.requests("alpha_vantage")) == 1
    assert 3500 < (caught.value.retry_after_s or 0) <= 3600
    assert "[key]" in caught.value.text


def test_a_burst_notice_is_waited_out(emulator: Emulator, source: Any) -> None:
    emulator.fault("av_spread", provider="alpha_vantage", times=1)
    assert source.quote(IBM).price > 0
    first, second = emulator.requests("alpha_vantage")
    assert second.at - first.at > 1.0


def test_compact_is_a_hundred_raw_bars(emulator: Emulator, source: Any) -> None:
    series = source.daily_bars(IBM, date(2012, 1, 3), date(2012, 2, 29), Basis.RAW)
    assert [e.params["outputsize"] for e in emulator.journal] == ["compact"]
    expected = [r for r in emulator.world.closed_rows("IBM") if r.day >= date(2012, 1, 3)][:-1]
    assert series.close.tolist()[::-1] == [row.close for row in expected]
    assert series.days.min().item() == date(2012, 1, 3)
    assert (series.basis, series.provider, len(series.payload_hash)) == (
        Basis.RAW,
        "alpha_vantage",
        64,
    )


def test_full_is_tried_once_and_its_refusal_remembered(emulator: Emulator, source: Any) -> None:
    for _ in range(2):
        series = source.daily_bars(IBM, date(2010, 3, 2), date(2012, 3, 1), Basis.RAW)
        assert len(series) == 100
        assert "100 sessions" in series.note
    sizes = [entry.params["outputsize"] for entry in emulator.journal]
    assert sizes == ["full", "compact", "compact"]
    assert source.earliest(date(2012, 3, 1)) == series.days.min().item()


def test_a_premium_key_gets_full(emulator: Emulator, source: Any) -> None:
    emulator.premium_keys.add(ALPHA_KEY)
    series = source.daily_bars(IBM, date(2000, 3, 1), date(2012, 3, 1), Basis.RAW)
    assert len(series) == len(emulator.world.closed_rows("IBM"))
    assert series.note == ""


def test_adjusted_series_are_not_pretended(source: Any) -> None:
    with pytest.raises(NotEntitled):
        source.daily_bars(IBM, date(2012, 1, 3), date(2012, 3, 1), Basis.SPLIT)


def test_a_quote_and_its_delayed_form(emulator: Emulator, source: Any) -> None:
    quote = source.quote(IBM)
    last, before = emulator.world.closed_rows("IBM")[-1], emulator.world.closed_rows("IBM")[-2]
    assert (quote.price, quote.previous_close) == (
        Decimal(str(last.close)).quantize(Decimal("1.000000")),
        Decimal(str(before.close)).quantize(Decimal("1.000000")),
    )
    assert (quote.session, quote.delay, quote.as_of.hour) == (date(2012, 3, 1), "eod", 21)
    emulator.fault("av_delayed")
    assert source.quote(IBM).delay == "delayed"


def test_a_made_up_key_proves_nothing(emulator: Emulator, make_desk: MakeDesk) -> None:
    source: Any = make_desk(alpha_vantage_api_key="demo").chain.sources["alpha_vantage"]
    assert source.quote(IBM).price > 0
    with pytest.raises(InvalidCredentials):
        source.profile(IBM)


def test_search_keeps_us_listings(source: Any) -> None:
    found = source.search("IBM", 10)
    assert [(m.symbol, m.spelling) for m in found] == [("IBM", "IBM")]


def test_overview_turns_none_into_nothing(source: Any) -> None:
    profile = source.profile(IBM)
    assert (profile.name, profile.description, profile.exchange) == (
        "International Business Machines Corporation",
        "",
        "XNAS",
    )
    assert profile.market_cap == Decimal("350000000000")
    assert profile.shares_outstanding is None
    with pytest.raises(NoData):
        source.profile(Instrument("NOSUCH"))


def test_splits(source: Any) -> None:
    actions = source.corporate_actions(Instrument("AAPL"), date(2000, 1, 1), date(2012, 1, 1))
    assert [(a.ex_date, a.ratio_to, a.ratio_from) for a in actions] == [
        (date(2000, 6, 21), 2, 1),
        (date(2005, 2, 28), 2, 1),
    ]


def test_class_shares_are_spelled_with_a_hyphen(emulator: Emulator, source: Any) -> None:
    emulator.world.add("BRK.B")
    assert source.quote(Instrument("BRK.B")).symbol == "BRK.B"
    assert source.quote(Instrument("BRK.B", {"alpha_vantage": "BRK.B"})).symbol == "BRK.B"
    assert [e.params["symbol"] for e in emulator.journal] == ["BRK-B", "BRK.B"]


def test_csv_mode_answers_errors_as_json(emulator: Emulator, source: Any) -> None:
    from stocksite.market.providers.alpha_vantage_texts import judge

    sent = {"function": "TIME_SERIES_DAILY", "symbol": "IBM", "datatype": "csv", "apikey": "k" * 9}
    answer = source._send.get("/query", sent, judge)
    assert answer.text().startswith("timestamp,open,high,low,close,volume")
    emulator.fault("av_premium")
    with pytest.raises(NotEntitled):
        source._send.get("/query", sent, judge)


def test_repeated_days_are_no_json(emulator: Emulator, source: Any) -> None:
    emulator.fault("duplicate", symbol="IBM")
    with pytest.raises(MalformedPayload, match="twice"):
        source.daily_bars(IBM, date(2012, 1, 3), date(2012, 3, 1), Basis.RAW)


@pytest.mark.parametrize(
    ("factor", "ratio"),
    [(4.0, (4, 1)), (1.5, (3, 2)), (0.125, (1, 8)), (0.3333, (1, 3)), (float("nan"), None)],
)
def test_split_ratios(factor: float, ratio: tuple[int, int] | None) -> None:
    assert split_ratio(factor) == ratio


def test_what_is_not_declared_is_not_there(source: Any) -> None:
    assert Capability.PEERS not in source.capabilities
    assert not hasattr(source, "peers")
