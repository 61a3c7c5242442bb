"""The rules of price alerts: what is passed, what is armed, what a split does to a level."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.market.adjust import Split
from stocksite.watchlist import alerts
from stocksite.watchlist.alerts import Arming, Kind, Levels, Seen

DAY = date(2009, 1, 14)
PRICES = st.decimals("0.01", "5000", places=2)


def seen(price, previous="100"):
    return Seen(Decimal(price), Decimal(previous), DAY)


@pytest.mark.parametrize(
    ("kind", "level", "price", "wanted"),
    [
        (Kind.ABOVE, "100", "100", True),
        (Kind.ABOVE, "100", "99.999999", False),
        (Kind.BELOW, "100", "100", True),
        (Kind.BELOW, "100", "100.000001", False),
        (Kind.MOVE, "5", "105", True),
        (Kind.MOVE, "5", "95", True),
        (Kind.MOVE, "5", "104.99", False),
    ],
)
def test_a_price_at_the_level_has_passed_it(kind, level, price, wanted):
    assert alerts.passed(kind, Decimal(level), seen(price)) is wanted


def test_without_a_level_or_a_price_nothing_is_passed():
    for kind in Kind:
        assert not alerts.passed(kind, None, seen("100"))
        assert not alerts.passed(kind, Decimal(1), Seen())
    assert not alerts.passed(Kind.MOVE, Decimal(1), Seen(Decimal(100), None, DAY))


@given(PRICES, PRICES, PRICES)
def test_a_new_level_is_armed_exactly_when_the_price_has_not_passed_it(price, above, below):
    new = Levels(above=above, below=below)
    armed = alerts.arm(Levels(), Arming(), new, seen(str(price)))
    assert armed.above == (price < above)
    assert armed.below == (price > below)


@given(PRICES, st.booleans(), st.booleans(), st.sampled_from([None, DAY]))
def test_saving_unchanged_levels_arms_nothing(price, above, below, moved_on):
    levels = Levels("a note", Decimal(120), Decimal(80), Decimal(5))
    before = Arming(above, below, moved_on)
    same = Levels("another note", Decimal("120.00"), Decimal(80), Decimal(5))
    assert alerts.arm(levels, before, same, seen(str(price))) == before


def test_changing_one_level_leaves_the_others():
    before = Arming(above=False, below=False, moved_on=DAY)
    old = Levels("", Decimal(120), Decimal(80), Decimal(5))
    new = Levels("", Decimal(130), Decimal(80), Decimal(5))
    assert alerts.arm(old, before, new, seen("100")) == Arming(True, False, DAY)


def test_a_move_that_has_happened_already_waits_for_the_next_session():
    armed = alerts.arm(Levels(), Arming(), Levels(move_pct=Decimal(3)), seen("104"))
    assert armed.moved_on == DAY
    armed = alerts.arm(Levels(), Arming(), Levels(move_pct=Decimal(5)), seen("104"))
    assert armed.moved_on is None


@given(
    level=st.decimals("0.01", "100000", places=2),
    splits=st.lists(st.sampled_from([(2, 1), (3, 2), (7, 1), (1, 10)]), max_size=4),
)
def test_a_level_keeps_its_place_among_the_prices_through_any_splits(level, splits):
    days = [date(2000 + n, 6, 21) for n in range(len(splits))]
    made = [Split(day, to, of) for day, (to, of) in zip(days, splits, strict=True)]
    after = alerts.after_splits(level, made, date(1999, 1, 4), date(2010, 1, 4))
    exact = level
    for to, of in splits:
        exact = exact * of / to
    assert abs(after - exact) <= Decimal("0.000001")
    assert after > 0


def test_splits_before_a_level_was_stated_or_after_today_do_not_touch_it():
    splits = [Split(date(2000, 6, 21), 2, 1), Split(date(2005, 2, 28), 2, 1)]
    stated = date(2000, 6, 21)
    assert alerts.after_splits(Decimal(50), splits, stated, date(2005, 2, 25)) == 50
    assert alerts.after_splits(Decimal(50), splits, stated, date(2005, 2, 28)) == 25
    assert alerts.after_splits(None, splits, stated, date(2005, 2, 28)) is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (("above", "100", "101.2"), "AAPL is at $101.20, above your level of $100.00."),
        (("below", "1234.5", "1200"), "AAPL is at $1,200.00, below your level of $1,234.50."),
        (
            ("move", "5", "94.125"),
            "AAPL is at $94.125, \u22125.88% on the day; you asked for moves of 5%.",
        ),
        (
            ("move", "2.50", "103"),
            "AAPL is at $103.00, +3.00% on the day; you asked for moves of 2.5%.",
        ),
    ],
)
def test_the_sentence_has_the_numbers(told, words):
    kind, level, price = told
    said = alerts.sentence(kind, "AAPL", Decimal(level), Decimal(price), Decimal(100))
    assert said == words
