"""The quality gate: which of the bars that a provider sent may be stored.

A bar is *refused* when it cannot be true: a price that is missing, not positive or outside its
own high and low, a day without a session or not finished yet, two different bars for one day.
A bar is *held* (quarantined) when it may be true but must not be believed yet: its close moved
more than 30 % against the last believed close, and no split, no second provider and no
administrator explains it. Later bars are measured against the last believed one, so a single
wrong day holds only itself, and a jump in level holds everything after it until it is explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stocksite.core.calendar import xnys
from stocksite.market import adjust
from stocksite.market.adjust import Days, Floats, Split
from stocksite.market.overlap import AGREE, Known
from stocksite.market.providers.base import BarSeries, Basis

MAX_MOVE = 0.30
SPLIT_SURE = 2.75
"""A level change of this factor or more that looks like a split is one: only the split itself or
an administrator explains it. A halving may be a crash; another provider can tell."""
_FEW = 2
"""So many bars at the beginning, off the level of all that follow, are the wrong ones."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Opinion:
    """Closes of another provider, ascending, to compare moves with.

    A raw series shows a split as a move, so it proves a move only when the splits of its range
    are known to be complete (`splits_checked`).
    """

    provider: str
    basis: Basis
    days: Days
    closes: Floats
    splits_checked: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gate may rely on."""

    last_session: date
    """The latest session whose bar may be believed to be finished."""
    known: Known = field(default_factory=Known.nothing)
    splits: Sequence[Split] = ()
    opinions: Sequence[Opinion] = ()
    confirmed: frozenset[date] = frozenset()
    """Days whose move an administrator has confirmed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A bar that cannot be true, and why: `prices`, `volume`, `session`, `future`, `duplicate`."""

    day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """A bar that waits for an explanation. `move` is its share against the last believed close."""

    day: date
    move: float
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a series."""

    accepted: BarSeries
    """Ascending, one bar a day, without the days that were known."""
    held: BarSeries
    holds: tuple[Held, ...]
    """One for each bar of `held`."""
    refused: tuple[Refused, ...]
    gaps: tuple[date, ...]
    """Sessions between the first and the last believed day that have no bar."""
    flags: dict[date, str]
    """`no volume`, `repeat` (the same bar as the day before): believed, but marked."""
    explained: dict[date, str]
    """What explained a move: `split`, `administrator`, or a provider's name."""


def examine(series: BarSeries, evidence: Evidence) -> Verdict:
    """Sort a raw series into accepted, held and refused bars."""
    clean, refused = _sound(series, evidence.last_session)
    fresh = clean.where(~_among(clean.days, evidence.known.days))
    walk = _Walk(fresh, evidence)
    accepted = fresh.where(walk.believed)
    return Verdict(
        accepted=accepted,
        held=fresh.where(~walk.believed),
        holds=tuple(walk.holds[int(i)] for i in np.flatnonzero(~walk.believed)),
        refused=tuple(refused),
        gaps=gaps(np.union1d(accepted.days, evidence.known.days), accepted.days),
        flags=_flags(accepted),
        explained=walk.explained,
    )


@cache
def _sessions() -> Days:
    return np.array([s.date for s in xnys().sessions], dtype="datetime64[D]")


def _among(days: Days, ordered: Days) -> Mask:
    """Which of the days are among those, which ascend: by bisection, since a grouped day asks this
    for one bar and thousands of sessions at a time."""
    if not len(ordered):
        return np.zeros(len(days), dtype=bool)
    at = np.minimum(np.searchsorted(ordered, days), len(ordered) - 1)
    return np.asarray(ordered[at] == days)


def _sound(series: BarSeries, last: date) -> tuple[BarSeries, list[Refused]]:
    """The bars that can be true, ascending, one a day; and the others."""
    prices = np.stack([series.open, series.high, series.low, series.close])
    with np.errstate(invalid="ignore"):
        good = np.isfinite(prices).all(axis=0) & (prices > 0).all(axis=0)
        good &= (series.high >= prices.max(axis=0)) & (series.low <= prices.min(axis=0))
        volumes = np.isfinite(series.volume) & (series.volume >= 0)
    reasons = np.full(len(series), "", dtype="U10")
    reasons[~volumes] = "volume"
    reasons[~good] = "prices"
    reasons[~_among(series.days, _sessions())] = "session"
    reasons[series.days > np.datetime64(last, "D")] = "future"
    for day in _repeated(series.days[reasons == ""]):
        same = np.flatnonzero((series.days == day) & (reasons == ""))
        rows = np.column_stack([prices.T, series.volume])[same]
        reasons[same[1:] if (rows == rows[0]).all() else same] = "duplicate"
    refused = [
        Refused(series.days[i].item(), str(reasons[i])) for i in np.flatnonzero(reasons != "")
    ]
    kept = np.flatnonzero(reasons == "")
    return series.where(kept[np.argsort(series.days[kept], kind="stable")]), refused


def _repeated(days: Days) -> Days:
    if len(days) < 2:
        return days[:0]
    unique, counts = np.unique(days, return_counts=True)
    return unique[counts > 1]


