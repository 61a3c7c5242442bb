"""Yahoo: holes, noise, the bar that is not finished, faults in every dress."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from stocksite.market.providers.base import Basis, Instrument
from stocksite.market.providers.errors import (
    InvalidCredentials,
    MalformedPayload,
    NoData,
    ProviderError,
    RateLimited,
    UnknownSymbol,
    UpstreamUnavailable,
)
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from tests.emulator import Emulator
from tests.market.live.conftest import MakeDesk

IBM, AAPL = Instrument("IBM"), Instrument("AAPL")
FIRST, LAST = date(2012, 2, 1), date(2012, 3, 1)
OPEN = datetime(2012, 3, 1, 18, 0, tzinfo=UTC)


@pytest.fixture
def source(desk: Desk) -> Any:
    return desk.chain.sources["yahoo"]


def test_noise_is_rounded_away(emulator: Emulator, source: Any) -> None:
    series = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    rows = [row for row in emulator.world.closed_rows("IBM") if row.day >= FIRST]
    assert series.close.tolist() == [row.close for row in rows]
    assert series.days.tolist() == [row.day for row in rows]


def test_the_split_adjustment_is_undone(emulator: Emulator, source: Any) -> None:
    emulator.world.now = datetime(2005, 6, 1, 23, tzinfo=UTC)
    days = date(2005, 2, 25), date(2005, 2, 28)
    assert source.daily_bars(AAPL, *days, Basis.RAW).close.tolist() == [88.99, 44.86]
    assert source.daily_bars(AAPL, *days, Basis.SPLIT).close.tolist() == [44.49, 44.86]
    raw = source.daily_bars(AAPL, *days, Basis.RAW)
    volumes = {row.day: row.volume for row in emulator.world.closed_rows("AAPL")}
    assert raw.volume.tolist() == [volumes[day] for day in days]


def test_holes_are_left_out(emulator: Emulator, source: Any) -> None:
    whole = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    emulator.fault("yahoo_nulls")
    assert source.daily_bars(IBM, FIRST, LAST, Basis.RAW).days.tolist() == [
        *whole.days.tolist()[:-3],
        *whole.days.tolist()[-2:],
    ]


def test_the_running_bar_is_left_out(emulator: Emulator, source: Any) -> None:
    emulator.world.now = OPEN
    series = source.daily_bars(IBM, FIRST, LAST, Basis.RAW)
    assert series.days[-1].item() == date(2012, 2, 29)


@pytest.mark.parametrize("fault", ["yahoo_no_timestamp", "nothing"])
def test_an_empty_chart_is_no_data(emulator: Emulator, source: Any, fault: str) -> None:
    emulator.fault(fault, symbol="IBM")
    with pytest.raises(NoData):
        source.daily_bars(IBM, FIRST, LAST, Basis.RAW)


@pytest.mark.parametrize("fault", ["yahoo_uneven", "wrong_symbol"])
def test_charts_that_do_not_fit_are_refused(emulator: Emulator, source: Any, fault: str) -> None:
    emulator.fault(fault)
    with pytest.raises(MalformedPayload):
        source.daily_bars(IBM, FIRST, LAST, Basis.RAW)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("yahoo_429", RateLimited),
        ("yahoo_429_html", RateLimited),
        ("yahoo_429_as_200", RateLimited),
        ("yahoo_404", UnknownSymbol),
        ("yahoo_bare_404", UpstreamUnavailable),
        ("yahoo_crumb", InvalidCredentials),
        ("yahoo_feature", InvalidCredentials),
        ("yahoo_consent", UpstreamUnavailable),
        ("yahoo_maintenance", UpstreamUnavailable),
    ],
)
def test_each_refusal_is_its_own_error(
    emulator: Emulator, make_desk: MakeDesk, fault: str, kind: type[ProviderError]
) -> None:
    source: Any = make_desk(Manners(retries=0)).chain.sources["yahoo"]
    emulator.fault(fault)
    with pytest.raises(ProviderError) as caught:
        source.quote(IBM)
    assert type(caught.value) is kind
    assert len(emulator.journal) == 1


def test_the_price_of_now(emulator: Emulator, source: Any) -> None:
    emulator.world.now = OPEN
    quote = source.quote(IBM)
    running = emulator.world.running_row("IBM")
    assert running is not None
    assert (quote.session, quote.as_of, quote.delay) == (LAST, OPEN, "delayed")
    assert float(quote.price) == running.close
    assert float(quote.high or 0) == running.high
    assert float(quote.previous_close or 0) == emulator.world.closed_rows("IBM")[-1].close
    assert quote.currency == "USD"


def test_after_the_bell_the_price_is_the_closes(source: Any) -> None:
    assert source.quote(IBM).as_of == datetime(2012, 3, 1, 21, 0, tzinfo=UTC)


def test_several_in_one_call(emulator: Emulator, source: Any) -> None:
    emulator.world.now = OPEN
    emulator.world.add("BRK.B")
    wanted = [Instrument(s) for s in ("AAPL", "IBM", "BRK.B", "NOSUCH")]
    found = source.quotes(wanted)
    assert set(found) == {"AAPL", "IBM", "BRK.B"}
    assert [e.params["symbols"] for e in emulator.journal] == ["AAPL,BRK-B,IBM,NOSUCH"]
    assert found["BRK.B"].price == found["IBM"].price


def test_many_are_asked_fifteen_at_a_time(emulator: Emulator, source: Any) -> None:
    names = [f"SYM{i}" for i in range(31)]
    for name in names:
        emulator.world.add(name)
    assert len(source.quotes([Instrument(name) for name in names])) == 31
    assert len(emulator.journal) == 3


def test_class_shares_take_a_hyphen_and_indices_their_caret(
    emulator: Emulator, source: Any
) -> None:
    emulator.world.add("BRK.B")
    emulator.world.add("^GSPC")
    for symbol in ("BRK.B", "^GSPC"):
        assert len(source.daily_bars(Instrument(symbol), FIRST, LAST, Basis.RAW)) == 21
    assert [e.path.rpartition("/")[2] for e in emulator.journal] == ["BRK-B", "^GSPC"]


def test_dividends_are_per_share_of_their_day(emulator: Emulator, source: Any) -> None:
    emulator.world.now = datetime(2012, 3, 1, 23, tzinfo=UTC)
    security = emulator.world.securities["MSFT"]
    security.splits = [*security.splits, (date(2012, 2, 1), 2, 1)]
    actions = source.corporate_actions(Instrument("MSFT"), date(2011, 11, 1), date(2012, 3, 1))
    kinds = [(a.kind, a.ex_date.month, a.amount) for a in actions]
    assert kinds == [
        ("dividend", 11, Decimal("0.2")),
        ("split", 2, None),
        ("dividend", 2, Decimal("0.2")),
    ]
