"""What the worker runs for the market. Live jobs end in time, or say what stopped them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache

from sqlalchemy.orm import Session

from stocksite.core.clock import read_clock
from stocksite.core.database import unit_of_work
from stocksite.core.errors import ProviderUnavailable
from stocksite.core.queue import Progress, connection, enqueue
from stocksite.market.providers.errors import (
    CircuitOpen,
    NoData,
    NoProvider,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
)
from stocksite.market.providers.setup import BACKGROUND, INTERACTIVE, Desk, open_desk
from stocksite.market.service import company, daily, events, fetching, quoting, searching, storing
from stocksite.market.service.load import load_sample
from stocksite.market.symbols import normalize
from stocksite.settings import Settings

log = logging.getLogger(__name__)

LONGEST_S = 420.0
"""A job ends itself well before the queue's limit of ten minutes."""
STEP_S = 15.0
STALE_LOOK = timedelta(minutes=3)
"""Somewhat longer than prices are looked after: none may go stale unseen."""

_COMPANY: tuple[Callable[[Desk, str], object], ...] = (
    company.refresh_actions,
    company.refresh_company,
)


@cache
def _settings() -> Settings:
    return Settings.from_env()


def _desk(*, interactive: bool = False) -> Desk:
    redis = connection()
    if redis is None:
        raise ProviderUnavailable("Providers are not asked without Redis, which counts requests.")
    return open_desk(_settings(), redis, INTERACTIVE if interactive else BACKGROUND)


def _name(step: Callable[[Desk, str], object]) -> str:
    return getattr(step, "__name__", "step")


def _once(desk: Desk, step: Callable[[Desk, str], object], symbol: str) -> None:
    """Do a step unless another worker does, or did a minute ago."""
    desk.flights.run(f"{_name(step)}:{symbol}", lambda: step(desk, symbol), fresh_s=60)


def refresh(progress: Progress) -> None:
    """Bring stored prices up to date. The sample's never change, so there it only mends gaps."""
    with unit_of_work() as session:
        live = read_clock(session).mode == "live"
        if not live:
            load_sample(session)
    if live:
        refresh_sessions(progress)
        progress.report(0.8, "Latest prices")
        refresh_quotes()


refresh.wants_progress = True  # type: ignore[attr-defined]


def fill_events() -> None:
    """Record the significant events of closes that nobody has searched yet."""
    with unit_of_work() as session:
        events.fill_history(session, _settings().event_threshold_pct)


def search_symbols(text: str) -> None:
    """Ask a provider for symbols the local directory lacks, and add them to it."""
    try:
        searching.look_up(_desk(interactive=True), text)
    except ProviderError as error:
        log.info("nobody was found who knows %r: %s", text, error)


def add_stock(symbol: str, progress: Progress) -> None:
    """Fill the page of a symbol somebody has just asked for: history first, then the company.

    An unknown symbol ends the job with a sentence, not with a failure to be tried again.
    """
    symbol = normalize(symbol)
    desk = _desk(interactive=True)
    progress.report(0.1, f"Fetching two years of {symbol}")
    try:
        report = fetching.fetch_history(desk, symbol, wait_s=20)
    except (UnknownSymbol, NoData, NoProvider) as error:
        progress.report(1.0, f"No provider has prices of {symbol} ({error.text}).")
        return
    progress.report(0.6, f"{report.new_bars} days of {symbol}; looking up the company")
    for step in _COMPANY:
        try:
            _once(desk, step, symbol)
        except ProviderError as error:
            log.info("%s of %s has to wait: %s", _name(step), symbol, error)
    progress.report(1.0, f"{report.new_bars} days of {symbol} from {report.provider}")


add_stock.wants_progress = True  # type: ignore[attr-defined]


def fetch_histories(symbols: list[str], progress: Progress) -> None:
    """Bring several histories up to date, at the pace the providers allow.

    Waits in short steps, so that the job's row shows it is alive, and hands the rest to another
    job before the queue's time limit.
    """
    desk = _desk()
    deadline = time.monotonic() + LONGEST_S
    left = list(symbols)
    while left and time.monotonic() < deadline:
        progress.report(1 - len(left) / len(symbols), f"History of {left[0]}")
        try:
            fetching.fetch_history(desk, left[0])
        except RateLimited as error:
            wait_s = error.retry_after_s or 1.0
            if wait_s < LONGEST_S:
                progress.report(1 - len(left) / len(symbols), f"Waiting for {error.provider}")
                time.sleep(min(wait_s, STEP_S))
                continue
            log.info("the history of %s has to wait: %s", left[0], error)
        except ProviderError as error:
            log.warning("no history of %s: %s", left[0], error)
        left.pop(0)
    if left:
        with unit_of_work() as session:
            _enqueue_histories(session, left)


fetch_histories.wants_progress = True  # type: ignore[attr-defined]


def _enqueue_histories(session: Session, symbols: list[str]) -> None:
    enqueue(
        session,
        "stocksite.market.jobs.fetch_histories",
        {"symbols": symbols},
        queue="market",
        title="Stock histories",
    )


def refresh_quotes() -> None:
    """Prices of all tracked stocks. That the budget is used up is no failure of the job."""
    desk = _desk()
    try:
        report = quoting.refresh_quotes(desk)
    except (RateLimited, QuotaExhausted, CircuitOpen, NoProvider) as error:
        log.info("quotes stay as they are: %s", error)
        return
    finally:
        with unit_of_work() as session:
            quoting.tell_stale(session, desk.now(), STALE_LOOK)
    if report.implausible:
        log.warning("implausible prices kept out: %s", ", ".join(report.implausible))


def refresh_sessions(progress: Progress) -> None:
    """After the close: every settled session that is missing, one grouped call each.

    Stocks that need more than that are handed to another job.
    """
    desk = _desk()
    with unit_of_work() as session:
        due = daily.sessions_due(session, desk)
    later: set[str] = set()
    for i, day in enumerate(due):
        progress.report(i / len(due), f"Bars of {day}")
        report = daily.fetch_session(desk, day)
        later |= {*report.needs_history, *report.held}
    if later:
        with unit_of_work() as session:
            _enqueue_histories(session, sorted(later))


refresh_sessions.wants_progress = True  # type: ignore[attr-defined]


def refresh_companies(progress: Progress) -> None:
    """Splits, dividends, profiles and competitors of every tracked stock, as budgets allow."""
    desk = _desk()
    with unit_of_work() as session:
        symbols = [stock.inst.symbol for stock in storing.tracked(session)]
    for i, symbol in enumerate(symbols):
        progress.report(i / len(symbols), symbol)
        for step in _COMPANY:
            try:
                _once(desk, step, symbol)
            except QuotaExhausted as error:
                log.info("the rest waits for tomorrow: %s", error)
                return
            except ProviderError as error:
                log.info("%s of %s: %s", _name(step), symbol, error)


refresh_companies.wants_progress = True  # type: ignore[attr-defined]