class _Walk:
    """Goes through new and known closes in order and believes or holds each new one."""

    def __init__(self, fresh: BarSeries, evidence: Evidence) -> None:
        self.believed: Mask = np.ones(len(fresh), dtype=bool)
        self.holds: dict[int, Held] = {}
        self.explained: dict[date, str] = {}
        self._evidence = evidence
        known = evidence.known
        order = np.argsort(np.concatenate([fresh.days, known.days]), kind="stable")
        self._days: Days = np.concatenate([fresh.days, known.days])[order]
        self._raw: Floats = np.concatenate([fresh.close, known.closes])[order]
        self._new: list[int] = [int(i) if i < len(fresh) else -1 for i in order]
        if not len(order):
            return
        last = self._days[-1].item()
        self._adjusted = self._raw * adjust.split_factors(self._days, evidence.splits, last)
        self._note_splits()
        moves = np.abs(self._adjusted[1:] / self._adjusted[:-1] - 1)
        if (moves > MAX_MOVE).any():
            self._slowly()

    def _note_splits(self) -> None:
        for split in self._evidence.splits:
            at = int(np.searchsorted(self._days, np.datetime64(split.ex_date, "D")))
            if 0 < at < len(self._days) and self._new[at] >= 0:
                raw = abs(self._raw[at] / self._raw[at - 1] - 1)
                if raw > MAX_MOVE >= abs(self._adjusted[at] / self._adjusted[at - 1] - 1):
                    self.explained[self._days[at].item()] = "split"

    def _slowly(self) -> None:
        skipped = self._wrong_beginning()
        reference = -1
        since_known: list[int] = []
        for i in range(skipped, len(self._days)):
            jump = reference >= 0 and not self._plausible(reference, i)
            if self._new[i] >= 0:
                if jump:
                    self._hold(i, reference)
                    continue
                since_known.append(i)
            else:
                if jump:
                    # What is stored stays believed; what led up to it does not fit.
                    for j in since_known:
                        self._hold(j, i)
                since_known = []
            reference = i

    def _wrong_beginning(self) -> int:
        """How many of the first bars are off the level of the ten that follow."""
        for n in range(1, _FEW + 1):
            rest = self._adjusted[n : n + 11]
            steady = len(rest) > 10 and (np.abs(rest[1:] / rest[:-1] - 1) <= MAX_MOVE).all()
            if steady and max(self._new[:n]) >= 0 and not self._plausible(n - 1, n):
                if min(self._new[:n]) < 0:
                    return 0
                for i in range(n):
                    self._hold(i, n)
                return n
        return 0

    def _plausible(self, before: int, at: int) -> bool:
        if abs(self._adjusted[at] / self._adjusted[before] - 1) <= MAX_MOVE:
            return True
        day = self._days[at].item()
        if day in self._evidence.confirmed:
            self.explained[day] = "administrator"
            return True
        ratio = float(self._adjusted[at] / self._adjusted[before])
        if split_hint(ratio) and not 1 / SPLIT_SURE < ratio < SPLIT_SURE:
            return False  # two providers can both have missed the same split
        for opinion in self._evidence.opinions:
            if self._agrees(opinion, before, at):
                self.explained[day] = opinion.provider
                return True
        return False

    def _agrees(self, opinion: Opinion, before: int, at: int) -> bool:
        if opinion.basis is not Basis.SPLIT and not opinion.splits_checked:
            return False
        pair = [self._days[before], self._days[at]]
        found = np.searchsorted(opinion.days, pair)
        if (found >= len(opinion.days)).any() or (opinion.days[found] != pair).any():
            return False
        theirs = opinion.closes[found[1]] / opinion.closes[found[0]]
        ours = self._adjusted if opinion.basis is Basis.SPLIT else self._raw
        return bool(abs(ours[at] / ours[before] / theirs - 1) <= AGREE)

    def _hold(self, i: int, reference: int) -> None:
        at = self._new[i]
        ratio = float(self._adjusted[i] / self._adjusted[reference])
        self.believed[at] = False
        self.holds[at] = Held(self._days[i].item(), ratio - 1, split_hint(ratio))


def split_hint(ratio: float) -> str:
    """`like a 10:1 split` for a price ratio near one of whole numbers; else empty."""
    if not ratio > 0:
        return ""
    for to, of in ((2, 1), (3, 1), (3, 2), (4, 1), (5, 1), (7, 1), (8, 1), (10, 1), (20, 1)):
        for up, down in ((to, of), (of, to)):
            if abs(ratio * up / down - 1) < 0.05:
                return f"like a {up}:{down} split"
    return ""


def gaps(have: Days, fresh: Days) -> tuple[date, ...]:
    """Sessions without a bar among the days one has, from the session before the first fresh."""
    if not len(fresh) or not len(have):
        return ()
    earlier = have[have < fresh[0]]
    first = earlier[-1] if len(earlier) else fresh[0]
    sessions = _sessions()
    wanted = sessions[
        np.searchsorted(sessions, first) : np.searchsorted(sessions, fresh[-1], side="right")
    ]
    return tuple(np.setdiff1d(wanted, have).tolist())


def _flags(series: BarSeries) -> dict[date, str]:
    flags: dict[date, str] = {}
    for i in np.flatnonzero(series.volume == 0):
        flags[series.days[i].item()] = "no volume"
    if len(series) > 1:
        columns = (series.open, series.high, series.low, series.close, series.volume)
        same = np.logical_and.reduce([c[1:] == c[:-1] for c in columns])
        for i in np.flatnonzero(same):
            flags[series.days[i + 1].item()] = "repeat"
    return flags
