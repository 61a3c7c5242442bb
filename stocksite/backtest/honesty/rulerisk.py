"""Rule risk: the same strategy under eight sets of fill rules that libraries use by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from stocksite.backtest.terms import FillAt, Shares, SizeBy, Terms
from stocksite.backtest.trades import Run


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One way to fill the same signals: what it changes, and who does so by default."""

    name: str
    meaning: str
    changes: Callable[[Terms], Terms]


RULE_SETS: Final[tuple[RuleSet, ...]] = (
    RuleSet(
        "ours",
        "Next open, sized at the fill, whole shares (backtesting.py and others agree).",
        lambda terms: replace(terms, fill=FillAt.NEXT_OPEN, size_by=SizeBy.FILL),
    ),
    RuleSet(
        "fractional",
        "Parts of a share may be bought.",
        lambda terms: replace(terms, shares=Shares.FRACTIONAL),
    ),
    RuleSet(
        "fee forgotten",
        "The order size ignores the fee; cash dips below zero.",
        lambda terms: replace(terms, size_by=SizeBy.FILL_NO_FEE),
    ),
    RuleSet(
        "sized at the signal",
        "Size from the signal's close, the account overdraws after a gap up.",
        lambda terms: replace(terms, size_by=SizeBy.SIGNAL_OVERDRAFT),
    ),
    RuleSet(
        "next close",
        "The same, filled at the next close (zipline's default).",
        lambda terms: replace(terms, size_by=SizeBy.SIGNAL_OVERDRAFT, fill=FillAt.NEXT_CLOSE),
    ),
    RuleSet(
        "middle of the day",
        "Filled at the next bar's (high + low)/2, fee forgotten (PyBroker's default).",
        lambda terms: replace(terms, size_by=SizeBy.FILL_NO_FEE, fill=FillAt.NEXT_MID),
    ),
    RuleSet(
        "the signal's own close",
        "Filled at the very price that made the signal (vectorbt's and bt's default).",
        lambda terms: replace(terms, fill=FillAt.SAME_CLOSE),
    ),
    RuleSet("free trading", "No commission, no slippage.", lambda terms: terms.without_costs),
)
"""The eight rule sets; the first is rule set R1 when the terms are R1's."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule set ends with; `difference_pct` in percent of the first rule set's."""

    name: str
    meaning: str
    final: float
    difference_pct: float
    lowest_cash: float


@dataclass(frozen=True, slots=True)
class RuleRisk:
    """All rule sets, and the distance between the best and the worst in percent of ours."""

    results: tuple[RuleResult, ...]
    spread_pct: float


def rule_risk(run_with: Callable[[Terms], Run], terms: Terms) -> RuleRisk:
    """Run the same signals under all rule sets. `run_with` runs them afresh on given terms."""
    runs = [(rules, run_with(rules.changes(terms))) for rules in RULE_SETS]
    ours = runs[0][1].final
    results = tuple(
        RuleResult(
            rules.name, rules.meaning, done.final, 100 * (done.final / ours - 1), done.lowest_cash
        )
        for rules, done in runs
    )
    finals = [result.final for result in results]
    return RuleRisk(results, 100 * (max(finals) - min(finals)) / ours)
