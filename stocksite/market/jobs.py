"""What the worker runs for the market. Live jobs end in time, or say what stopped them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache

from stocksite.core.clock import read_clock
from stocksite.core.database import unit_of_work
from stocksite.core.errors import ProviderUnavailable
from stocksite.core.queue import NotYet, Progress, connection
from stocksite.market import sources
from stocksite.market.providers.errors import (
    CircuitOpen,
    ControlUnavailable,
    NoData,
    NoProvider,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
)
from stocksite.market.providers.setup import BACKGROUND, INTERACTIVE, Desk, open_desk
from stocksite.market.service import (
    company,
    daily,
    events,
    fetching,
    quoting,
    requesting,
    searching,
)
from stocksite.market.service.load import load_sample
from stocksite.market.symbols import normalize
from stocksite.settings import Settings

log = logging.getLogger(__name__)

LONGEST_S = 20.0
"""After so long `catch_up` begins nothing new: a worker has orders to match, too."""
AGAIN_S = 3600
"""A history that could not be brought up to date is tried again after this."""
COMPANY_AGAIN_S = 24 * 3600
SWEPT_S = 10.0
"""How long a job that waits in the queue waits at least."""
STALE_LOOK = timedelta(minutes=3)
"""Somewhat longer than prices are looked after: none may go stale unseen."""

_EVERYBODY = (RateLimited, QuotaExhausted, CircuitOpen, ControlUnavailable)
"""What one stock was refused for, the next would be, too."""
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
        progress.report(0.9, "Stocks that are behind")
        catch_up()


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

    An unknown symbol ends the job with a sentence, not with a failure to be tried again. When a
    provider allows no more requests for the moment, the job waits in the queue, not in the worker.
    """
    symbol = normalize(symbol)
    desk = _desk(interactive=True)
    progress.report(0.1, f"Fetching two years of {symbol}")
    try:
        report = fetching.fetch_history(desk, symbol, wait_s=20)
    except (UnknownSymbol, NoData, NoProvider) as error:
        progress.report(1.0, f"No provider has prices of {symbol} ({error.text}).")
        return
    except QuotaExhausted as error:
        progress.report(
            1.0, f"{symbol} has to wait for the next day's requests to {error.provider}."
        )
        return
    except RateLimited as error:
        raise NotYet(
            f"{symbol} waits for its turn: {sources.title(error.provider)} answers only so many "
            f"requests. It goes on in about {max(error.retry_after_s or 0, SWEPT_S):.0f} seconds."
        ) from None
    if report.outcome == "pending":
        raise NotYet(f"{symbol} is being fetched already.")
    progress.report(0.6, f"{report.new_bars} days of {symbol}; looking up the company")
    if not _others_wait():
        _fill_company(desk, symbol)
    progress.report(1.0, f"{report.new_bars} days of {symbol} from {report.provider}")


add_stock.wants_progress = True  # type: ignore[attr-defined]


def _others_wait() -> bool:
    """Whether other stocks wait for their history, which comes first; `catch_up` does the rest."""
    with unit_of_work() as session:
        return requesting.any_waiting(session)


def _fill_company(desk: Desk, symbol: str) -> ProviderError | None:
    """Splits, dividends, profile and competitors; returns what keeps the next stock waiting, too.

    Other failures are logged: what is stored stays, and tomorrow it is looked up again.
    """
    for step in _COMPANY:
        try:
            _once(desk, step, symbol)
        except _EVERYBODY as error:
            log.info("%s of %s has to wait: %s", _name(step), symbol, error)
            return error
        except ProviderError as error:
            log.info("%s of %s: %s", _name(step), symbol, error)
    return None


def catch_up() -> None:
    """Histories that are behind, then companies that were not looked at for a day.

    It stops when the providers' budgets do and after `LONGEST_S`, and never sleeps: orders and
    prices wait for the same worker. What is left is found again by the next run, a minute later.
    """
    desk, redis = _desk(), connection()
    assert redis is not None  # `_desk` has just used it
    deadline = time.monotonic() + LONGEST_S
    with unit_of_work() as session:
        behind = daily.behind(session, desk)
        companies = company.due(session, desk.now())
    steps: tuple[tuple[str, list[str], Callable[[Desk, str], ProviderError | None], int], ...] = (
        ("history", behind, _fill_history, AGAIN_S),
        ("company", companies, _fill_company, COMPANY_AGAIN_S),
    )
    for what, symbols, fill, again_s in steps:
        for symbol in symbols:
            if time.monotonic() > deadline:
                return
            tried = f"caught-up:{what}:{symbol}"
            if redis.exists(tried):
                continue
            if fill(desk, symbol) is not None:
                return
            redis.set(tried, b"1", ex=again_s)


def _fill_history(desk: Desk, symbol: str) -> ProviderError | None:
    try:
        fetching.fetch_history(desk, symbol)
    except _EVERYBODY as error:
        log.info("the history of %s has to wait: %s", symbol, error)
        return error
    except ProviderError as error:
        log.warning("no history of %s: %s", symbol, error)
    return None


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

    Stocks that need more than that are `catch_up`'s. That nobody answers is no failure of the
    job: the next run asks again.
    """
    desk = _desk()
    with unit_of_work() as session:
        due = daily.sessions_due(session, desk)
    for i, day in enumerate(due):
        progress.report(i / len(due), f"Bars of {day}")
        try:
            daily.fetch_session(desk, day)
        except ProviderError as error:
            log.info("the bars of %s have to wait: %s", day, error)
            progress.report(1.0, f"The bars of {day} have to wait: {error}")
            return


refresh_sessions.wants_progress = True  # type: ignore[attr-defined]
