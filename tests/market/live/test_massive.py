"""Massive: both time conventions, pages, plan limits, refusals by status and text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from stocksite.core.calendar import xnys
from stocksite.market.providers.base import Basis, Instrument
from stocksite.market.providers.errors import (
    InvalidCredentials,
    MalformedPayload,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from stocksite.market.providers.massive import earliest_day
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from tests.emulator import Emulator
from tests.market.live.conftest import MASSIVE_KEY, MakeDesk

IBM, AAPL = Instrument("IBM"), Instrument("AAPL")
FIRST, LAST = date(2010, 3, 2), date(2012, 3, 1)


@pytest.fixture
def source(desk: Desk) -> Any:
    return desk.chain.sources["massive"]


def test_two_years_in_one_call(emulator: Emulator, source: Any) -> None:
    series = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    assert len(emulator.journal) == 1
    assert emulator.journal[0].path == f"/v2/aggs/ticker/IBM/range/1/day/{FIRST}/{LAST}"
    assert emulator.journal[0].params == {"adjusted": "false", "sort": "asc", "limit": "50000"}
    sessions = [s.date for s in xnys().between(FIRST, LAST)]
    assert series.days.tolist() == sessions
    assert series.volume[0] % 1 == pytest.approx(0.618093)


def test_the_key_travels_in_a_header_only(emulator: Emulator, source: Any) -> None:
    source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    entry = emulator.journal[0]
    assert entry.headers["Authorization"] == f"Bearer {MASSIVE_KEY}"
    assert MASSIVE_KEY not in str(entry.params) + entry.path


def test_the_start_is_moved_to_what_the_plan_has(emulator: Emulator, source: Any) -> None:
    series = source.daily_bars(IBM, date(2000, 3, 1), LAST, Basis.RAW)
    assert len(emulator.journal) == 1
    assert series.note == f"not before {FIRST}"


def test_a_shorter_plan_moves_it_further(emulator: Emulator, source: Any) -> None:
    emulator.fault("massive_short_plan", days=3)
    series = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    starts = [entry.path.split("/")[-2] for entry in emulator.journal]
    assert starts == ["2010-03-02", "2010-03-03", "2010-03-09"]
    assert series.days[0].item() == date(2010, 3, 9)


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 20), date(2024, 11, 21)),
        (date(2024, 2, 29), date(2022, 3, 1)),
        (date(2026, 2, 28), date(2024, 2, 29)),
    ],
)
def test_two_years_less_a_day(today: date, first: date) -> None:
    assert earliest_day(today) == first


def test_pages_are_followed_without_leaving_the_host(emulator: Emulator, source: Any) -> None:
    emulator.fault("massive_pages", size=100)
    series = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    assert len(emulator.journal) == 6
    assert all(entry.headers["Authorization"].endswith(MASSIVE_KEY) for entry in emulator.journal)
    assert series.days.tolist() == [s.date for s in xnys().between(FIRST, LAST)]


def test_a_list_without_end_is_refused(emulator: Emulator, source: Any) -> None:
    emulator.fault("massive_pages", size=1)
    with pytest.raises(MalformedPayload, match="pages"):
        source.daily_bars(IBM, FIRST, LAST, Basis.RAW)


def test_split_adjusted_bars(emulator: Emulator, source: Any) -> None:
    emulator.world.now = datetime(2005, 3, 4, 23, tzinfo=UTC)
    days = date(2005, 2, 25), date(2005, 2, 28)
    raw = source.daily_bars(AAPL, *days, Basis.RAW)
    adjusted = source.daily_bars(AAPL, *days, Basis.SPLIT)
    assert raw.close.tolist() == [88.99, 44.86]
    assert adjusted.close.tolist() == [44.495, 44.86]
    with pytest.raises(NotEntitled):
        source.daily_bars(AAPL, *days, Basis.TOTAL)


def test_delayed_data_is_good_data(emulator: Emulator, source: Any) -> None:
    emulator.fault("massive_delayed")
    assert len(source.daily_bars(IBM, FIRST, LAST, Basis.RAW)) == 506


@pytest.mark.parametrize("symbol", ["NOSUCH", "ibm"])
def test_no_results_is_no_data(source: Any, symbol: str) -> None:
    with pytest.raises(NoData):
        source.daily_bars(Instrument(symbol), FIRST, LAST, Basis.RAW)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("massive_no_key", InvalidCredentials),
        ("massive_bad_key", InvalidCredentials),
        ("massive_plan", NotEntitled),
        ("massive_timeframe", NotEntitled),
        ("massive_today", NoData),
        ("massive_missing", NoData),
        ("massive_error_200", MalformedPayload),
    ],
)
def test_each_refusal_is_its_own_error(
    emulator: Emulator, source: Any, fault: str, kind: type[ProviderError]
) -> None:
    emulator.fault(fault)
    with pytest.raises(ProviderError) as caught:
        source.open_close(IBM, LAST)
    assert type(caught.value) is kind
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("retry_after", [None, 1, 700])
def test_a_429_pauses_everybody(
    emulator: Emulator, make_desk: MakeDesk, retry_after: int | None
) -> None:
    source: Any = make_desk(Manners(patience_s=0.0)).chain.sources["massive"]
    options = {} if retry_after is None else {"retry_after": retry_after}
    emulator.fault("massive_limit", times=1, **options)
    with pytest.raises(RateLimited):
        source.quote(IBM)
    with pytest.raises(RateLimited) as caught:
        source.quote(IBM)
    assert len(emulator.journal) == 1
    low, high = (14, 60) if retry_after is None else (retry_after - 0.9, retry_after)
    assert low <= (caught.value.retry_after_s or 0) <= high


def test_open_close(emulator: Emulator, source: Any) -> None:
    found = source.open_close(IBM, LAST)
    row = emulator.world.closed_rows("IBM")[-1]
    assert (found.bar.close, found.after_hours, found.pre_market) == (
        row.close,
        row.close,
        row.open,
    )
    emulator.fault("massive_no_pre_market")
    assert source.open_close(IBM, LAST).pre_market is None


def test_a_holiday_and_zeros_are_no_data(emulator: Emulator, source: Any) -> None:
    emulator.fault("massive_zeros")
    for day in (date(2012, 2, 20), date(2012, 2, 18)):
        with pytest.raises(NoData):
            source.open_close(IBM, day)


def test_half_days_and_long_weekends(emulator: Emulator, source: Any) -> None:
    series = source.daily_bars(IBM, date(2011, 11, 23), date(2011, 11, 28), Basis.RAW)
    assert [str(day) for day in series.days] == ["2011-11-23", "2011-11-25", "2011-11-28"]


def test_grouped_takes_the_wanted_out_of_thousands(emulator: Emulator, source: Any) -> None:
    emulator.fault("massive_crowd", rows=9_000)
    found = source.grouped_daily(LAST, {"AAPL", "IBM", "NOSUCH"})
    assert set(found) == {"AAPL", "IBM"}
    assert found["IBM"].date == LAST
    assert found["IBM"].close == emulator.world.closed_rows("IBM")[-1].close
    assert len(emulator.journal) == 1


def test_grouped_of_a_holiday_or_of_today(emulator: Emulator, source: Any) -> None:
    with pytest.raises(NoData):
        source.grouped_daily(date(2012, 2, 20), {"IBM"})
    emulator.world.now = datetime(2012, 3, 1, 18, tzinfo=UTC)
    with pytest.raises(NoData, match="end of day"):
        source.grouped_daily(LAST, {"IBM"})


def test_the_quote_is_the_last_close(emulator: Emulator, source: Any) -> None:
    quote = source.quote(IBM)
    assert (quote.session, quote.delay) == (LAST, "eod")
    assert quote.price == Decimal(str(emulator.world.closed_rows("IBM")[-1].close)).quantize(
        Decimal("1.000000")
    )


def test_splits_and_dividends(emulator: Emulator, source: Any) -> None:
    emulator.world.now = datetime(2005, 6, 1, 23, tzinfo=UTC)
    actions = source.corporate_actions(AAPL, date(2004, 1, 1), date(2012, 1, 1))
    assert [(a.kind, a.ratio_to, a.ratio_from) for a in actions] == [("split", 2, 1)]
    dividends = source.corporate_actions(Instrument("MSFT"), date(2004, 1, 1), date(2004, 12, 31))
    assert [str(a.amount) for a in dividends if a.ex_date == date(2004, 11, 15)] == ["3.08"]


def test_profile_search_and_peers(emulator: Emulator, source: Any) -> None:
    profile = source.profile(AAPL)
    assert (profile.name, profile.exchange, profile.currency) == ("Apple Inc.", "XNAS", "USD")
    assert profile.market_cap == Decimal("350000000000.0")
    with pytest.raises(UnknownSymbol):
        source.profile(Instrument("NOSUCH"))
    assert [m.symbol for m in source.search("apple", 5)] == ["AAPL"]
    assert source.search("zzz", 5) == []
    assert source.peers(AAPL) == []
    emulator.world.securities["AAPL"].peers = ["MSFT", "AAPL", "GOOG", "MSFT"]
    assert [peer.symbol for peer in source.peers(AAPL)] == ["MSFT", "GOOG"]


def test_class_shares_keep_their_dot(emulator: Emulator, source: Any) -> None:
    emulator.world.add("BRK.B")
    assert len(source.daily_bars(Instrument("BRK.B"), FIRST, LAST, Basis.RAW)) == 506
    assert "/BRK.B/" in emulator.journal[0].path


def test_numbers_that_are_none(emulator: Emulator, source: Any) -> None:
    emulator.fault("text_price", symbol="IBM")
    series = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    assert np.isnan(series.close).sum() == 1
