"""Alpha Vantage: everything over `/query`, everything answered with status 200.

Free keys: 25 requests a day, one a second; daily bars reach back 100 sessions (`compact`).
Prices are as traded, dates are New York sessions. The key travels in the query string, and one of
the limit messages repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from stocksite.core.calendar import trading_date, xnys
from stocksite.market.providers import reading
from stocksite.market.providers.alpha_vantage_texts import NAME, judge
from stocksite.market.providers.base import (
    BarSeries,
    Basis,
    Capability,
    Instrument,
    LiveQuote,
    Match,
    Profile,
    ProviderAction,
)
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import (
    MalformedPayload,
    NoData,
    NotEntitled,
    ProviderError,
)
from stocksite.market.providers.http import Answer
from stocksite.market.providers.transport import Transport

COMPACT_SESSIONS = 100
FULL_REFUSED_S = 7 * 86_400
_SPELLED = "-"


class AlphaVantage(MarketSource):
    """Quotes, search, company overview, splits, and daily bars for repair."""

    name = NAME
    title = "Alpha Vantage"
    capabilities = frozenset(
        {
            Capability.DAILY_BARS,
            Capability.QUOTE,
            Capability.SEARCH,
            Capability.PROFILE,
            Capability.CORPORATE_ACTIONS,
        }
    )
    action_kinds: ClassVar[frozenset[str]] = frozenset({"split"})

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self._send = transport
        self._now = now

    def earliest(self, today: date) -> date:
        """A hundred sessions back, or everything when the key's plan has not refused `full`."""
        if not self._send.governor.refused(self._send.account, "full"):
            return super().earliest(today)
        return _compact_start(today)

    def daily_bars(self, inst: Instrument, start: date, end: date, basis: Basis) -> BarSeries:
        """Raw bars; the last 100 sessions when the plan has no more, with a note."""
        if basis is not Basis.RAW:
            raise NotEntitled(self.name, "adjusted series are premium")
        today = trading_date(self._now())
        if start >= _compact_start(today) or self._send.governor.refused(
            self._send.account, "full"
        ):
            return self._daily(inst, start, end, "compact")
        try:
            return self._daily(inst, start, end, "full")
        except NotEntitled:
            self._send.governor.refuse(self._send.account, "full", FULL_REFUSED_S)
        return self._daily(inst, start, end, "compact")

    def _daily(self, inst: Instrument, start: date, end: date, size: str) -> BarSeries:
        answer, body = self._ask("TIME_SERIES_DAILY", symbol=self._spelling(inst), outputsize=size)
        series = next((v for k, v in body.items() if k.startswith("Time Series")), None)
        if series is None:
            raise self._nothing(inst, body)
        meta = body.get("Meta Data")
        told = _unnumbered(meta).get("Symbol") if isinstance(meta, dict) else None
        self._must_be(inst, told)
        found = []
        for text, row in reading.mapping(self.name, series, "the series").items():
            day = reading.day(text)
            if day is None or len(text) != 10:
                raise MalformedPayload(self.name, f"{text[:20]!r} is no date")
            if start <= day <= end:
                found.append((day, *_ohlcv(reading.mapping(self.name, row, text))))
        note = f"only the last {COMPACT_SESSIONS} sessions" if size == "compact" else ""
        return BarSeries.of_rows(
            inst.symbol, self.name, Basis.RAW, found, self._now(), answer.digest, note
        )

    def quote(self, inst: Instrument) -> LiveQuote:
        """The latest price: end of day on free keys, 15 minutes late on some paid ones."""
        _, body = self._ask("GLOBAL_QUOTE", symbol=self._spelling(inst))
        name = next((key for key in body if key.startswith("Global Quote")), "")
        fields = _unnumbered(reading.mapping(self.name, body.get(name, {}), "the quote"))
        if not fields:
            raise self._nothing(inst, body)
        self._must_be(inst, fields.get("symbol"))
        price, day = (
            reading.price(fields.get("price")),
            reading.day(fields.get("latest trading day")),
        )
        if price is None or day is None:
            raise MalformedPayload(self.name, f"the quote of {inst.symbol} has no price or no day")
        session, now = xnys().on(day), self._now()
        if session is None:
            raise MalformedPayload(self.name, f"{day} is no trading day")
        delayed = "DELAYED" in name
        return LiveQuote(
            symbol=inst.symbol,
            provider=self.name,
            price=price,
            session=day,
            as_of=min(session.close, now - timedelta(minutes=15) if delayed else session.close),
            received_at=now,
            delay="delayed" if delayed else "eod",
            open=reading.price(fields.get("open")),
            high=reading.price(fields.get("high")),
            low=reading.price(fields.get("low")),
            previous_close=reading.price(fields.get("previous close")),
            volume=max(0.0, reading.number(fields.get("volume"))),
            currency=inst.currency,
        )

    def search(self, text: str, limit: int) -> Sequence[Match]:
        """US listings like a text, best first."""
        _, body = self._ask("SYMBOL_SEARCH", keywords=text)
        rows = reading.rows(self.name, body.get("bestMatches", []), "bestMatches")
        found = []
        for row in map(_unnumbered, rows):
            spelled = reading.text(row.get("symbol"), 20)
            symbol = reading.symbol(spelled)
            if symbol and row.get("region") == "United States":
                name, kind = reading.text(row.get("name")), reading.text(row.get("type"), 20)
                currency = reading.text(row.get("currency"), 3) or "USD"
                found.append(Match(symbol, name, spelled, "United States", currency, kind))
        return found[:limit]

    def profile(self, inst: Instrument) -> Profile:
        """The company overview."""
        _, body = self._ask("OVERVIEW", symbol=self._spelling(inst))
        if not body.get("Symbol"):
            raise self._nothing(inst, body)
        return Profile(
            symbol=inst.symbol,
            provider=self.name,
            name=reading.text(body.get("Name")),
            description=reading.text(body.get("Description"), 4000),
            sector=reading.text(body.get("Sector"), 80).title(),
            industry=reading.text(body.get("Industry"), 120).title(),
            exchange=_EXCHANGES.get(reading.text(body.get("Exchange"), 10), ""),
            currency=reading.text(body.get("Currency"), 3) or "USD",
            market_cap=reading.amount(body.get("MarketCapitalization")),
            shares_outstanding=reading.amount(body.get("SharesOutstanding")),
            kind=reading.text(body.get("AssetType"), 20),
        )

    def corporate_actions(
        self, inst: Instrument, start: date, end: date
    ) -> Sequence[ProviderAction]:
        """Splits only."""
        _, body = self._ask("SPLITS", symbol=self._spelling(inst))
        rows = reading.rows(self.name, body.get("data", []), "the splits")
        found = []
        for row in rows:
            day = reading.day(row.get("effective_date"))
            ratio = split_ratio(reading.number(row.get("split_factor")))
            if day is None or ratio is None:
                raise MalformedPayload(self.name, f"a split of {inst.symbol} cannot be read")
            if start <= day <= end:
                found.append(ProviderAction(inst.symbol, day, "split", *ratio))
        return sorted(found, key=lambda action: action.ex_date)

    def _spelling(self, inst: Instrument) -> str:
        return inst.spelled(self.name, _SPELLED)

    def _must_be(self, inst: Instrument, told: Any) -> None:
        """Raises MalformedPayload when the answer names another stock."""
        if isinstance(told, str) and reading.symbol(told) not in ("", inst.symbol):
            raise MalformedPayload(self.name, f"about {told[:20]!r}, asked was {inst.symbol}")

    def _nothing(self, inst: Instrument, body: dict[str, Any]) -> ProviderError:
        """An empty object is a gap of theirs as often as an unknown symbol: no proof of absence."""
        if body and "Global Quote" not in body:
            return MalformedPayload(self.name, f"none of the known answers: {sorted(body)[:3]}")
        return NoData(self.name, f"nothing for {inst.symbol}")

    def _ask(self, function: str, **params: str) -> tuple[Answer, dict[str, Any]]:
        key = self._send.account.key
        sent = {"function": function, **params, "apikey": key.reveal() if key else ""}
        answer = self._send.get("/query", sent, judge)
        return answer, reading.mapping(self.name, answer.json(self.name), "the answer")


