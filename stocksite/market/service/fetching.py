"""Fetching history: ask the chain, judge at the gate, store with provenance.

These use cases wait for the network, so they are for jobs only and open their own short
transactions: none is held while a provider is asked. Equal fetches at the same time are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from stocksite.core.calendar import trading_date, xnys
from stocksite.core.database import unit_of_work
from stocksite.market import freshness
from stocksite.market.adjust import Split
from stocksite.market.overlap import AGREE, OVERLAP_CLOSES, Known, overlap
from stocksite.market.providers.base import BarSeries, Basis, Capability, ProviderAction
from stocksite.market.providers.chain import is_busy, most_telling
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import (
    MalformedPayload,
    NoData,
    NoProvider,
    ProviderError,
    UnknownSymbol,
)
from stocksite.market.quality import Evidence, Opinion, Verdict, examine
from stocksite.market.service import fetch_log, quoting, requesting, storing
from stocksite.market.service.storing import Stored
from stocksite.market.symbols import normalize

if TYPE_CHECKING:
    from stocksite.market.providers.setup import Desk

FRESH_S = 30.0
"""Whoever asks for the same history within this time gets what is there now."""


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What fetching a history came to.

    `outcome`: `fetched`, `current` (nothing newer can exist), `followed` (somebody else has just
    fetched it), `pending` (somebody else is at it).
    """

    symbol: str
    outcome: str
    provider: str = ""
    new_bars: int = 0
    held: int = 0
    refused: int = 0
    gaps: int = 0
    note: str = ""


def fetch_history(
    desk: Desk, symbol: str, *, years: int = 2, force: bool = False, wait_s: float = 2.0
) -> HistoryReport:
    """Bring a symbol's daily history up to the last settled session; starts tracking it.

    `force` fetches the whole span again, to fill gaps and to look again at held bars.
    Raises UnknownSymbol when every provider that was asked says that there is no such symbol,
    NoProvider when none covers it, and the most telling ProviderError when none could answer.
    Bars that fail the gate are not stored; what was stored before stays as it was.
    """
    name = normalize(symbol)
    with unit_of_work() as session:
        have = storing.stored(session, name)
    until = freshness.last_settled(desk.now(), xnys())
    if until is None or (not force and _reaches(have.known, until)):
        return HistoryReport(name, "current")
    key = f"history:{name}:{years}:{until}"
    if force:
        desk.flights.forget(key)
    flight = desk.flights.run(
        key, lambda: _fetch(desk, have, until, years, force), fresh_s=FRESH_S, wait_s=wait_s
    )
    return flight.value or HistoryReport(name, flight.status)


def _reaches(known: Known, until: date) -> bool:
    return bool(len(known.days)) and known.days[-1] >= np.datetime64(until, "D")


def _fetch(desk: Desk, have: Stored, until: date, years: int, whole: bool) -> HistoryReport:
    series = _series(desk, have, until, years, whole)
    evidence = Evidence(until, have.known, have.splits, (), have.confirmed)
    verdict = examine(series, evidence)
    actions: Sequence[ProviderAction] = ()
    source = ""
    if verdict.holds:
        actions, source, evidence = _explain(desk, have, series, verdict, evidence)
        verdict = examine(series, evidence)
    with unit_of_work() as session:
        stock_id = storing.ensure_stock(session, have.inst.symbol, have.name)
        fetch_id = fetch_log.log_fetch(session, series, verdict, stock_id)
        storing.store_actions(session, stock_id, actions, source)
        new = storing.store_verdict(session, stock_id, verdict, fetch_id, desk.now())
        quoting.quote_from_bars(session, desk.now(), [stock_id])
    return HistoryReport(
        symbol=have.inst.symbol,
        outcome="fetched",
        provider=series.provider,
        new_bars=new,
        held=len(verdict.holds),
        refused=len(verdict.refused),
        gaps=len(verdict.gaps),
        note=series.note,
    )


def _series(desk: Desk, have: Stored, until: date, years: int, whole: bool) -> BarSeries:
    """The first provider's raw bars that continue what is stored; refusals are recorded.

    One that is only busy is waited for, unless the next one's history reaches as far back.
    """
    failures: list[ProviderError] = []
    sources = [
        source
        for source in desk.chain.candidates(Capability.DAILY_BARS, have.inst)
        if Basis.RAW in source.bases
    ]
    for n, source in enumerate(sources, start=1):
        start = _start(desk, source, have, years, whole)
        try:
            series = _ask(desk, source, have, start, until, Basis.RAW)
            _must_continue(have, series)
            return series
        except ProviderError as error:
            failures.append(error)
            fetch_log.log_failure(error, "daily_bars", desk.now(), have.stock_id)
            today = trading_date(desk.now())
            if is_busy(error) and not any(s.earliest(today) <= start for s in sources[n:]):
                raise
    if not failures:
        raise NoProvider("chain", f"no provider that is switched on covers {have.inst.symbol}")
    if have.stock_id is None and all(isinstance(e, (NoData, UnknownSymbol)) for e in failures):
        _must_exist(desk, have)
    raise most_telling(failures)


