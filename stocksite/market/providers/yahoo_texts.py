"""Yahoo's refusals: the same fault comes as JSON, as plain text or as a web page."""

from __future__ import annotations

from typing import Any

from stocksite.market.providers.errors import (
    InvalidCredentials,
    MalformedPayload,
    ProviderError,
    RateLimited,
    UnknownSymbol,
    UpstreamUnavailable,
)
from stocksite.market.providers.http import Answer
from stocksite.market.providers.transport import retry_after_s

NAME = "yahoo"


def judge(answer: Answer) -> ProviderError | None:
    """The error an answer stands for, or None."""
    status, start = answer.status, answer.body[:4096]
    if status == 429 or start.strip() == b"Too Many Requests":
        return RateLimited(NAME, "too many requests", retry_after_s=retry_after_s(answer))
    if status >= 500:
        return UpstreamUnavailable(NAME, f"status {status}", retry_after_s=retry_after_s(answer))
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        closed = b"will be right back" in start.lower()
        return UpstreamUnavailable(NAME, "closed for maintenance" if closed else "a web page")
    code, told = _error(answer)
    if status in (401, 403) or code == "Unauthorized":
        return InvalidCredentials(NAME, told or f"status {status}")
    if status == 404 or code == "Not Found":
        # Only its own words are an absence; a bare 404 may be a proxy's.
        return UnknownSymbol(NAME, told) if code else UpstreamUnavailable(NAME, "status 404")
    if status != 200 or code:
        return MalformedPayload(NAME, told or f"status {status}")
    return None


def _error(answer: Answer) -> tuple[str, str]:
    """Code and description, wherever the object of the answer is called."""
    try:
        body: Any = answer.json(NAME)
    except MalformedPayload:
        if answer.status == 200:
            raise
        return "", ""
    for part in body.values() if isinstance(body, dict) else ():
        error = part.get("error") if isinstance(part, dict) else None
        if isinstance(error, dict):
            return str(error.get("code", "Error")), str(error.get("description", ""))
    return "", ""
