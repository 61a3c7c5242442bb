"""The verdict: did it beat simply holding, or was it lucky; in plain words, figures first.

The Reality Check against holding decides. Deflated Sharpe and walk-forward are second opinions, PBO
says only whether the best cell is better than its neighbors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stocksite.backtest.honesty.lookahead import LookAheadCheck
from stocksite.backtest.honesty.overfitting import Deflated
from stocksite.backtest.honesty.reality import RealityCheck
from stocksite.backtest.honesty.rulerisk import RuleRisk
from stocksite.backtest.honesty.walkforward import WalkForward

SIGNIFICANT: Final = 0.05


class Standing(StrEnum):
    """The verdict in one word."""

    BEHIND = "behind"
    LUCK = "luck"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`headline` and `sentences` for people, the figures behind them for programs."""

    standing: Standing
    headline: str
    sentences: tuple[str, ...]
    growth: float
    holding: float
    reality: RealityCheck
    deflated: Deflated | None = None
    pbo: float | None = None
    interval: tuple[float, float] | None = None
    walk: WalkForward | None = None
    cost_share: float | None = None
    look_ahead: LookAheadCheck | None = None
    rule_risk: RuleRisk | None = None


def judge(
    growth: float,
    holding: float,
    reality: RealityCheck,
    *,
    deflated: Deflated | None = None,
    pbo: float | None = None,
    interval: tuple[float, float] | None = None,
    walk: WalkForward | None = None,
    cost_share: float | None = None,
    look_ahead: LookAheadCheck | None = None,
    rule_risk: RuleRisk | None = None,
) -> Verdict:
    """Weigh everything. `growth` and `holding`: what 1 became with the strategy and by holding."""
    standing = standing_of(growth, holding, reality)
    said = [
        _luck(reality),
        _deflated(deflated),
        _walk(walk),
        _interval(interval),
        _pbo(pbo),
        _costs(cost_share),
        _rules(rule_risk),
        _look_ahead(look_ahead),
    ]
    return Verdict(
        standing,
        _headline(standing, growth, holding),
        tuple(sentence for sentence in said if sentence),
        growth,
        holding,
        reality,
        deflated,
        pbo,
        interval,
        walk,
        cost_share,
        look_ahead,
        rule_risk,
    )


def standing_of(growth: float, holding: float, reality: RealityCheck) -> Standing:
    """An edge needs the Reality Check; more money than holding without it may be luck."""
    if reality.p_value < SIGNIFICANT:
        return Standing.EDGE
    return Standing.LUCK if growth > holding else Standing.BEHIND


def cost_share(final: float, final_free: float, start: float) -> float | None:
    """What costs took of the profit there would have been; None without such a profit."""
    return (final_free - final) / (final_free - start) if final_free > start else None


def _headline(standing: Standing, growth: float, holding: float) -> str:
    compared = f"it made {_change(growth)}, holding made {_change(holding)}"
    if standing is Standing.BEHIND:
        return f"It did not beat simply holding: {compared}."
    if standing is Standing.LUCK:
        return f"It ended ahead of simply holding, but luck explains it: {compared}."
    if growth > holding:
        return f"It beat simply holding by more than luck explains: {compared}."
    return f"Its days beat holding's by more than luck explains, though {compared}."


def _luck(reality: RealityCheck) -> str:
    tried = "this one try" if reality.trials == 1 else f"the best of {reality.trials:,} tries"
    share = 100 * reality.p_value
    shown = "fewer than 1" if share < 1 else f"{share:.0f}"
    looks = f"{shown}% of luck-only worlds look at least as good as {tried}"
    return f"{looks} (Reality Check against holding, p = {reality.p_value:.3f})."


def _deflated(deflated: Deflated | None) -> str:
    if deflated is None or deflated.dsr is None:
        return ""
    if deflated.trials == 1:
        return (
            f"Its Sharpe ratio is above zero with probability {100 * deflated.dsr:.1f}% (which "
            "compares with cash, not with holding)."
        )
    return (
        f"Allowing for {deflated.trials:,} tries, its Sharpe ratio is above what luck alone would "
        f"show with probability {100 * deflated.dsr:.1f}% (deflated Sharpe ratio; it compares "
        "with cash, not with holding)."
    )


def _walk(walk: WalkForward | None) -> str:
    if walk is None or walk.out_sharpe is None:
        return ""
    went = "fell" if walk.out_sharpe < walk.in_sharpe else "went"
    return (
        f"Chosen on the past and traded on the months after, its Sharpe ratio {went} from "
        f"{_ratio(walk.in_sharpe)} to {_ratio(walk.out_sharpe)}; 1 became {walk.growth:.2f}, by "
        f"holding {walk.holding:.2f} ({len(walk.folds)} folds, {walk.winners} different winners)."
    )


def _interval(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return ""
    low, high = interval
    return f"Its Sharpe ratio lies between {_ratio(low)} and {_ratio(high)} with 95% confidence."


def _pbo(pbo: float | None) -> str:
    if pbo is None:
        return ""
    return (
        f"In {100 * pbo:.0f}% of splits the best setting of one half was below the middle in the "
        "other: near 50%, it is no better than its neighbors."
    )


def _costs(share: float | None) -> str:
    if share is None:
        return ""
    if share >= 1:
        return "Costs ate the whole profit."
    return f"Costs took {100 * share:.1f}% of the profit." if share > 0 else ""


def _rules(risk: RuleRisk | None) -> str:
    if risk is None:
        return ""
    return (
        f"Under {len(risk.results)} common sets of fill rules the same signals end "
        f"{risk.spread_pct:.1f}% apart."
    )


def _look_ahead(check: LookAheadCheck | None) -> str:
    if check is None:
        return ""
    if check.passed:
        return f"It never looked ahead ({check.futures_tried} other futures tried)."
    return f"It looks ahead: decisions before bar {check.findings[0].cut} change with its future."


def _ratio(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _change(growth: float) -> str:
    return f"{100 * (growth - 1):+,.1f}%".replace("-", "−")