def _start(desk: Desk, source: MarketSource, have: Stored, years: int, whole: bool) -> date:
    """From where to ask: the beginning, or as far back as a comparison needs."""
    today = trading_date(desk.now())
    begin = today - timedelta(days=round(365.25 * years) - 1)
    reachable = max(begin, source.earliest(today))
    if whole or not len(have.known.days):
        return reachable
    back = min(len(have.known.days), OVERLAP_CLOSES + 5)
    compared: date = have.known.days[-back].item()
    first: date = have.known.days[0].item()
    # A longer history than is stored was asked for, and this provider has it.
    return reachable if reachable < first - timedelta(days=7) else compared


def _ask(
    desk: Desk, source: MarketSource, have: Stored, start: date, until: date, basis: Basis
) -> BarSeries:
    def call(provider: Any) -> BarSeries:
        series: BarSeries = provider.daily_bars(have.inst, start, until, basis)
        return series

    return desk.chain.through(source, Capability.DAILY_BARS, call)


def _must_continue(have: Stored, series: BarSeries) -> None:
    """Raises MalformedPayload when the series is not the one that is stored."""
    compared = overlap(have.known, series)
    differs = compared.compared and compared.worst > AGREE
    foreign = have.source not in (None, series.provider)
    if differs or (foreign and not compared.agrees):
        raise MalformedPayload(
            series.provider,
            f"its closes differ from the stored ones of {have.source} by up to "
            f"{compared.worst:.2%} over {compared.compared} days, so the series is not continued",
        )


def _must_exist(desk: Desk, have: Stored) -> None:
    """Asks for the company when nobody has bars. Raises UnknownSymbol when nobody knows it."""
    inst = have.inst
    try:
        desk.chain.ask(Capability.PROFILE, lambda provider: provider.profile(inst), inst)
    except UnknownSymbol as error:
        with unit_of_work() as session:
            requesting.remember_unknown(session, inst.symbol, error.provider, desk.now())
        raise


def _explain(
    desk: Desk, have: Stored, series: BarSeries, verdict: Verdict, evidence: Evidence
) -> tuple[Sequence[ProviderAction], str, Evidence]:
    """Look for what explains the moves: splits first, then another provider's closes."""
    first, last = series.days.min().item(), series.days.max().item()
    inst = have.inst
    actions: Sequence[ProviderAction] = ()
    asked = None
    try:
        asked = desk.chain.ask(
            Capability.CORPORATE_ACTIONS,
            lambda provider: provider.corporate_actions(inst, first, last),
            inst,
        )
        actions = asked.value
    except ProviderError as error:
        fetch_log.log_failure(error, "daily_bars", desk.now(), have.stock_id)
    told = {
        action.ex_date: Split(action.ex_date, action.ratio_to, action.ratio_from)
        for action in actions
        if action.kind == "split" and action.ratio_to and action.ratio_from
    }
    merged = {split.ex_date: split for split in have.splits} | told
    evidence = replace(evidence, splits=tuple(merged[day] for day in sorted(merged)))
    if not examine(series, evidence).holds:
        return actions, asked.provider if asked else "", evidence
    opinion = _opinion(desk, have, series, verdict, splits_checked=asked is not None)
    if opinion is not None:
        evidence = replace(evidence, opinions=(opinion,))
    return actions, asked.provider if asked else "", evidence


def _opinion(
    desk: Desk, have: Stored, series: BarSeries, verdict: Verdict, *, splits_checked: bool
) -> Opinion | None:
    """Another provider's closes around the moves, split-adjusted where it can."""
    start = min(held.day for held in verdict.holds) - timedelta(days=14)
    until = series.days.max().item()
    sources = desk.chain.candidates(Capability.DAILY_BARS, have.inst, skip=(series.provider,))
    for source in sources:
        basis = Basis.SPLIT if Basis.SPLIT in source.bases else Basis.RAW
        try:
            other = _ask(desk, source, have, start, until, basis)
        except ProviderError as error:
            fetch_log.log_failure(error, "daily_bars", desk.now(), have.stock_id)
            continue
        order = np.argsort(other.days, kind="stable")
        return Opinion(
            source.name, other.basis, other.days[order], other.close[order], splits_checked
        )
    return None
