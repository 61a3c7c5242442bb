"""Alpha Vantage's refusals: all of them texts with status 200, told apart by their words."""

from __future__ import annotations

from stocksite.market.providers.errors import (
    InvalidCredentials,
    MalformedPayload,
    NotEntitled,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    UnknownSymbol,
    UpstreamUnavailable,
)
from stocksite.market.providers.http import Answer
from stocksite.market.providers.transport import retry_after_s

NAME = "alpha_vantage"


def judge(answer: Answer) -> ProviderError | None:
    """The error an answer stands for; every refusal comes as a text with status 200.

    The order of the tests matters: the burst notice also names the daily limit and "premium".
    """
    if answer.status == 429:
        return RateLimited(NAME, "too many requests", retry_after_s=retry_after_s(answer))
    if answer.status >= 500:
        return UpstreamUnavailable(
            NAME, f"status {answer.status}", retry_after_s=retry_after_s(answer)
        )
    if answer.status != 200:
        return MalformedPayload(NAME, f"status {answer.status}")
    if not answer.body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[")):
        if answer.body[:64].lstrip().startswith(b"<"):
            return UpstreamUnavailable(NAME, "a web page instead of data")
        return None  # CSV
    body = answer.json(NAME)
    if not isinstance(body, dict):
        return MalformedPayload(NAME, "the answer is no object")
    # Only at the top level: "1. Information" within the metadata of a good answer is normal.
    texts = [body.get(key) for key in ("Information", "Note", "Error Message", "detail")]
    told = " ".join(text for text in texts if isinstance(text, str))
    return _refusal(told) if told else None


def _refusal(told: str) -> ProviderError:
    words = told.lower()
    if "spreading out" in words or "burst pattern" in words:
        return RateLimited(NAME, told, scope="second")
    if "minute-level" in words:
        return RateLimited(NAME, told, scope="minute")
    if "per day" in words or "daily rate limit" in words:
        # The oldest notice names both limits and does not say which one was met: a minute is
        # what can be waited for, and a day's notice comes again if it was the day.
        return RateLimited(NAME, told) if "per minute" in words else QuotaExhausted(NAME, told)
    if "per minute" in words:
        return RateLimited(NAME, told, scope="minute")
    if "premium" in words:
        return NotEntitled(NAME, told)
    if "demo" in words or "apikey" in words or "api key" in words:
        return InvalidCredentials(NAME, told)
    if "invalid api call" in words:
        return UnknownSymbol(NAME, told)
    return MalformedPayload(NAME, told)
