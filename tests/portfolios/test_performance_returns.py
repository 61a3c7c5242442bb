"""Returns against published vectors, and what they refuse."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.portfolios.performance import (
    DayReturn,
    annualise_calendar,
    annualise_trading,
    best_day,
    contributions,
    daily_returns,
    modified_dietz,
    monthly_table,
    returns_of,
    simple_return,
    twr,
    twr_index,
    worst_day,
)

D = Decimal
ZERO = D(0)

# Portfolio Performance, ClientIndexTest: (inflow, outflow, gain) of each day on 10,000.
T1 = [
    ("0", "0", "230"),
    ("200", "0", "200"),
    ("0", "400", "-234.41"),
    ("0", "0", "293.99"),
    ("0", "0", "293.99"),
    ("5400", "0", "195.99"),
    ("0", "3697.04", "-882.52"),
    ("0", "0", "-1003.85"),
]


def test_t1_daily_returns_around_flows() -> None:
    value = D(10000)
    values = []
    for paid_in, paid_out, gain in T1:
        value += D(paid_in) - D(paid_out) + D(gain)
        values.append(value)
    days = daily_returns(values, [D(i) for i, _, _ in T1], [D(o) for _, o, _ in T1], D(10000))
    expected = [0.023, 0.019175455, -0.0220517, 0.0294120, 0.0285716]
    expected += [0.012261967, -0.0545454, -0.0865388]
    np.testing.assert_allclose(days.returns, expected, rtol=0, atol=5e-8)
    assert twr(days.returns) == pytest.approx(-0.056182678, abs=5e-10)
    assert not days.warning


def test_t2_time_weighted_over_three_periods() -> None:
    values = [D("160.26"), D("264.57"), D("426.82")]
    days = daily_returns(values, [ZERO, D(84), D(67)], [ZERO] * 3, D("177.94"))
    np.testing.assert_allclose(days.returns, [-0.0994, 0.0831, 0.2873], rtol=0, atol=5e-5)
    index = twr_index(days.returns)
    assert index[0] == 1.0
    assert index[-1] - 1.0 == pytest.approx(0.2558, abs=5e-5)
    assert twr(days.returns) == pytest.approx(index[-1] - 1.0, abs=1e-15)


def test_a_day_without_capital_counts_as_nothing_and_says_so() -> None:
    days = daily_returns([ZERO, D(110), ZERO, ZERO], [0, 100, 0, 0], [0, 0, 121, 0])
    np.testing.assert_allclose(days.returns, [0.0, 0.1, 0.1, 0.0])
    assert days.undefined.tolist() == [True, False, False, True]
    assert days.warning


def test_no_days_no_return() -> None:
    assert daily_returns([], [], []).returns.size == 0
    assert twr([]) == 0.0
    assert twr_index([]).tolist() == [1.0]
    assert best_day([]) is None
    assert worst_day([]) is None


@pytest.mark.parametrize(
    ("values", "inflows", "outflows", "fault"),
    [
        ([1.0], [-1.0], [0.0], "never negative"),
        ([1.0], [0.0, 0.0], [0.0], "inflows has 2 values and 1 are needed"),
        ([1.0, float("nan")], [0.0, 0.0], [0.0, 0.0], "values is not finite at 1"),
        ([[1.0]], [0.0], [0.0], "not an array"),
    ],
)
def test_broken_series_are_refused(
    values: list[float], inflows: list[float], outflows: list[float], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        daily_returns(values, inflows, outflows)


def test_returns_of_prices() -> None:
    np.testing.assert_allclose(returns_of([D(100), D(110), D(99)]), [0.1, -0.1])
    with pytest.raises(ValueError, match="not positive"):
        returns_of([100.0, 0.0, 50.0])


def test_simple_return_is_profit_on_the_capital_put_in() -> None:
    assert simple_return(D(1000), D(1200), D(500), D(400)) == pytest.approx(100 / 1500)
    assert simple_return(ZERO, ZERO, ZERO, ZERO) is None


def test_m1_modified_dietz_with_flows_both_ways() -> None:
    flows = [(20, D(20000)), (60, D(-10000))]
    assert modified_dietz(D(100000), D(125000), flows, 90) == pytest.approx(0.133663, abs=5e-7)


def test_m2_modified_dietz_with_a_flow_half_way() -> None:
    assert modified_dietz(D(100), D(300), [(1, D(50))], 2) == pytest.approx(1.2, abs=1e-15)


def test_c5_return_on_time_weighted_capital() -> None:
    flows = [(0, D("285.80")), (8, D("273.20"))]
    assert modified_dietz(ZERO, D("595.60"), flows, 26) == pytest.approx(0.077063, abs=5e-7)
    assert pytest.approx(modified_dietz(ZERO, D("595.60"), flows, 26), rel=1e-7) == 36.6 / 474.93846


def test_modified_dietz_needs_capital_and_a_period() -> None:
    assert modified_dietz(D(100), D(10), [(1, D(-500))], 4) is None
    with pytest.raises(ValueError, match="0 to 4"):
        modified_dietz(D(100), D(10), [(5, D(1))], 4)
    with pytest.raises(ValueError, match="at least a day"):
        modified_dietz(D(100), D(10), [], 0)


def test_annualising_portfolios_only_past_a_year() -> None:
    assert annualise_calendar(0.21, 730) == pytest.approx(0.1)
    assert annualise_calendar(0.21, 365) == pytest.approx(0.21)
    assert annualise_calendar(0.21, 364) is None
    assert annualise_calendar(-1.0, 730) == -1.0


def test_annualising_backtests_by_bars() -> None:
    assert annualise_trading(0.1, 126) == pytest.approx(0.21)
    assert annualise_trading(0.1, 0) is None
    assert annualise_trading(0.1, 26, periods=52) == pytest.approx(0.21)


def test_extreme_days() -> None:
    changes = [0.01, -0.02, 0.03, -0.02, 0.03]
    assert best_day(changes) == DayReturn(2, 0.03)
    assert worst_day(changes) == DayReturn(1, -0.02)


def test_monthly_table_compounds_and_leaves_gaps_empty() -> None:
    dates = [date(2008, 11, 3), date(2008, 11, 4), date(2010, 1, 4), date(2010, 2, 1)]
    rows = monthly_table(dates, [0.1, 0.1, 0.5, -0.5])
    assert [row.year for row in rows] == [2008, 2009, 2010]
    assert rows[0].months[10] == pytest.approx(0.21)
    assert rows[0].months[:10] + rows[0].months[11:] == (None,) * 11
    assert rows[1].months == (None,) * 12
    assert rows[1].total == 0.0
    assert rows[2].total == pytest.approx(-0.25)
    assert monthly_table([], []) == []


def test_monthly_table_wants_ascending_dates_of_the_same_number() -> None:
    with pytest.raises(ValueError, match="ascend"):
        monthly_table([date(2010, 1, 5), date(2010, 1, 5)], [0.0, 0.0])
    with pytest.raises(ValueError, match="1 are needed"):
        monthly_table([date(2010, 1, 5)], [0.0, 0.0])


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=80))
def test_years_compound_to_the_whole(changes: list[float]) -> None:
    dates = [date(2009, 1, 2) + timedelta(days=20 * day) for day in range(len(changes))]
    growth = np.prod([1.0 + row.total for row in monthly_table(dates, changes)])
    assert growth == pytest.approx(1.0 + twr(changes), rel=1e-12)


def test_contributions_without_anything_held() -> None:
    days = daily_returns([ZERO], [ZERO], [ZERO])
    assert contributions({"AAPL": [ZERO]}, days) == {"AAPL": 0.0}
    assert contributions({"AAPL": []}, daily_returns([], [], [])) == {"AAPL": 0.0}


@given(
    st.lists(
        st.tuples(*[st.integers(-90, 90)] * 3, st.integers(0, 500), st.integers(0, 100)),
        min_size=1,
        max_size=40,
    )
)
def test_contributions_sum_to_the_time_weighted_return(rows: list[tuple[int, ...]]) -> None:
    value, values, opening = 10_000, [], D(10_000)
    for row in rows:
        value += sum(row[:3]) + row[3] - row[4]
        values.append(D(value))
    inflows, outflows = ([D(row[column]) for row in rows] for column in (3, 4))
    days = daily_returns(values, inflows, outflows, opening)
    names = ("AAPL", "IBM", "fees")
    profits = {name: [D(row[column]) for row in rows] for column, name in enumerate(names)}
    parts = contributions(profits, days)
    assert sum(parts.values()) == pytest.approx(twr(days.returns), abs=1e-12)
