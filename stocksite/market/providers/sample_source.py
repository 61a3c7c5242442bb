"""The sample market as one more provider of the chain. It knows five symbols, and all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

from stocksite.core.calendar import xnys
from stocksite.core.money import from_observation
from stocksite.market.freshness import last_settled
from stocksite.market.providers import sample
from stocksite.market.providers.base import (
    BarSeries,
    Basis,
    Capability,
    Instrument,
    LiveQuote,
    Match,
    OpenClose,
    Profile,
    ProviderAction,
    ProviderBar,
    ProviderCompany,
)
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import NoData, NotEntitled, UnknownSymbol


class SampleSource(MarketSource):
    """Real prices of 2000 to 2013; nothing later than `now` leaves it."""

    name = sample.NAME
    title = "Sample market"
    capabilities = frozenset(
        {
            Capability.DAILY_BARS,
            Capability.OPEN_CLOSE,
            Capability.QUOTE,
            Capability.BULK_EOD,
            Capability.SEARCH,
            Capability.PROFILE,
            Capability.CORPORATE_ACTIONS,
        }
    )
    action_kinds: ClassVar[frozenset[str]] = frozenset({"split", "dividend"})

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._sample = sample.SampleProvider()

    def daily_bars(self, inst: Instrument, start: date, end: date, basis: Basis) -> BarSeries:
        """Raw bars with start ≤ date ≤ end, of sessions that are over."""
        if basis is not Basis.RAW:
            raise NotEntitled(self.name, "the sample is kept as traded")
        bars = self._bars(inst, start, end)
        if not bars:
            raise NoData(self.name, f"no sample prices of {inst.symbol} from {start} to {end}")
        rows = [(b.date, b.open, b.high, b.low, b.close, b.volume) for b in bars]
        digest = hashlib.sha256(repr(rows).encode()).hexdigest()
        return BarSeries.of_rows(inst.symbol, self.name, basis, rows, self._now(), digest)

    def open_close(self, inst: Instrument, session: date) -> OpenClose:
        """One session's prices."""
        bars = self._bars(inst, session, session)
        if not bars:
            raise NoData(self.name, f"no sample prices of {inst.symbol} on {session}")
        return OpenClose(bars[0], None, None)

    def quote(self, inst: Instrument) -> LiveQuote:
        """The close of the last session."""
        bars = self._bars(inst, date.min, date.max)
        session = xnys().on(bars[-1].date) if bars else None
        if session is None:
            raise NoData(self.name, f"no sample prices of {inst.symbol}")
        bar = bars[-1]
        return LiveQuote(
            symbol=inst.symbol,
            provider=self.name,
            price=from_observation(bar.close),
            session=bar.date,
            as_of=session.close,
            received_at=self._now(),
            delay="eod",
            open=from_observation(bar.open),
            high=from_observation(bar.high),
            low=from_observation(bar.low),
            volume=bar.volume,
        )

    def grouped_daily(self, session: date, wanted: Collection[str]) -> Mapping[str, ProviderBar]:
        """A session's bars of the wanted symbols."""
        known = [company.symbol for company in sample.COMPANIES if company.symbol in wanted]
        bars = [b for s in known for b in self._bars(Instrument(s), session, session)]
        if not bars:
            raise NoData(self.name, f"no sample prices on {session}")
        return {bar.symbol: bar for bar in bars}

    def search(self, text: str, limit: int) -> Sequence[Match]:
        """Of the five, those like a text."""
        wanted = text.strip().casefold()
        found = [
            Match(c.symbol, c.name, c.symbol)
            for c in sample.COMPANIES
            if wanted in c.symbol.casefold() or wanted in c.name.casefold()
        ]
        return found[:limit]

    def profile(self, inst: Instrument) -> Profile:
        """Name, sector and exchange."""
        company = self._company(inst)
        return Profile(
            inst.symbol, self.name, company.name, sector=company.sector, exchange=company.exchange
        )

    def corporate_actions(
        self, inst: Instrument, start: date, end: date
    ) -> Sequence[ProviderAction]:
        """Splits and dividends up to now."""
        self._company(inst)
        today = min(end, last_settled(self._now(), xnys()) or date.min)
        return self._sample.corporate_actions(inst.symbol, start, today)

    def _company(self, inst: Instrument) -> ProviderCompany:
        for company in sample.COMPANIES:
            if company.symbol == inst.symbol:
                return company
        raise UnknownSymbol(self.name, f"{inst.symbol} is not in the sample market")

    def _bars(self, inst: Instrument, start: date, end: date) -> Sequence[ProviderBar]:
        self._company(inst)
        last = min(end, last_settled(self._now(), xnys()) or date.min)
        return self._sample.daily_bars(inst.symbol, start, last)
