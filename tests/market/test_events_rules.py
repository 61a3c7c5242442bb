"""The rule of significant events: what crosses, what comes first, and that splits are no events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.market import events
from stocksite.market.adjust import Split
from stocksite.market.events import Close, Direction

TWO = Decimal(2)
DAY = date(2009, 1, 14)
PRICES = st.decimals("0.01", "100000", places=4)
THRESHOLDS = st.decimals("0.01", "50", places=2)


@pytest.mark.parametrize(
    ("price", "direction", "change"),
    [
        ("102", Direction.UP, 2.0),
        ("98", Direction.DOWN, -2.0),
        ("101.999999", None, None),
        ("98.000001", None, None),
        ("100", None, None),
        ("48.13", Direction.DOWN, -51.87),
        ("333.333333", Direction.UP, 233.3333),
    ],
)
def test_a_move_of_exactly_the_threshold_counts_and_less_does_not(price, direction, change):
    found = events.move(Decimal(price), Decimal(100), TWO)
    if direction is None:
        assert found is None
    else:
        assert found is not None
        assert (found.direction, found.change_pct) == (direction, change)
        assert found.previous_price == 100


def test_without_a_previous_close_nothing_is_an_event():
    assert events.move(Decimal(10), None, TWO) is None
    assert events.move(Decimal(10), Decimal(0), TWO) is None


@given(PRICES, PRICES, THRESHOLDS)
def test_what_is_an_event_really_moved_that_far_and_what_is_not_did_not(price, previous, threshold):
    found = events.move(price, previous, threshold)
    share = abs(price / previous - 1) * 100
    slack = Decimal("1e-20")
    if found is None:
        assert share < threshold + slack
    else:
        assert share >= threshold - slack
        assert (found.direction is Direction.UP) == (price > previous)
        assert found.change_pct == pytest.approx(float((price / previous - 1) * 100), abs=6e-5)


@given(
    st.lists(PRICES, max_size=30),
    st.decimals("1", "1000", places=2),
    st.decimals("1", "9", places=1),
)
def test_only_the_first_price_of_each_direction_counts(prices, previous, threshold):
    opened = datetime(2009, 1, 14, 14, 30, tzinfo=UTC)
    path = [(opened + timedelta(minutes=n), price) for n, price in enumerate(prices)]
    found = events.first_moves(path, previous, threshold)
    for direction in Direction:
        crossing = [
            (at, price)
            for at, price in path
            if (price - previous) * (1 if direction is Direction.UP else -1) * 100
            >= threshold * previous
        ]
        if crossing:
            assert (found[direction][0], found[direction][1].price) == crossing[0]
        else:
            assert direction not in found


@given(
    close=st.decimals("1", "5000", places=2),
    ratio=st.sampled_from([(2, 1), (3, 1), (3, 2), (7, 1), (1, 10), (1, 4), (5, 4), (20, 1)]),
    threshold=st.decimals("0.5", "20", places=1),
)
def test_a_split_alone_is_no_event_whatever_its_ratio(close, ratio, threshold):
    to, of = ratio
    after = round(float(close) * of / to, 6)
    row = Close(DAY, after, date(2009, 1, 13), float(close), (Split(DAY, to, of),))
    assert events.closing_move(row, threshold) is None
    unadjusted = Close(DAY, after, date(2009, 1, 13), float(close))
    assert events.closing_move(unadjusted, Decimal("0.5")) is not None, "the control"


@given(
    close=st.decimals("10", "500", places=2),
    change=st.decimals("-30", "30", places=1),
    ratio=st.sampled_from([(2, 1), (3, 2), (1, 10)]),
)
def test_a_real_move_on_a_splits_day_is_measured_in_the_new_shares(close, change, ratio):
    to, of = ratio
    after = round(float(close) * of / to * (1 + float(change) / 100), 6)
    row = Close(DAY, after, date(2009, 1, 13), float(close), (Split(DAY, to, of),))
    found = events.closing_move(row, Decimal(5))
    if abs(change) >= Decimal("5.1"):
        assert found is not None
        assert found.change_pct == pytest.approx(float(change), abs=0.01)
    elif abs(change) <= Decimal("4.9"):
        assert found is None


def test_apple_on_the_29th_of_september_2000():
    found = events.closing_move(Close(date(2000, 9, 29), 25.75, date(2000, 9, 28), 53.5), TWO)
    assert found is not None
    assert (found.direction, found.price, found.previous_price, found.change_pct) == (
        Direction.DOWN,
        Decimal("25.75"),
        Decimal("53.5"),
        -51.8692,
    )


def test_the_names_of_the_directions_sort_like_what_is_stored():
    names = sorted(events.EVENT_TYPES)
    assert [events.EVENT_TYPES[name].value for name in names] == sorted(events.TYPE_OF)
