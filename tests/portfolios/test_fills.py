"""The fill rules: the published vectors, both sides as mirrors, and what a bar cannot prove."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.core.money import ZERO
from stocksite.portfolios.fills import (
    WITHOUT_SLIPPAGE,
    Attempt,
    Bar,
    Fill,
    FillRule,
    OrderType,
    Side,
    fill_at_quote,
    fill_in_bar,
    largest_affordable,
    posting,
    slipped,
    volume_share_slippage,
)

BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP, STOP_LIMIT = OrderType


def bar(*prices: str) -> Bar[Decimal]:
    return Bar(*(Decimal(price) for price in prices))


def attempt(order_type: OrderType, side: Side, b: Bar[Decimal], **terms: Any) -> Attempt[Decimal]:
    flags = {k: v if isinstance(v, bool) else Decimal(v) for k, v in terms.items()}
    return fill_in_bar(order_type, side, b, **flags)


def filled(got: Attempt[Decimal]) -> tuple[Decimal, FillRule] | None:
    return None if got.fill is None else (got.fill.price, got.fill.rule)


class TestPublishedVectors:
    """trading reference §4, from LEAN's tests."""

    def test_buy_stop_touched(self) -> None:
        got = attempt(STOP, BUY, bar("101", "102.5", "101", "102"), stop="101.5")
        assert filled(got) == (Decimal("101.5"), FillRule.STOP)

    def test_buy_limit_penetrated(self) -> None:
        got = attempt(LIMIT, BUY, bar("291.50", "292", "288.50", "290"), limit="290.50")
        assert filled(got) == (Decimal("290.50"), FillRule.LIMIT)


CASES = [
    (MARKET, BUY, ("10", "12", "9", "11"), {}, ("10", FillRule.MARKET_AT_OPEN)),
    (MARKET, SELL, ("10", "12", "9", "11"), {}, ("10", FillRule.MARKET_AT_OPEN)),
    # A limit must be gone through; touching it is not enough.
    (LIMIT, BUY, ("10", "12", "9", "11"), {"limit": "9"}, None),
    (LIMIT, BUY, ("10", "12", "9", "11"), {"limit": "9.01"}, ("9.01", FillRule.LIMIT)),
    (LIMIT, SELL, ("10", "12", "9", "11"), {"limit": "12"}, None),
    (LIMIT, SELL, ("10", "12", "9", "11"), {"limit": "11.99"}, ("11.99", FillRule.LIMIT)),
    # The bar opened on the good side of the limit: the open is the better price.
    (LIMIT, BUY, ("10", "12", "9", "11"), {"limit": "11"}, ("10", FillRule.LIMIT_AT_BETTER_OPEN)),
    (LIMIT, SELL, ("10", "12", "9", "11"), {"limit": "9.5"}, ("10", FillRule.LIMIT_AT_BETTER_OPEN)),
    (LIMIT, BUY, ("10", "12", "9", "11"), {"limit": "10"}, ("10", FillRule.LIMIT)),
    # A stop is touched, and a gap through it costs the open.
    (STOP, SELL, ("10", "12", "9", "11"), {"stop": "9"}, ("9", FillRule.STOP)),
    (STOP, SELL, ("10", "12", "9", "11"), {"stop": "8.99"}, None),
    (STOP, SELL, ("10", "12", "9", "11"), {"stop": "10.5"}, ("10", FillRule.STOP_GAP)),
    (STOP, BUY, ("10", "12", "9", "11"), {"stop": "12"}, ("12", FillRule.STOP)),
    (STOP, BUY, ("10", "12", "9", "11"), {"stop": "9.5"}, ("10", FillRule.STOP_GAP)),
    (STOP, BUY, ("10", "12", "9", "11"), {"stop": "12.01"}, None),
]


