"""How the providers are doing: budgets, breakers, cool-downs, the last success and error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.market.providers.errors import ControlUnavailable
from stocksite.market.traffic.breaker import BreakerState
from stocksite.market.traffic.governor import Budget

if TYPE_CHECKING:
    from stocksite.market.providers.setup import Desk


@dataclass(frozen=True, slots=True)
class CapabilityStatus:
    """How one capability of a provider stands."""

    name: str
    breaker: BreakerState | None
    """None while Redis is away."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """How a provider stands. Times are wall time; texts carry no key."""

    name: str
    title: str
    has_key: bool
    capabilities: tuple[CapabilityStatus, ...]
    budgets: tuple[Budget, ...]
    """Empty while Redis is away."""
    cooldown_s: float
    last_success_at: datetime | None
    last_error_at: datetime | None
    last_error: str
    requests_today: int
    errors_today: int

    @property
    def state(self) -> str:
        """One word: `ok`, `cooling`, `broken` (some breaker is open), `unknown` (no Redis)."""
        if not self.budgets:
            return "unknown"
        states = [c.breaker.state for c in self.capabilities if c.breaker is not None]
        if any(state != "closed" for state in states):
            return "broken"
        return "cooling" if self.cooldown_s else "ok"


_LAST = text("""
    SELECT provider,
           max(at) FILTER (WHERE outcome = 'ok') AS last_success_at,
           max(at) FILTER (WHERE outcome <> 'ok') AS last_error_at,
           (array_agg(outcome || CASE WHEN detail = '' THEN '' ELSE ': ' || detail END
                      ORDER BY at DESC) FILTER (WHERE outcome <> 'ok'))[1] AS last_error,
           count(*) FILTER (WHERE at > :now - interval '1 day') AS requests,
           count(*) FILTER (WHERE at > :now - interval '1 day' AND outcome <> 'ok') AS errors
    FROM provider_fetch WHERE at > :now - interval '30 days'
    GROUP BY provider
""")


def statuses(session: Session, desk: Desk) -> list[ProviderStatus]:
    """Every provider that is switched on: one statement, and some reads of Redis."""
    rows = {row.provider: row for row in session.execute(_LAST, {"now": desk.now()})}
    made = []
    for account in desk.accounts:
        source = desk.chain.sources[account.provider]
        try:
            budgets, cooldown_s = desk.governor.budget(account)
        except ControlUnavailable:
            budgets, cooldown_s = [], 0.0
        names = sorted(str(capability) for capability in source.capabilities)
        row = rows.get(account.provider)
        made.append(
            ProviderStatus(
                name=account.provider,
                title=source.title,
                has_key=account.key is not None,
                capabilities=tuple(
                    CapabilityStatus(name, _breaker(desk, account.provider, name)) for name in names
                ),
                budgets=tuple(budgets),
                cooldown_s=cooldown_s,
                last_success_at=row.last_success_at if row else None,
                last_error_at=row.last_error_at if row else None,
                last_error=(row.last_error or "") if row else "",
                requests_today=row.requests if row else 0,
                errors_today=row.errors if row else 0,
            )
        )
    return made


def _breaker(desk: Desk, provider: str, capability: str) -> BreakerState | None:
    try:
        return desk.breaker.state(provider, capability)
    except RedisError:
        return None
