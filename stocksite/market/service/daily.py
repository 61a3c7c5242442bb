"""The daily refresh: one call brings a whole session's bars for every tracked stock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.database import unit_of_work
from stocksite.core.errors import InvalidInput
from stocksite.market import freshness
from stocksite.market.overlap import Known
from stocksite.market.providers.base import BarSeries, Basis, Capability, ProviderBar
from stocksite.market.providers.errors import NoData, ProviderError
from stocksite.market.quality import Evidence, Verdict, examine
from stocksite.market.service import bulk, fetch_log, quoting, storing
from stocksite.market.service.storing import Tracked

if TYPE_CHECKING:
    from stocksite.market.providers.setup import Desk


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What a session's refresh came to."""

    day: date
    provider: str
    new_bars: int
    held: tuple[str, ...]
    """Symbols whose bar waits for an explanation: fetching their history looks for one."""
    refused: tuple[str, ...]
    needs_history: tuple[str, ...]
    """Symbols that miss earlier sessions, or whose series is another provider's: fetch theirs."""
    missing: tuple[str, ...]
    """Symbols the provider has no bar of."""


def fetch_session(desk: Desk, day: date | None = None) -> SessionReport:
    """Store a settled session's bars of all tracked stocks from one grouped call.

    Without `day`, the last settled one. Raises InvalidInput for a day that is no settled session,
    and the most telling ProviderError when no provider answers.
    """
    settled = freshness.last_settled(desk.now(), xnys())
    wanted_day = day or settled
    if wanted_day is None or settled is None or wanted_day > settled:
        raise InvalidInput.of_field("day", f"The bars of {wanted_day} are not final yet.")
    if xnys().on(wanted_day) is None:
        raise InvalidInput.of_field("day", f"{wanted_day} is not a trading day.")
    with unit_of_work() as session:
        stocks = [
            s for s in storing.tracked(session) if not (s.last_day and s.last_day >= wanted_day)
        ]
    names = {stock.inst.spelled("massive", "."): stock for stock in stocks}
    if not names:
        return SessionReport(wanted_day, "", 0, (), (), (), ())
    bars, provider = _ask(desk, wanted_day, set(names))
    ready, behind = _split(list(names.values()), wanted_day, provider)
    with unit_of_work() as session:
        found = {stock.stock_id: bars.get(name) for name, stock in names.items()}
        return _store(session, desk, wanted_day, provider, ready, behind, found)


def _ask(desk: Desk, day: date, names: Collection[str]) -> tuple[Mapping[str, ProviderBar], str]:
    def call(provider: Any) -> Mapping[str, ProviderBar]:
        bars: Mapping[str, ProviderBar] = provider.grouped_daily(day, names)
        return bars

    try:
        asked = desk.chain.ask(Capability.BULK_EOD, call)
    except ProviderError as error:
        fetch_log.log_failure(error, "bulk_eod", desk.now())
        if isinstance(error, NoData):
            return {}, error.provider
        raise
    return asked.value, asked.provider


def _split(
    stocks: Sequence[Tracked], day: date, provider: str
) -> tuple[list[Tracked], list[Tracked]]:
    """Stocks this session's bar simply continues, and those whose history has to be fetched."""
    before = xnys().previous(day)
    ready: list[Tracked] = []
    behind: list[Tracked] = []
    for stock in stocks:
        continues = before is not None and stock.last_day == before.date
        same = stock.source == provider
        (ready if continues and same else behind).append(stock)
    return ready, behind


def _store(
    session: Session,
    desk: Desk,
    day: date,
    provider: str,
    ready: Sequence[Tracked],
    behind: Sequence[Tracked],
    found: Mapping[int, ProviderBar | None],
) -> SessionReport:
    fetch_id = fetch_log.log_note(session, provider, "bulk_eod", desk.now(), detail=str(day))
    parcels, held, refused, missing = [], [], [], []
    for stock in ready:
        bar = found.get(stock.stock_id)
        if bar is None:
            missing.append(stock.inst.symbol)
            continue
        verdict = _judge(desk, stock, bar, provider)
        if verdict.holds:
            held.append(stock.inst.symbol)
            storing.hold(session, stock.stock_id, verdict, fetch_id, desk.now())
        elif verdict.refused:
            refused.append(stock.inst.symbol)
        parcels.append(bulk.Parcel(stock.stock_id, verdict.accepted, fetch_id))
    new = bulk.write(session, parcels)
    quoting.quote_from_bars(session, desk.now(), [parcel.stock_id for parcel in parcels])
    return SessionReport(
        day,
        provider,
        new,
        tuple(held),
        tuple(refused),
        tuple(stock.inst.symbol for stock in behind),
        tuple(missing),
    )


def _judge(desk: Desk, stock: Tracked, bar: ProviderBar, provider: str) -> Verdict:
    row = (bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume)
    series = BarSeries.of_rows(stock.inst.symbol, provider, Basis.RAW, [row], desk.now(), "")
    known = Known(np.array([stock.last_day], "datetime64[D]"), np.array([stock.last_close]))
    return examine(series, Evidence(bar.date, known, stock.splits))


def sessions_due(session: Session, desk: Desk) -> list[date]:
    """Settled sessions for which some tracked stock still lacks only the days after its last."""
    settled = freshness.last_settled(desk.now(), xnys())
    last = [s.last_day for s in storing.tracked(session) if s.last_day is not None]
    if settled is None or not last:
        return []
    return [s.date for s in xnys().between(max(last), settled) if s.date > max(last)]


def behind(session: Session, desk: Desk) -> list[str]:
    """Tracked stocks whose history has to be fetched by itself, those without any bar first.

    A stock that only lacks what a grouped call will bring is not among them, unless nobody can
    be asked for one or it has not come for hours.
    """
    settled = freshness.last_settled(desk.now(), xnys())
    if settled is None:
        return []
    stocks = storing.tracked(session)
    newest = max((s.last_day for s in stocks if s.last_day is not None), default=settled)
    closed = xnys().on(settled)
    patience = freshness.GRACE + freshness.GROUPED_FIRST
    waited = closed is not None and desk.now() > closed.close + patience
    grouped = any(desk.chain.candidates(Capability.BULK_EOD))
    until = newest if grouped and not waited else settled
    late = [s for s in stocks if s.last_day is None or s.last_day < until]
    late.sort(key=lambda s: (s.last_day or date.min, s.inst.symbol))
    return [s.inst.symbol for s in late]