@pytest.mark.parametrize(("order_type", "side", "prices", "terms", "expected"), CASES)
def test_rule(
    order_type: OrderType,
    side: Side,
    prices: tuple[str, ...],
    terms: dict[str, str],
    expected: tuple[str, FillRule] | None,
) -> None:
    got = attempt(order_type, side, bar(*prices), **terms)
    assert filled(got) == (expected and (Decimal(expected[0]), expected[1]))
    floats = fill_in_bar(
        order_type, side, Bar(*map(float, prices)), **{k: float(v) for k, v in terms.items()}
    )
    assert (floats.fill and floats.fill.price) == (expected and float(expected[0]))


class TestStopLimit:
    def test_untouched_stop_leaves_the_flag_down(self) -> None:
        got = attempt(STOP_LIMIT, BUY, bar("10", "11", "9", "10"), stop="12", limit="12.5")
        assert got == Attempt(None, triggered=False)

    def test_trades_at_the_stop_when_that_is_within_the_limit(self) -> None:
        got = attempt(STOP_LIMIT, BUY, bar("10", "12", "9", "11"), stop="11", limit="11.5")
        assert filled(got) == (Decimal("11"), FillRule.STOP_LIMIT)

    def test_a_low_before_the_trigger_is_no_fill(self) -> None:
        """The low of 9 may have come before the stop; only the close is surely later."""
        got = attempt(STOP_LIMIT, BUY, bar("10", "12", "9", "11.8"), stop="11", limit="10.5")
        assert got == Attempt(None, triggered=True)

    def test_a_close_through_the_limit_is_after_the_trigger(self) -> None:
        got = attempt(STOP_LIMIT, BUY, bar("10", "12", "9", "10.2"), stop="11", limit="10.5")
        assert filled(got) == (Decimal("10.5"), FillRule.LIMIT)

    def test_a_gap_beyond_both_waits_for_the_price_to_come_back(self) -> None:
        got = attempt(STOP_LIMIT, BUY, bar("13", "14", "12.8", "13"), stop="11", limit="12")
        assert got == Attempt(None, triggered=True)
        later = attempt(
            STOP_LIMIT, BUY, bar("13", "13", "11.9", "13"), stop="11", limit="12", triggered=True
        )
        assert filled(later) == (Decimal("12"), FillRule.LIMIT)

    def test_sell_gap_through_the_stop_fills_as_a_limit(self) -> None:
        got = attempt(STOP_LIMIT, SELL, bar("8.9", "9.2", "8.5", "9"), stop="9.5", limit="8.8")
        assert filled(got) == (Decimal("8.9"), FillRule.LIMIT_AT_BETTER_OPEN)


def test_a_missing_price_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="limit price"):
        attempt(LIMIT, BUY, bar("1", "1", "1", "1"))
    with pytest.raises(ValueError, match="stop price"):
        attempt(STOP_LIMIT, BUY, bar("1", "1", "1", "1"), limit="1")


class TestQuotes:
    quote = Decimal("23.17")

    def test_first_quote_after_submission(self) -> None:
        got = fill_at_quote(MARKET, BUY, self.quote, session_open=Decimal("23"))
        assert filled(got) == (self.quote, FillRule.FIRST_QUOTE)

    def test_official_open_for_what_waited_for_the_session(self) -> None:
        got = fill_at_quote(
            MARKET, BUY, self.quote, session_open=Decimal("23"), submitted_before_open=True
        )
        assert filled(got) == (Decimal("23"), FillRule.OFFICIAL_OPEN)

    def test_without_an_official_open_the_quote_serves(self) -> None:
        got = fill_at_quote(MARKET, SELL, self.quote, submitted_before_open=True)
        assert filled(got) == (self.quote, FillRule.FIRST_QUOTE)

    def test_instant(self) -> None:
        assert filled(fill_at_quote(MARKET, BUY, self.quote, instant=True)) == (
            self.quote,
            FillRule.INSTANT,
        )

    def test_limits_and_stops_trade_at_the_quote(self) -> None:
        above, below = self.quote + 1, self.quote - 1
        assert fill_at_quote(LIMIT, BUY, self.quote, limit=self.quote).fill is None
        assert fill_at_quote(LIMIT, BUY, self.quote, limit=above).fill == Fill(
            self.quote, FillRule.LIMIT_AT_BETTER_OPEN
        )
        assert fill_at_quote(STOP, SELL, self.quote, stop=above).fill == Fill(
            self.quote, FillRule.STOP_GAP
        )
        assert fill_at_quote(STOP, SELL, self.quote, stop=below).fill is None


