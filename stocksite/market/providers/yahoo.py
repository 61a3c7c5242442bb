"""Yahoo's chart service: no key, no contract; off unless the owner switches it on.

Arrays run in parallel and have holes. Prices are split-adjusted to today and carry the noise of
single precision. While the market is open a bar that is not finished hangs at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

from stocksite.core.calendar import NEW_YORK, xnys
from stocksite.market.providers import reading, yahoo_rows
from stocksite.market.providers.base import (
    SPARK_SYMBOLS,
    BarSeries,
    Basis,
    Capability,
    Instrument,
    LiveQuote,
    ProviderAction,
)
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import MalformedPayload, NoData, NotEntitled
from stocksite.market.providers.http import Answer
from stocksite.market.providers.transport import Transport
from stocksite.market.providers.yahoo_texts import NAME, judge


class Yahoo(MarketSource):
    """Near real-time prices, decades of bars, splits and dividends."""

    name = NAME
    title = "Yahoo Finance"
    capabilities = frozenset(
        {
            Capability.DAILY_BARS,
            Capability.QUOTE,
            Capability.BULK_QUOTES,
            Capability.CORPORATE_ACTIONS,
        }
    )
    bases = frozenset({Basis.RAW, Basis.SPLIT})
    action_kinds: ClassVar[frozenset[str]] = frozenset({"split", "dividend"})

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self._send = transport
        self._now = now

    def supports(self, inst: Instrument) -> bool:
        """Also indices (`^GSPC`)."""
        return not inst.is_foreign

    def daily_bars(self, inst: Instrument, start: date, end: date, basis: Basis) -> BarSeries:
        """Bars as traded (split adjustment undone) or split-adjusted to today."""
        if basis is Basis.TOTAL:
            raise NotEntitled(self.name, "its dividend adjustment changes with every dividend")
        # Up to now, whatever is asked: later splits are needed to undo their adjustment.
        answer, chart = self._chart(inst, start)
        rows = yahoo_rows.bars(chart, self._now(), raw=basis is Basis.RAW)
        kept = [row for row in rows if start <= row[0] <= end]
        if not kept:
            raise NoData(self.name, f"no prices of {inst.symbol} from {start} to {end}")
        return BarSeries.of_rows(inst.symbol, self.name, basis, kept, self._now(), answer.digest)

    def quote(self, inst: Instrument) -> LiveQuote:
        """The latest price and the day so far."""
        params = {"range": "1d", "interval": "1d", "includePrePost": "false"}
        _, chart = self._ask(inst, params)
        return self._quote(inst, chart)

    def quotes(self, insts: Sequence[Instrument]) -> Mapping[str, LiveQuote]:
        """The latest prices of several, one call for every fifteen; unknown ones are left out."""
        spelled = {self._spelling(inst): inst for inst in insts}
        names = sorted(spelled)
        found: dict[str, LiveQuote] = {}
        for first in range(0, len(names), SPARK_SYMBOLS):
            params = {
                "symbols": ",".join(names[first : first + SPARK_SYMBOLS]),
                "range": "1d",
                "interval": "1d",
            }
            answer = self._send.get("/v7/finance/spark", params, judge)
            for name, chart in yahoo_rows.spark(answer.json(self.name)):
                inst = spelled.get(name)
                if inst is not None:
                    found[inst.symbol] = self._quote(inst, chart)
        return found

    def corporate_actions(
        self, inst: Instrument, start: date, end: date
    ) -> Sequence[ProviderAction]:
        """Splits and dividends; a dividend is per share of its own day."""
        _, chart = self._chart(inst, start)
        splits = yahoo_rows.splits(chart)
        found = [ProviderAction(inst.symbol, day, "split", to, of) for day, to, of in splits]
        for day, cash in yahoo_rows.dividends(chart):
            later = yahoo_rows.ratio_after(splits, day)
            amount = Decimal(repr(round(cash * later, 6)))
            found.append(ProviderAction(inst.symbol, day, "dividend", amount=amount))
        kept = [action for action in found if start <= action.ex_date <= end]
        return sorted(kept, key=lambda action: (action.ex_date, action.kind))

    def _chart(self, inst: Instrument, start: date) -> tuple[Answer, dict[str, Any]]:
        midnight = datetime.combine(start, time(), NEW_YORK)
        params = {
            "period1": str(int(midnight.timestamp())),
            "period2": str(int((self._now() + timedelta(days=1)).timestamp())),
            "interval": "1d",
            "includePrePost": "false",
            "events": "div,splits",
        }
        return self._ask(inst, params)

    def _ask(self, inst: Instrument, params: Mapping[str, str]) -> tuple[Answer, dict[str, Any]]:
        spelled = self._spelling(inst)
        answer = self._send.get(f"/v8/finance/chart/{quote(spelled, safe='')}", params, judge)
        body = reading.mapping(self.name, answer.json(self.name), "the answer")
        chart = reading.mapping(self.name, body.get("chart"), "the chart")
        results = reading.rows(self.name, chart.get("result"), "the result")
        if len(results) != 1:
            raise MalformedPayload(self.name, f"{len(results)} charts instead of one")
        told = reading.mapping(self.name, results[0].get("meta"), "meta").get("symbol")
        if str(told).upper() != spelled.upper():
            raise MalformedPayload(self.name, f"the chart of {told!r}, asked was {spelled}")
        return answer, results[0]

    def _quote(self, inst: Instrument, chart: Mapping[str, Any]) -> LiveQuote:
        meta = reading.mapping(self.name, chart.get("meta"), "meta")
        price = yahoo_rows.rounded(meta, meta.get("regularMarketPrice"))
        stamp, day = (
            meta.get("regularMarketTime"),
            reading.new_york_day(meta.get("regularMarketTime")),
        )
        if price is None or day is None or not isinstance(stamp, (int, float)):
            raise NoData(self.name, f"no price of {inst.symbol}")
        session, now = xnys().on(day), self._now()
        if session is None or stamp > now.timestamp() + 60:
            raise MalformedPayload(self.name, f"the price of {inst.symbol} is of no session")
        traded = datetime.fromtimestamp(stamp, UTC)
        if traded < session.open:
            raise NoData(self.name, f"{inst.symbol} has not traded since the open")
        return LiveQuote(
            symbol=inst.symbol,
            provider=self.name,
            price=price,
            session=day,
            # The closing auction prints seconds after the bell; the price is the close's.
            as_of=min(traded, session.close),
            received_at=now,
            delay="delayed",
            open=yahoo_rows.last(meta, chart, "open"),
            high=yahoo_rows.rounded(meta, meta.get("regularMarketDayHigh")),
            low=yahoo_rows.rounded(meta, meta.get("regularMarketDayLow")),
            previous_close=yahoo_rows.rounded(meta, meta.get("chartPreviousClose")),
            volume=reading.number(meta.get("regularMarketVolume")),
            currency=reading.text(meta.get("currency"), 3).upper() or "USD",
        )

    def _spelling(self, inst: Instrument) -> str:
        return inst.spelled(self.name, "-")
