"""The reference engine against figures that other libraries reach to the cent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stocksite.backtest.engine import run
from stocksite.backtest.honesty.rulerisk import RULE_SETS, rule_risk
from stocksite.backtest.strategies import SmaCross
from stocksite.backtest.terms import R1, Costs, FillAt, Shares, SizeBy, Terms
from stocksite.backtest.trades import Run
from tests.backtest.samples import adjusted, one, raw

AAPL = one(raw("AAPL"))
STRATEGY = SmaCross(20, 50)

ROWS = [
    ("R1", R1, 472_726.56, 1),
    ("fractional", replace(R1, shares=Shares.FRACTIONAL), 472_664.17, 0),
    ("size ignores the fee", replace(R1, size_by=SizeBy.FILL_NO_FEE), 472_523.46, -300),
    ("size on signal", replace(R1, size_by=SizeBy.SIGNAL_OVERDRAFT), 480_482.28, -3_281),
    (
        "same, next close",
        replace(R1, size_by=SizeBy.SIGNAL_OVERDRAFT, fill=FillAt.NEXT_CLOSE),
        572_588.36,
        -7_160,
    ),
    (
        "next mid",
        replace(R1, size_by=SizeBy.FILL_NO_FEE, fill=FillAt.NEXT_MID),
        494_273.95,
        -212,
    ),
    ("same close", replace(R1, fill=FillAt.SAME_CLOSE), 427_501.37, 1),
    ("no commission", replace(R1, costs=Costs(0.0)), 501_707.49, 4),
]


@pytest.mark.parametrize(("name", "terms", "final", "lowest"), ROWS)
def test_what_each_rule_is_worth(name: str, terms: Terms, final: float, lowest: float) -> None:
    done = run(STRATEGY.decider(AAPL), AAPL, 100_000, terms)
    assert round(done.final, 2) == final
    assert len(done.closed) == 30
    assert done.lowest_cash == pytest.approx(lowest, abs=0.6)


def test_orders_sized_at_the_signal_and_rejected() -> None:
    """What backtrader does by default: 13 of 30 buys vanish without an exception."""
    terms = replace(R1, size_by=SizeBy.SIGNAL_OR_REJECT)
    done = run(STRATEGY.decider(AAPL), AAPL, 100_000, terms)
    assert round(done.final, 2) == 127_822.31
    assert (done.dropped, len(done.closed)) == (13, 17)


def test_on_adjusted_bars_at_four_places() -> None:
    market = one(adjusted("AAPL", 4))
    assert run(STRATEGY.decider(market), market, 100_000).final == pytest.approx(737_387, abs=0.5)


def test_best_pair_of_the_reference_on_adjusted_bars() -> None:
    market = one(adjusted("AAPL"))
    done = run(SmaCross(50, 56).decider(market), market, 100_000)
    assert done.final == pytest.approx(7.13e6, rel=1e-3)


def test_rule_laboratory_reproduces_the_table() -> None:
    def run_with(terms: Terms) -> Run:
        return run(STRATEGY.decider(AAPL), AAPL, 100_000, terms)

    risk = rule_risk(run_with, R1)
    assert len(RULE_SETS) == len(risk.results) == 8
    assert [round(result.final, 2) for result in risk.results] == [row[2] for row in ROWS]
    assert risk.spread_pct == pytest.approx(100 * (572_588.36 - 427_501.37) / 472_726.56, abs=1e-4)
