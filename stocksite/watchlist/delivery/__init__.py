"""How a notification leaves the site: e-mail by SMTP, and a person's own webhook.

Run by a job, never by a web request. Each returns an `Outcome` and raises nothing the network does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. `again` says whether trying later could help."""

    sent: bool
    words: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. `id` is the same in every attempt, so that a receiver can tell a repeat."""

    id: str
    subject: str
    text: str
    data: dict[str, object]
    """The notification as the JSON API shows it."""
