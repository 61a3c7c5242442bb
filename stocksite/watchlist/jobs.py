"""What the worker runs for the watchlist."""

from __future__ import annotations

from datetime import datetime, timedelta

from stocksite.core.clock import wall_now
from stocksite.core.database import unit_of_work
from stocksite.settings import Settings
from stocksite.watchlist.delivery import Outcome, mail, webhook
from stocksite.watchlist.service import delivery, notifications
from stocksite.watchlist.service.delivery import MAX_ATTEMPTS, PER_DAY, Claim

BUSY_FOR = timedelta(seconds=30)
"""How long one run goes on: shorter than what counts as an abandoned job."""


def deliver() -> None:
    """Send what is due by e-mail and webhook, one at a time; what fails is tried again later."""
    began = now = wall_now()
    smtp_url = Settings.from_env().smtp_url
    while now - began < BUSY_FOR:
        with unit_of_work() as session:
            claimed = delivery.claim(session, now)
        if claimed is None:
            return
        outcome = attempt(claimed, smtp_url, now)
        now = wall_now()
        with unit_of_work() as session:
            delivery.record(session, claimed, outcome, now)


def attempt(claimed: Claim, smtp_url: str | None, now: datetime) -> Outcome:
    """Send one notification through its channel; no transaction is open meanwhile."""
    to = claimed.email if claimed.channel == "email" else claimed.webhook_url
    if claimed.attempt > MAX_ATTEMPTS:
        return Outcome(False, f"Given up: {MAX_ATTEMPTS} attempts were begun and none ended.")
    if not to:
        return Outcome(False, "Not sent: the channel was given up.")
    if claimed.sent_today >= PER_DAY:
        return Outcome(False, f"Not sent: {PER_DAY} messages went this way within 24 hours.")
    if claimed.channel == "webhook":
        return webhook.post(to, claimed.message)
    if not smtp_url:
        return Outcome(False, "Not sent: this site has no mail server.")
    try:
        server = mail.server(smtp_url)
    except ValueError as error:
        return Outcome(False, f"Not sent: {error}")
    return mail.send(server, to, claimed.message, now)


def purge_notifications() -> None:
    """Forget notifications that are older than 90 days."""
    with unit_of_work() as session:
        notifications.purge(session, wall_now())
