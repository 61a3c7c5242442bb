"""What the worker processes of the traffic tests do; imported afresh in each of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from typing import Any

from redis import Redis

from stocksite.market.providers import setup
from stocksite.market.providers.base import Basis, Instrument
from stocksite.market.providers.transport import Manners
from tests.market.live.conftest import NOW, SETTINGS, WIDE, limits_of

FIRST, LAST = date(2010, 3, 2), date(2012, 3, 1)


def _desk(urls: dict[str, str], redis_url: str, limits: str, manners: Manners) -> setup.Desk:
    settings = replace(SETTINGS, **urls, **limits_of(limits))  # type: ignore[arg-type]
    return setup.open_desk(settings, Redis.from_url(redis_url), manners, now=lambda: NOW)


def fetch_each(
    answers: Any, urls: dict[str, str], redis_url: str, symbols: list[str], limits: str
) -> None:
    """Fetch every symbol's history, waiting for the governor, from three threads."""
    desk = _desk(urls, redis_url, limits, Manners(patience_s=60))
    source: Any = desk.chain.sources["massive"]
    waiting = list(symbols)

    def run() -> None:
        while waiting:
            source.daily_bars(Instrument(waiting.pop()), FIRST, LAST, Basis.RAW)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(len(symbols))


def crowd(
    answers: Any,
    urls: dict[str, str],
    redis_url: str,
    database_url: str,
    symbol: str,
    count: int,
    begin: Any,
) -> None:
    """`count` threads that want the same history at the same moment."""
    from stocksite.core import database
    from stocksite.market.service.fetching import fetch_history

    database.connect(database_url)
    desk = _desk(urls, redis_url, WIDE, Manners(interactive=True, patience_s=5))
    said: list[str] = []

    def run() -> None:
        said.append(fetch_history(desk, symbol, wait_s=25).outcome)

    threads = [threading.Thread(target=run) for _ in range(count)]
    Redis.from_url(redis_url).incr("test:ready")
    begin.wait(30)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(said)
