"""XIRR against published vectors, and its refusals."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.portfolios.performance import XirrRefusal, xirr

END = date(2012, 6, 1)


def flows(*pairs: tuple[str, str]) -> list[tuple[date, Decimal]]:
    return [(date.fromisoformat(day), Decimal(amount)) for day, amount in pairs]


def yearly(*pairs: tuple[int, str]) -> list[tuple[date, Decimal]]:
    """Flows in steps of exactly 365 days."""
    start = date(2001, 1, 1)
    return [(start + timedelta(days=365 * year), Decimal(amount)) for year, amount in pairs]


X1 = flows(
    ("2008-01-01", "-10000"),
    ("2008-03-01", "2750"),
    ("2008-10-30", "4250"),
    ("2009-02-15", "3250"),
    ("2009-04-01", "2750"),
)
X2 = flows(("2010-01-01", "-200"), ("2010-12-31", "210"))
X3 = flows(("2019-05-24", "-1560.94"), ("2020-01-13", "-1160"), ("2020-06-29", "42.80"))


@pytest.mark.parametrize(
    ("ledger", "rate", "precision"),
    [(X1, 0.3733625335, 5e-11), (X2, 0.050140750, 5e-10), (X3, -0.99925164, 5e-9)],
)
def test_x1_to_x3(ledger: list[tuple[date, Decimal]], rate: float, precision: float) -> None:
    assert xirr(ledger).rate == pytest.approx(rate, abs=precision)
    assert xirr(ledger[::-1]) == xirr(ledger)


@pytest.mark.parametrize(
    ("deposits", "final", "rate"),
    [(1, "190.06", 0.0885), (3, "396.85", 0.1560), (3, "426.82", 0.2028)],
)
def test_x4_deposits_along_the_way(deposits: int, final: str, rate: float) -> None:
    paid = [("155", 878), ("84", 514), ("67", 255)][:deposits]
    ledger = [(END - timedelta(days=days), -Decimal(amount)) for amount, days in paid]
    answer = xirr([*ledger, (END, Decimal(final))])
    assert answer.rate == pytest.approx(rate, abs=5e-5)


def test_x5_two_rates_that_fit_are_no_answer() -> None:
    answer = xirr(flows(("2019-01-01", "100"), ("2020-01-01", "-230"), ("2020-12-31", "132")))
    assert answer.rate is None
    assert answer.refusal is XirrRefusal.SEVERAL_ROOTS
    assert answer.roots == pytest.approx((0.1, 0.2), abs=1e-9)
    assert "10.00% and 20.00%" in answer.detail


def test_roots_are_found_however_close_they_lie() -> None:
    """-(x - 1.1)(x - 1.1001) and a triple of rates."""
    answer = xirr(yearly((0, "-1"), (1, "2.2001"), (2, "-1.21011")))
    assert answer.refusal is XirrRefusal.SEVERAL_ROOTS
    assert answer.roots == pytest.approx((0.1, 0.1001), abs=1e-9)
    answer = xirr(yearly((0, "-1000"), (1, "3600"), (2, "-4310"), (3, "1716")))
    assert answer.roots == pytest.approx((0.1, 0.2, 0.3), abs=1e-9)


def test_a_root_that_only_touches_zero_is_no_answer() -> None:
    answer = xirr(yearly((0, "-100"), (1, "220"), (2, "-121")))
    assert answer.refusal is XirrRefusal.SEVERAL_ROOTS
    assert answer.roots == pytest.approx((0.1,), abs=1e-6)
    assert "too close to tell apart" in answer.detail


def test_a_crowd_of_rates_is_refused_in_a_moment() -> None:
    """(x - 1.1)^3 expanded: in float64 the balance is flat around the rate."""
    started = time.perf_counter()
    answer = xirr(yearly((0, "1"), (1, "-3.3"), (2, "3.63"), (3, "-1.331")))
    assert answer.refusal is XirrRefusal.SEVERAL_ROOTS
    assert time.perf_counter() - started < 1.0


def test_many_sign_changes_with_one_rate_have_an_answer() -> None:
    answer = xirr(yearly((0, "-100"), (1, "20"), (2, "-50"), (3, "200")))
    assert answer.refusal is None
    assert len(answer.roots) == 1
    worth = sum(a / (1 + (answer.rate or 0)) ** t for t, a in enumerate([-100, 20, -50, 200]))
    assert worth == pytest.approx(0, abs=1e-10)


def test_flows_of_one_sign_have_no_rate() -> None:
    answer = xirr(yearly((0, "-100"), (1, "-10")))
    assert (answer.rate, answer.refusal) == (None, XirrRefusal.NO_SIGN_CHANGE)


@pytest.mark.parametrize("ledger", [[], yearly((0, "-100")), yearly((0, "-1"), (0, "1"))])
def test_nothing_to_span(ledger: list[tuple[date, Decimal]]) -> None:
    assert xirr(ledger).refusal is XirrRefusal.TOO_SHORT
    assert xirr(ledger, min_days=0).refusal is XirrRefusal.NO_SIGN_CHANGE


def test_a_short_span_is_refused_unless_asked_for() -> None:
    ledger = flows(("2010-01-04", "-100"), ("2010-02-02", "101"))
    answer = xirr(ledger)
    assert answer.refusal is XirrRefusal.TOO_SHORT
    assert "29 days" in answer.detail
    assert xirr(ledger, min_days=1).rate == pytest.approx(1.01 ** (365 / 29) - 1, rel=1e-12)


def test_the_bracket_ends_are_the_rule() -> None:
    assert xirr(yearly((0, "-100"), (1, "1100"))).rate == pytest.approx(10.0, abs=1e-12)
    for final in ("1100.01", "0.0001"):
        answer = xirr(yearly((0, "-100"), (1, final)))
        assert (answer.rate, answer.refusal) == (None, XirrRefusal.OUT_OF_RANGE)
        assert "-99.99% and 1,000%" in answer.detail
    assert xirr(yearly((0, "-100"), (1, "100"))).rate == pytest.approx(0.0, abs=1e-15)


def test_flows_of_one_day_are_netted() -> None:
    ledger = yearly((0, "-100"), (1, "60"), (1, "50"), (0, "0"))
    assert xirr(ledger).rate == pytest.approx(0.1, abs=1e-15)


AMOUNTS = st.decimals("1", "100000", places=2)


@given(st.lists(AMOUNTS, min_size=1, max_size=20), AMOUNTS, st.integers(30, 4000))
def test_the_rate_balances_the_flows(paid: list[Decimal], final: Decimal, days: int) -> None:
    start = date(2000, 1, 3)
    ledger = [(start + timedelta(days=i * days // len(paid)), -a) for i, a in enumerate(paid)]
    ledger.append((start + timedelta(days=days), final))
    answer = xirr(ledger)
    if answer.rate is None:
        assert answer.refusal is XirrRefusal.OUT_OF_RANGE
        return
    terms = [
        float(a) * (1 + answer.rate) ** ((ledger[-1][0] - day).days / 365) for day, a in ledger
    ]
    assert abs(sum(terms)) <= 1e-11 * sum(map(abs, terms))


TENS = st.integers(-4, 9).map(lambda tens: 10 * tens)


@given(st.lists(TENS, min_size=2, max_size=5, unique=True))
def test_every_rate_of_a_polynomial_is_found(percents: list[int]) -> None:
    """Flows built from known rates: all of them must come back."""
    coefficients = [Decimal(1)]
    for percent in percents:
        factor = 1 + Decimal(percent) / 100
        shifted = [Decimal(0), *(-factor * c for c in coefficients)]
        coefficients = [a + b for a, b in zip([*coefficients, Decimal(0)], shifted, strict=True)]
    start = date(2000, 1, 1)
    ledger = [(start + timedelta(days=365 * i), c) for i, c in enumerate(coefficients)]
    answer = xirr(ledger)
    assert answer.roots == pytest.approx(sorted(p / 100 for p in percents), abs=1e-6)
    assert answer.refusal is XirrRefusal.SEVERAL_ROOTS


def test_ten_years_of_daily_flows_in_a_moment() -> None:
    start = date(2000, 1, 3)
    ledger = [(start + timedelta(days=i), Decimal(-100 if i % 3 else 150)) for i in range(3650)]
    ledger.append((start + timedelta(days=3650), Decimal(400_000)))
    started = time.perf_counter()
    assert xirr(ledger).rate is not None
    assert time.perf_counter() - started < 0.5
