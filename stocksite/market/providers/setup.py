"""The providers as the settings have them: which are switched on, where they are, how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from stocksite.core.clock import wall_now
from stocksite.market.providers.alpha_vantage import AlphaVantage
from stocksite.market.providers.chain import ProviderChain
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.http import Bounds
from stocksite.market.providers.marketwatch import MarketWatch
from stocksite.market.providers.massive import Massive
from stocksite.market.providers.redaction import Secret
from stocksite.market.providers.transport import Manners, Transport
from stocksite.market.providers.yahoo import Yahoo
from stocksite.market.traffic.accounts import Account, parse_windows
from stocksite.market.traffic.breaker import Breaker, BreakerRules
from stocksite.market.traffic.governor import Governor
from stocksite.market.traffic.single_flight import SingleFlight
from stocksite.settings import Settings, SettingsError

INTERACTIVE = Manners(interactive=True, patience_s=5.0, retries=1)
"""Somebody waits for the page to fill: may use the reserve, does not wait long."""
BACKGROUND = Manners(patience_s=3.0, retries=1)
"""Nobody waits: keeps off the reserve, and does not hold up the worker that it shares."""
PATIENT = Manners(patience_s=300.0)
"""A command in somebody's terminal: keeps off the reserve and queues for its turn."""


@dataclass(frozen=True)
class Desk:
    """Everything that is needed to ask providers: one for each piece of work."""

    chain: ProviderChain
    governor: Governor
    breaker: Breaker
    flights: SingleFlight
    accounts: tuple[Account, ...]
    now: Callable[[], datetime] = wall_now


def accounts(settings: Settings) -> tuple[Account, ...]:
    """The providers that are switched on. Raises SettingsError for a limit that is none."""
    secrets = {
        "massive": settings.massive_api_key,
        "alpha_vantage": settings.alpha_vantage_api_key,
    }
    bases = {
        "massive": settings.massive_base_url,
        "yahoo": settings.yahoo_base_url,
        "alpha_vantage": settings.alpha_vantage_base_url,
        "marketwatch": settings.marketwatch_base_url,
    }
    limits = {
        "massive": settings.massive_limits,
        "yahoo": settings.yahoo_limits,
        "alpha_vantage": settings.alpha_vantage_limits,
        "marketwatch": settings.marketwatch_limits,
    }
    made = []
    for name, base_url in bases.items():
        key = secrets.get(name)
        if (name in secrets and not key) or (name == "yahoo" and not settings.yahoo_enabled):
            continue
        try:
            windows = parse_windows(limits[name])
        except ValueError as error:
            raise SettingsError(f"{name.upper()}_LIMITS: {error}.") from None
        made.append(Account(name, base_url, Secret(key) if key else None, windows))
    return tuple(made)


def open_desk(
    settings: Settings,
    redis: Redis,
    manners: Manners = BACKGROUND,
    *,
    now: Callable[[], datetime] = wall_now,
    bounds: Bounds | None = None,
    rules: BreakerRules | None = None,
) -> Desk:
    """The providers of these settings, sharing their counters through `redis`."""
    known = accounts(settings)
    governor = Governor(redis)
    breaker = Breaker(redis, rules)
    sources = [_source(Transport(one, governor, manners, bounds), now) for one in known]
    chain = ProviderChain(sources, breaker)
    return Desk(chain, governor, breaker, SingleFlight(redis, longest_s=300), known, now)


def _source(transport: Transport, now: Callable[[], datetime]) -> MarketSource:
    name = transport.account.provider
    if name == "massive":
        return Massive(transport, now)
    if name == "yahoo":
        return Yahoo(transport, now)
    if name == "alpha_vantage":
        return AlphaVantage(transport, now)
    return MarketWatch(transport)
