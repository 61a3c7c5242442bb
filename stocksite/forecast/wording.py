"""A forecast in plain words: what the fan says, how sure, and what it does not say."""

from __future__ import annotations

from stocksite.forecast.boarding import Board, skill
from stocksite.forecast.reading import ForecastView
from stocksite.web import format as formats

_STATES = {
    "calm": "calmer than usual for this stock",
    "middle": "about as lively as usual for this stock",
    "wild": "livelier than usual for this stock",
}


def reading(view: ForecastView) -> list[str]:
    """Sentences beside the chart, the most important first."""
    if view.refused:
        return [view.reason]
    end = view.last

    def money(value: float) -> str:
        return str(formats.price(round(value, 2)))

    lines = [
        (
            f"In 8 of 10 such windows the price ended between {money(end.at(0.1))} and "
            f"{money(end.at(0.9))} on {formats.day(end.date)}; in 19 of 20 between "
            f"{money(end.at(0.025))} and {money(end.at(0.975))}."
        ),
        (
            f"The middle is the last close, {money(view.last_close or 0)}: nothing we tested "
            "beats it, so this says how far the price may go, not where."
        ),
        f"Prices have been {_STATES.get(view.state, 'unusual')} before the origin.",
    ]
    if view.up_share_pct is not None and view.up_windows:
        lines.append(
            f"Up or down? After thirty days {view.symbol} was higher in "
            f"{view.up_share_pct:.0f} % of the {view.up_windows:,} windows before. That is the "
            "base rate; the forecast adds nothing to it."
        )
    return lines


def skill_line(board: Board) -> str:
    """How our widths have done against the hardest simple rival, and the center against naive."""
    ours = board.of("model")
    if ours is None:
        return "Nothing has matured yet, so there is no skill to report."
    ratio = ours.vs_ewma
    bounds = f", 95 % interval {ratio.low:.3f} to {ratio.high:.3f}" if ratio.low else ""
    return (
        f"Over {ours.n:,} matured days our widths lost {ratio.value:.3f} times what recent "
        f"volatility alone loses (CRPS{bounds}). {skill(ratio, 'recent volatility')}. "
        "The center is the last price itself: no measurable skill over last price."
    )
