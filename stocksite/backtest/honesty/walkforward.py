"""Walk-forward: choose on the past, trade the months after it, roll on, stitch the months together.

Every combination runs once over the whole history, so indicators and positions are warm when a fold
begins; choosing only decides whose days count. Windows are whole calendar months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stocksite.backtest.bars import Dates, Floats, Ints
from stocksite.backtest.kernels.curves import return_rows
from stocksite.backtest.sweep import Sweep
from stocksite.core.errors import InvalidInput
from stocksite.portfolios import performance as perf


@dataclass(frozen=True, slots=True)
class Fold:
    """Chosen on returns in_from..out_from-1, traded on returns out_from..out_to-1."""

    in_from: int
    out_from: int
    out_to: int
    chosen: int
    in_sharpe: float
    out_sharpe: float | None


@dataclass(frozen=True, slots=True, eq=False)
class WalkForward:
    """All folds, and the daily returns of the stitched months (with the costs of switching).

    `in_sharpe` is the mean of the winners' in-sample ratios, `out_sharpe` that of the stitched
    curve, `efficiency` their quotient; `growth` and `holding` what 1 became, and would have by
    holding; `winners` how many different combinations were chosen.
    """

    folds: tuple[Fold, ...]
    returns: Floats
    in_sharpe: float
    out_sharpe: float | None
    efficiency: float | None
    growth: float
    holding: float
    winners: int


def month_edges(dates: Dates) -> Ints:
    """Where months begin among the returns of closes on `dates`: from 0 to len(dates) - 1.

    Return i leads from close i to close i + 1 and belongs to the month of the latter.
    """
    months = dates[1:].astype("datetime64[M]")
    starts = np.flatnonzero(months[1:] != months[:-1]) + 1
    return np.concatenate(([0], starts, [len(months)]))


def walk_forward(
    sweep: Sweep,
    sums: Floats,
    squares: Floats,
    edges: Ints,
    benchmark: Floats,
    *,
    in_months: int,
    out_months: int,
    warm_up: int,
    cost: float,
    first_bar: int = 0,
) -> WalkForward:
    """Roll windows of `in_months` and `out_months` over monthly sums of all combinations' returns.

    `sums` and `squares`, shape (N, months), and `edges` from `month_edges`; `benchmark` the returns
    of holding; `cost` the fraction one side of a trade costs, charged where a switch of winners
    changes whether shares are held; `first_bar` the market's bar of the first close. InvalidInput
    when the first window is not longer than `warm_up` bars or no fold fits.
    """
    cuts = _cuts(edges, in_months, out_months, warm_up - first_bar)
    picks: list[tuple[int, int, int, int, float]] = []
    for start, middle, end in cuts:
        bars = int(edges[middle] - edges[start])
        ratios = _sharpes(sums[:, start:middle], squares[:, start:middle], bars)
        best = int(ratios.argmax())
        picks.append(
            (int(edges[start]), int(edges[middle]), int(edges[end]), best, float(ratios[best]))
        )
    returns = _stitched(sweep, picks, cost, first_bar)
    return _summary(picks, returns, benchmark)


def _cuts(edges: Ints, in_months: int, out_months: int, needed: int) -> list[tuple[int, int, int]]:
    months = len(edges) - 1
    if in_months < 1 or out_months < 1 or in_months + out_months > months:
        raise InvalidInput(
            f"Choosing on {in_months} and trading {out_months} months needs "
            f"{in_months + out_months} months; there are {months}.",
            code="history-too-short",
        )
    if int(edges[in_months]) <= needed:
        raise InvalidInput(
            f"{in_months} months are {int(edges[in_months])} days, and the slowest average needs "
            f"{needed}: choose longer windows or start later, with history before the start.",
            code="history-too-short",
        )
    starts = range(0, months - in_months, out_months)
    return [(s, s + in_months, min(s + in_months + out_months, months)) for s in starts]


def _sharpes(sums: Floats, squares: Floats, bars: int) -> Floats:
    total = sums.sum(axis=1)
    variance = (squares.sum(axis=1) - total**2 / bars) / (bars - 1)
    flat = variance <= 1e-18
    ratio = total / bars / np.sqrt(np.where(flat, 1.0, variance)) * np.sqrt(perf.TRADING_DAYS)
    ratio[flat] = 0.0
    return np.asarray(ratio)


def _stitched(
    sweep: Sweep, picks: list[tuple[int, int, int, int, float]], cost: float, first_bar: int
) -> Floats:
    """The winners' own daily returns in their months, less what aligning positions costs."""
    chosen = np.array(sorted({pick[3] for pick in picks}))
    row = {int(combination): i for i, combination in enumerate(chosen)}
    curves = np.concatenate([rows for _, _, rows in sweep.equity(chosen)])
    returns = return_rows(curves)
    boundaries = np.array([pick[1] for pick in picks])
    held = sweep.held(chosen, first_bar + boundaries)
    parts = []
    before = False
    for fold, (_, start, end, best, _) in enumerate(picks):
        part = returns[row[best], start:end].copy()
        now = bool(held[row[best], fold])
        if now != before:
            part[0] -= cost
        parts.append(part)
        before = bool(sweep.held(chosen[[row[best]]], np.array([first_bar + end]))[0, 0])
    return np.concatenate(parts)


def _summary(
    picks: list[tuple[int, int, int, int, float]], returns: Floats, benchmark: Floats
) -> WalkForward:
    folds = []
    done = 0
    for start, middle, end, best, ratio in picks:
        part = returns[done : done + end - middle]
        folds.append(Fold(start, middle, end, best, ratio, perf.sharpe(part)))
        done += end - middle
    inside = float(np.mean([fold.in_sharpe for fold in folds]))
    outside = perf.sharpe(returns)
    held = benchmark[picks[0][1] : picks[-1][2]]
    return WalkForward(
        folds=tuple(folds),
        returns=returns,
        in_sharpe=inside,
        out_sharpe=outside,
        efficiency=outside / inside if outside is not None and inside > 0 else None,
        growth=1 + perf.twr(returns),
        holding=1 + perf.twr(held),
        winners=len({fold.chosen for fold in folds}),
    )
