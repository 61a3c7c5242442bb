"""Bars in and out: COPY, the gate over 500 histories, ten years as arrays, a grouped day."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, cast

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.figures import Figure
from benchmarks.place import Place
from stocksite.core import database
from stocksite.core.calendar import xnys
from stocksite.market.providers import sample
from stocksite.market.providers.base import BarSeries, Basis, Instrument
from stocksite.market.providers.http import Answer
from stocksite.market.providers.massive import Massive
from stocksite.market.quality import Evidence, examine
from stocksite.market.service import bulk, daily, fetch_log, storing

NOW = datetime(2012, 3, 2, 23, tzinfo=UTC)
SYMBOLS = 500
LAST = date(2012, 3, 1)


class _Wire:
    """A transport whose answer is there already: what remains is our own work."""

    account = type("NoAccount", (), {"key": None})()

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(self, *args: Any, **kwargs: Any) -> Answer:
        """The prepared answer."""
        return Answer(200, {}, self.body)


def figures(place: Place) -> Iterator[Figure]:
    """Wall seconds, commits included."""
    factory = sessionmaker(place.engine, expire_on_commit=False)
    database._factory = factory
    with factory() as session:
        ids = [storing.ensure_stock(session, f"B{i:04d}", f"Bench {i}") for i in range(SYMBOLS)]
        session.commit()
    yield _copying(factory, ids)
    yield _histories(factory, ids)
    yield _arrays(factory)
    yield _grouped(factory)


def _bars(last: date, days: int) -> list[Any]:
    bars = sample.SampleProvider().daily_bars("IBM", last - timedelta(days=days), last)
    return list(bars)


def _payload(bars: list[Any], tickers: list[str] | None = None) -> bytes:
    rows = [
        {"o": b.open, "h": b.high, "l": b.low, "c": b.close, "v": b.volume, "vw": b.close, "n": 9,
         "t": int(datetime.combine(b.date, time_of_day(5), UTC).timestamp() * 1000)}
        for b in bars
    ]  # fmt: skip
    if tickers:
        rows = [{"T": ticker, **rows[-1]} for ticker in tickers]
    return json.dumps({"status": "OK", "resultsCount": len(rows), "results": rows}).encode()


def _massive(body: bytes) -> Massive:
    return Massive(cast(Any, _Wire(body)), lambda: NOW)


def _timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def _copying(factory: sessionmaker[Session], ids: list[int]) -> Figure:
    bars = _bars(LAST, 730)
    rows = [(b.date, b.open, b.high, b.low, b.close, b.volume) for b in bars]
    series = BarSeries.of_rows("X", "massive", Basis.RAW, rows, NOW, "0" * 64)

    def run() -> None:
        with factory.begin() as session:
            wrote = bulk.write(session, [bulk.Parcel(i, series) for i in ids[:400]])
            assert wrote == 400 * len(rows)

    seconds = _timed(run)
    with factory.begin() as session:
        session.execute(text("DELETE FROM bar WHERE stock_id = ANY(:ids)"), {"ids": ids})
    per_100k = seconds / (400 * len(rows)) * 100_000
    return Figure(
        "100,000 bars into PostgreSQL", per_100k, "s", 1.0, f"{400 * len(rows):,} at once"
    )


def _histories(factory: sessionmaker[Session], ids: list[int]) -> Figure:
    body = _payload(_bars(LAST, 729))
    source = _massive(body)

    def run() -> None:
        for stock_id in ids:
            series = source.daily_bars(Instrument("X"), date(2010, 3, 3), LAST, Basis.RAW)
            verdict = examine(series, Evidence(LAST))
            with factory.begin() as session:
                fetch = fetch_log.log_fetch(session, series, verdict, stock_id)
                assert storing.store_verdict(session, stock_id, verdict, fetch, NOW) > 500

    return Figure(
        "500 symbols × 2 years parsed, gated, stored", _timed(run), "s", 20.0, "a commit each"
    )


def _arrays(factory: sessionmaker[Session]) -> Figure:
    bars = _bars(date(2013, 3, 1), 3650)
    rows = [(b.date, b.open, b.high, b.low, b.close, b.volume) for b in bars]
    series = BarSeries.of_rows("X", "massive", Basis.RAW, rows, NOW, "")
    with factory.begin() as session:
        stock_id = storing.ensure_stock(session, "TENYEARS", "Ten years")
        bulk.write(session, [bulk.Parcel(stock_id, series)])
        session.execute(text("ANALYZE bar"))
    with factory() as session:
        took = []
        for _ in range(50):
            began = time.perf_counter()
            found = bulk.read(session, stock_id, date(2000, 1, 1), date(2013, 3, 1))
            took.append(time.perf_counter() - began)
        assert found.close.tolist() == series.close.tolist()
        assert np.array_equal(found.days, series.days)
    note = f"{len(rows):,} bars, median of 50"
    return Figure("one symbol's ten years as arrays", statistics.median(took) * 1000, "ms", 5, note)


def _grouped(factory: sessionmaker[Session]) -> Figure:
    day = next(s.date for s in xnys().between(LAST + timedelta(days=1), date(2012, 3, 10)))
    bar = replace(_bars(day, 3)[-1], date=day)
    tickers = [f"B{i:04d}" for i in range(SYMBOLS)] + [f"Z{i:05d}" for i in range(9_500)]
    source = _massive(_payload([bar], tickers))
    with factory() as session:
        stocks = [s for s in storing.tracked(session) if s.inst.symbol.startswith("B")]

    def run() -> None:
        found = source.grouped_daily(day, {stock.inst.symbol for stock in stocks})
        with factory.begin() as session:
            desk = cast(Any, type("Desk", (), {"now": staticmethod(lambda: NOW)}))
            by_id = {stock.stock_id: found.get(stock.inst.symbol) for stock in stocks}
            report = daily._store(session, desk, day, "massive", stocks, [], by_id)
            assert report.new_bars == SYMBOLS, report

    return Figure("a grouped day of 10,000 rows for 500 stocks", _timed(run), "s", 1.0)
