"""What the panel's pages about live data show: the providers, and the quarantine."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app
from flask_login import current_user
from redis import Redis
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import NotFound
from stocksite.market.service import reviewing
from stocksite.market.sources import TITLES
from stocksite.settings import Settings
from stocksite.web.problem import NOWHERE


def admin() -> Actor:
    """The administrator who asks. Raises NotFound for everybody else: the page is not theirs."""
    actor = current_user._get_current_object()
    if not getattr(actor, "is_admin", False):
        raise NotFound(NOWHERE)
    return cast(Actor, actor)


def providers(session: Session) -> dict[str, Any]:
    """State, budget, breakers and last error of every provider that is switched on."""
    # Here, because a web process that shows no such page need not load what speaks HTTP.
    from stocksite.market.providers.setup import open_desk
    from stocksite.market.service import provider_status

    admin()
    settings: Settings = current_app.extensions["settings"]
    redis: Redis | None = current_app.extensions.get("redis")
    found = []
    if redis is not None and not settings.sample_market:
        found = provider_status.statuses(session, open_desk(settings, redis))
    return {
        "providers": found,
        "live": not settings.sample_market,
        "now": wall_now(),
    }


def quarantine(session: Session) -> dict[str, Any]:
    """The bars that wait for a decision."""
    held = reviewing.pending(session, admin())
    return {"held": held, "titles": TITLES}


def decide(session: Session, bar_id: int, verdict: str) -> str:
    """Confirm or reject a held bar; says what became of it.

    Raises NotFound for who is no administrator, no such bar or no such verdict, Conflict when
    it was decided before.
    """
    actor = admin()
    if verdict not in ("confirm", "reject"):
        raise NotFound(NOWHERE)
    act = reviewing.confirm if verdict == "confirm" else reviewing.reject
    done = act(session, actor, bar_id, wall_now())
    began = "Confirmed" if verdict == "confirm" else "Rejected"
    return (
        f"{began}. {_days(done.released)} stored because of it, {_days(done.waiting)} still held."
    )


def _days(n: int) -> str:
    return f"{n} {'day' if n == 1 else 'days'}"
