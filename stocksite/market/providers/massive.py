"""Massive (formerly Polygon.io): two years of daily bars, and the whole market's day in one call.

The free plan: 5 requests a minute, end of day. The key travels in a header; a `next_url` comes
without it. Tickers are upper case, class shares have a dot. `t` is the start of the day in range
answers and 16:00 New York in grouped ones: the New York date is right for both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from stocksite.core.calendar import trading_date, xnys
from stocksite.market.providers import reading
from stocksite.market.providers.base import (
    BarSeries,
    Basis,
    Capability,
    Instrument,
    LiveQuote,
    Match,
    OpenClose,
    Peer,
    Profile,
    ProviderAction,
    ProviderBar,
)
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import MalformedPayload, NoData, NotEntitled, UnknownSymbol
from stocksite.market.providers.http import Answer, Bounds
from stocksite.market.providers.massive_rows import action, day_of, ohlcv
from stocksite.market.providers.massive_texts import NAME, judge
from stocksite.market.providers.transport import Transport

MAX_PAGES = 20
SHIFTS = (0, 1, 7)
"""Days by which the start moves forward when the plan's two years turn out shorter."""
GROUPED = Bounds(read_s=20, total_s=90, max_bytes=64 * 1024 * 1024)


def earliest_day(today: date) -> date:
    """The first day of the free plan's two years: today − 2 years + 1 day."""
    try:
        before = today.replace(year=today.year - 2)
    except ValueError:  # 29 February
        before = date(today.year - 2, 2, 28)
    return before + timedelta(days=1)


