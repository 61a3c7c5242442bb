"""Massive's refusals: by status, then by the text, which is in `error` or in `message`."""

from __future__ import annotations

from typing import Any

from stocksite.market.providers.errors import (
    InvalidCredentials,
    MalformedPayload,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    UpstreamUnavailable,
)
from stocksite.market.providers.http import Answer
from stocksite.market.providers.transport import retry_after_s

NAME = "massive"
_GOOD = {"OK", "DELAYED"}


def judge(answer: Answer) -> ProviderError | None:
    """The error an answer stands for, or None. `DELAYED` is good data."""
    status = answer.status
    told = _told(answer)
    if status == 429:
        return RateLimited(NAME, told, scope="minute", retry_after_s=retry_after_s(answer))
    if status >= 500:
        return UpstreamUnavailable(
            NAME, told or f"status {status}", retry_after_s=retry_after_s(answer)
        )
    if status in (400, 401, 403, 404):
        return _refused(status, told)
    if status != 200:
        return MalformedPayload(NAME, f"status {status}")
    if answer.body[:64].lstrip().startswith(b"<"):
        return UpstreamUnavailable(NAME, "a web page instead of data")
    body = answer.json(NAME)
    if not isinstance(body, dict):
        return MalformedPayload(NAME, "the answer is no object")
    word = str(body.get("status", "OK")).upper()
    if word in _GOOD:
        return None
    return NoData(NAME, told) if word == "NOT_FOUND" else MalformedPayload(NAME, told or word)


def _refused(status: int, told: str) -> ProviderError:
    words = told.lower()
    if "api key" in words or status == 401:
        return InvalidCredentials(NAME, told or f"status {status}")
    if "timeframe" in words:
        return NotEntitled(NAME, told, timeframe=True)
    if "before end of day" in words or "not supported yet" in words:
        return NoData(NAME, told)
    if status == 404 or "not found" in words:
        # Also seen for a real session during an outage: a gap, not a proof of absence.
        return NoData(NAME, told or "not found")
    if status == 403:
        return NotEntitled(NAME, told or "status 403")
    return MalformedPayload(NAME, told or f"status {status}")


def _told(answer: Answer) -> str:
    """The provider's own words; empty when there are none."""
    if not answer.body.lstrip().startswith(b"{") or len(answer.body) > 20_000:
        return ""
    try:
        body: Any = answer.json(NAME)
    except MalformedPayload:
        return ""
    texts = [body.get(key) for key in ("error", "message")] if isinstance(body, dict) else []
    return " ".join(text for text in texts if isinstance(text, str))