class TestSlippage:
    def test_against_the_trader(self) -> None:
        fill = Fill(Decimal("50"), FillRule.MARKET_AT_OPEN)
        assert slipped(fill, BUY, Decimal("0.2")).price == Decimal("50.1")
        assert slipped(fill, SELL, Decimal("0.2")).price == Decimal("49.9")

    @pytest.mark.parametrize("rule", sorted(WITHOUT_SLIPPAGE))
    def test_a_limit_never_slips(self, rule: FillRule) -> None:
        assert slipped(Fill(50.0, rule), BUY, 1.0).price == 50.0

    def test_volume_share(self) -> None:
        assert volume_share_slippage(Decimal(100), Decimal(10), Decimal(1000)) == Decimal("0.001")
        assert volume_share_slippage(100.0, 500.0, 1000.0) == pytest.approx(100 * 0.1 * 0.025**2)
        assert volume_share_slippage(Decimal(100), Decimal(1), Decimal(0)) == Decimal("0.00625")


prices_st = st.decimals("1", "500", places=2)


@st.composite
def bars(draw: st.DrawFn) -> Bar[Decimal]:
    low, *middle, high = sorted(draw(st.lists(prices_st, min_size=4, max_size=4)))
    opening, closing = draw(st.permutations(middle))
    return Bar(opening, high, low, closing)


@given(
    bars(),
    st.sampled_from(list(OrderType)),
    st.sampled_from(list(Side)),
    prices_st,
    prices_st,
    st.booleans(),
)
def test_every_fill_is_a_price_the_bar_traded_and_keeps_the_order_s_promise(
    b: Bar[Decimal],
    order_type: OrderType,
    side: Side,
    limit: Decimal,
    stop: Decimal,
    triggered: bool,
) -> None:
    got = fill_in_bar(order_type, side, b, limit=limit, stop=stop, triggered=triggered)
    if got.fill is None:
        return
    assert b.low <= got.fill.price <= b.high
    if order_type in (LIMIT, STOP_LIMIT):
        assert got.fill.price <= limit if side is BUY else got.fill.price >= limit
    if order_type is STOP:
        assert got.fill.price >= stop if side is BUY else got.fill.price <= stop


@given(bars(), st.sampled_from(list(OrderType)), prices_st, prices_st, st.booleans())
def test_a_sell_is_a_buy_in_the_mirror(
    b: Bar[Decimal], order_type: OrderType, limit: Decimal, stop: Decimal, triggered: bool
) -> None:
    buy = fill_in_bar(order_type, BUY, b, limit=limit, stop=stop, triggered=triggered)
    mirror = Bar(-b.open, -b.low, -b.high, -b.close)
    sell = fill_in_bar(order_type, SELL, mirror, limit=-limit, stop=-stop, triggered=triggered)
    assert buy.triggered == sell.triggered
    assert filled(buy) == (sell.fill and (-sell.fill.price, sell.fill.rule))


@given(
    st.decimals("0", "1000000", places=2),
    st.decimals("0.000001", "5000", places=6),
    st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("2.5")]),
    st.sampled_from([Decimal(0), Decimal("4.95")]),
    st.booleans(),
)
def test_all_in_never_overdraws_and_leaves_nothing_on_the_table(
    cash: Decimal, price: Decimal, pct: Decimal, per_trade: Decimal, fractional: bool
) -> None:
    quantity = largest_affordable(cash, price, pct, per_trade, fractional=fractional)
    step = Decimal("0.000000001") if fractional else Decimal(1)
    assert quantity % step == 0
    if quantity:
        assert cash + posting(BUY, quantity, price, pct, per_trade)[1] >= ZERO
    more = posting(BUY, quantity + step, price, pct, per_trade)[1]
    # One step further must not fit, unless the step is too small to move a cent.
    assert cash + more < ZERO or step * price * 2 < Decimal("0.01")