class Massive(MarketSource):
    """The source of history, of the daily refresh, of splits, dividends, profiles and peers."""

    name = NAME
    title = "Massive"
    capabilities = frozenset(
        {
            Capability.DAILY_BARS,
            Capability.OPEN_CLOSE,
            Capability.QUOTE,
            Capability.BULK_EOD,
            Capability.SEARCH,
            Capability.PROFILE,
            Capability.PEERS,
            Capability.CORPORATE_ACTIONS,
        }
    )
    bases = frozenset({Basis.RAW, Basis.SPLIT})
    action_kinds: ClassVar[frozenset[str]] = frozenset({"split", "dividend"})

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self._send = transport
        self._now = now

    def earliest(self, today: date) -> date:
        """Two years back."""
        return earliest_day(today)

    def daily_bars(self, inst: Instrument, start: date, end: date, basis: Basis) -> BarSeries:
        """Raw or split-adjusted bars of up to two years, in one call."""
        if basis is Basis.TOTAL:
            raise NotEntitled(self.name, "dividends are never in its adjusted prices")
        first = earliest_day(trading_date(self._now()))
        begin = max(start, first)
        for shift in SHIFTS:
            try:
                return self._bars(inst, begin + timedelta(days=shift), end, basis, begin > start)
            except NotEntitled as error:
                if not error.timeframe or shift == SHIFTS[-1]:
                    raise
        raise NotEntitled(self.name, "the plan's history is shorter than two years")

    def _bars(
        self, inst: Instrument, start: date, end: date, basis: Basis, short: bool
    ) -> BarSeries:
        if start > end:
            raise NoData(self.name, f"{end} lies before the plan's two years")
        path = f"/v2/aggs/ticker/{self._ticker(inst)}/range/1/day/{start}/{end}"
        params = {"adjusted": _flag(basis is Basis.SPLIT), "sort": "asc", "limit": "50000"}
        found = []
        digest = ""
        for answer, body in self._pages(path, params):
            digest = digest or answer.digest
            self._must_be(inst, body, adjusted=basis is Basis.SPLIT)
            for row in reading.rows(self.name, body.get("results", []), "results"):
                found.append((day_of(row), *ohlcv(row)))
        if not found:
            raise NoData(self.name, f"no trades of {inst.symbol} from {start} to {end}")
        note = f"not before {start}" if short else ""
        return BarSeries.of_rows(inst.symbol, self.name, basis, found, self._now(), digest, note)

    def open_close(self, inst: Instrument, session: date) -> OpenClose:
        """One session, raw. Raises NoData for a day without trades."""
        path = f"/v1/open-close/{self._ticker(inst)}/{session}"
        _, body = self._ask(path, {"adjusted": "false"})
        values = [reading.number(body.get(k)) for k in ("open", "high", "low", "close", "volume")]
        if not all(value > 0 for value in values[:4]):
            raise NoData(self.name, f"no prices of {inst.symbol} on {session}")
        if reading.day(body.get("from")) != session:
            raise MalformedPayload(self.name, f"another day than {session}")
        return OpenClose(
            ProviderBar(inst.symbol, session, *values),
            reading.number(body.get("preMarket")) if "preMarket" in body else None,
            reading.number(body.get("afterHours")) if "afterHours" in body else None,
        )

    def quote(self, inst: Instrument) -> LiveQuote:
        """The close of the last session."""
        path = f"/v2/aggs/ticker/{self._ticker(inst)}/prev"
        _, body = self._ask(path, {"adjusted": "false"})
        rows = reading.rows(self.name, body.get("results", []), "results")
        if not rows:
            raise NoData(self.name, f"no trades of {inst.symbol}")
        self._must_be(inst, {"ticker": rows[-1].get("T", self._spelled(inst))}, adjusted=False)
        day, price = day_of(rows[-1]), reading.price(rows[-1].get("c"))
        session = xnys().on(day)
        if price is None or session is None:
            raise MalformedPayload(self.name, f"the close of {inst.symbol} cannot be read")
        return LiveQuote(
            symbol=inst.symbol,
            provider=self.name,
            price=price,
            session=day,
            as_of=session.close,
            received_at=self._now(),
            delay="eod",
            open=reading.price(rows[-1].get("o")),
            high=reading.price(rows[-1].get("h")),
            low=reading.price(rows[-1].get("l")),
            volume=reading.number(rows[-1].get("v")),
            currency=inst.currency,
        )

    def grouped_daily(self, session: date, wanted: Collection[str]) -> Mapping[str, ProviderBar]:
        """The session's raw bars of the wanted symbols, out of the whole US market."""
        path = f"/v2/aggs/grouped/locale/us/market/stocks/{session}"
        answer = self._send.get(
            path, {"adjusted": "false"}, judge, headers=self._headers(), bounds=GROUPED
        )
        body = reading.mapping(self.name, answer.json(self.name), "the answer")
        rows = body.get("results")
        if not isinstance(rows, list) or not rows:
            raise NoData(self.name, f"nothing was traded on {session}")
        wants = set(wanted)
        found: dict[str, ProviderBar] = {}
        for row in rows:
            ticker = row.get("T") if isinstance(row, dict) else None
            if ticker in wants:
                if day_of(row) != session:
                    raise MalformedPayload(self.name, f"another day than {session}")
                found[ticker] = ProviderBar(ticker, session, *ohlcv(row))
        return found

    def search(self, text: str, limit: int) -> Sequence[Match]:
        """Active US stocks like a text."""
        params = {
            "search": text,
            "market": "stocks",
            "active": "true",
            "limit": str(min(limit, 100)),
        }
        _, body = self._ask("/v3/reference/tickers", params)
        found = []
        for row in reading.rows(self.name, body.get("results", []), "results"):
            spelled = reading.text(row.get("ticker"), 20)
            symbol = reading.symbol(spelled)
            if symbol:
                currency = reading.text(row.get("currency_name"), 3).upper() or "USD"
                name, kind = reading.text(row.get("name")), reading.text(row.get("type"), 20)
                found.append(Match(symbol, name, spelled, "United States", currency, kind))
        return found[:limit]

    def profile(self, inst: Instrument) -> Profile:
        """The reference entry of a ticker."""
        try:
            _, body = self._ask(f"/v3/reference/tickers/{self._ticker(inst)}", {})
        except NoData:
            raise UnknownSymbol(self.name, f"{inst.symbol} is not in its list") from None
        facts = reading.mapping(self.name, body.get("results"), "results")
        employees = reading.number(facts.get("total_employees"))
        return Profile(
            symbol=inst.symbol,
            provider=self.name,
            name=reading.text(facts.get("name")),
            description=reading.text(facts.get("description"), 4000),
            industry=reading.text(facts.get("sic_description"), 120).capitalize(),
            exchange=reading.text(facts.get("primary_exchange"), 10),
            currency=reading.text(facts.get("currency_name"), 3).upper() or "USD",
            market_cap=reading.amount(facts.get("market_cap")),
            shares_outstanding=reading.amount(facts.get("share_class_shares_outstanding")),
            employees=int(employees) if 0 < employees < 1e8 else None,
            homepage=reading.text(facts.get("homepage_url")),
            listed_on=reading.day(facts.get("list_date")),
            kind=reading.text(facts.get("type"), 20),
        )

    def peers(self, inst: Instrument) -> Sequence[Peer]:
        """Related tickers; names and market values are in their own profiles."""
        _, body = self._ask(f"/v1/related-companies/{self._ticker(inst)}", {})
        rows = reading.rows(self.name, body.get("results", []), "results")
        tickers = [reading.symbol(row.get("ticker")) for row in rows]
        return [Peer(name=t, symbol=t) for t in dict.fromkeys(tickers) if t and t != inst.symbol]

    def corporate_actions(
        self, inst: Instrument, start: date, end: date
    ) -> Sequence[ProviderAction]:
        """Splits and cash dividends, ascending: two calls and their further pages."""
        found: list[ProviderAction] = []
        for kind, name in (("splits", "execution_date"), ("dividends", "ex_dividend_date")):
            params = {
                "ticker": self._ticker(inst),
                f"{name}.gte": start.isoformat(),
                f"{name}.lte": end.isoformat(),
                "limit": "1000",
            }
            for _, body in self._pages(f"/v3/reference/{kind}", params):
                rows = reading.rows(self.name, body.get("results", []), "results")
                found += [action(inst.symbol, kind, row) for row in rows]
        kept = [a for a in found if start <= a.ex_date <= end]
        return sorted(kept, key=lambda a: (a.ex_date, a.kind))

    def _must_be(self, inst: Instrument, body: Mapping[str, Any], *, adjusted: bool) -> None:
        """Raises MalformedPayload for bars of another stock, or adjusted in another way."""
        told = body.get("ticker", self._spelled(inst))
        if told != self._spelled(inst):
            raise MalformedPayload(self.name, f"the bars of {told!r:.20}, asked was {inst.symbol}")
        if body.get("adjusted", adjusted) is not adjusted:
            raise MalformedPayload(self.name, f"bars of {inst.symbol} in another adjustment")

    def _spelled(self, inst: Instrument) -> str:
        return inst.spelled(self.name, ".")

    def _ticker(self, inst: Instrument) -> str:
        return quote(self._spelled(inst), safe="")

    def _headers(self) -> dict[str, str]:
        key = self._send.account.key
        return {"Authorization": f"Bearer {key.reveal()}"} if key else {}

    def _ask(self, path: str, params: Mapping[str, str]) -> tuple[Answer, dict[str, Any]]:
        answer = self._send.get(path, params, judge, headers=self._headers())
        return answer, reading.mapping(self.name, answer.json(self.name), "the answer")

    def _pages(
        self, path: str, params: Mapping[str, str]
    ) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Every page. Of `next_url` only path and query are used: the host stays ours."""
        for _ in range(MAX_PAGES):
            answer, body = self._ask(path, params)
            yield answer, body
            following = body.get("next_url")
            if not isinstance(following, str) or not following:
                return
            there = urlsplit(following)
            path, params = there.path, dict(parse_qsl(there.query, keep_blank_values=True))
        raise MalformedPayload(self.name, f"more than {MAX_PAGES} pages")


def _flag(value: bool) -> str:
    return "true" if value else "false"