def _unnumbered(fields: dict[str, Any]) -> dict[str, Any]:
    """`05. price` → `price`."""
    return {key.partition(". ")[2] or key: value for key, value in fields.items()}


def _ohlcv(row: dict[str, Any]) -> tuple[float, float, float, float, float]:
    """By name: column 5 means something else in the adjusted series."""
    fields = _unnumbered(row)
    names = ("open", "high", "low", "close", "volume")
    first, high, low, close, volume = (reading.number(fields.get(name)) for name in names)
    return first, high, low, close, volume


def _compact_start(today: date) -> date:
    """The first of the last 100 sessions."""
    last = xnys().last_opened(datetime(today.year, today.month, today.day, 23, tzinfo=UTC))
    sessions = xnys().between(today - timedelta(days=200), last.date if last else today)
    return sessions[-COMPACT_SESSIONS].date if len(sessions) >= COMPACT_SESSIONS else today


def split_ratio(factor: float) -> tuple[int, int] | None:
    """`4.0` → (4, 1), `0.125` → (1, 8), `0.3333` → (1, 3); None for what is no ratio.

    Exact ratios go first: with four decimals 1:200 is also nearly 1:199.
    """
    for tolerance in (1e-9, 6e-5):
        for below in range(1, 201):
            above = round(factor * below) if factor == factor else 0
            if 0 < above <= 10_000 and abs(above / below - factor) < tolerance:
                return above, below
    return None


_EXCHANGES = {"NASDAQ": "XNAS", "NYSE": "XNYS", "NYSE ARCA": "ARCX", "AMEX": "XASE", "BATS": "BATS"}
