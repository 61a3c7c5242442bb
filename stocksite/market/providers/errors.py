"""What can go wrong with a provider, told apart by what to do about it.

Texts are redacted when the error is made, so that no handler, log or page needs to think of it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from stocksite.market.providers.redaction import redact

MAX_TEXT = 300


class ProviderError(Exception):
    """Base of all of them. `text` carries no key; `retry_after_s` is how long to stay away."""

    retryable: ClassVar[bool] = False
    """Whether the same request may succeed within seconds."""
    breaks: ClassVar[bool] = False
    """Whether it counts against the provider's health."""
    asked = True
    """Whether a request was made at all; False when our own counting or breaker held it back."""

    def __init__(self, provider: str, text: str = "", *, retry_after_s: float | None = None):
        self.provider = provider
        self.text = " ".join(redact(text).split())[:MAX_TEXT]
        self.retry_after_s = retry_after_s
        super().__init__(f"{provider}: {self.text}" if self.text else provider)

    def as_dict(self) -> dict[str, Any]:
        """What is needed to raise the same again in another process."""
        return {
            "kind": type(self).__name__,
            "provider": self.provider,
            "text": self.text,
            "retry_after_s": self.retry_after_s,
            "scope": getattr(self, "scope", None),
        }


class RateLimited(ProviderError):
    """Too many requests within `scope`: `second`, `minute`, `hour`, or `cooldown`."""

    def __init__(
        self,
        provider: str,
        text: str = "",
        *,
        scope: str = "minute",
        retry_after_s: float | None = None,
    ):
        super().__init__(provider, text, retry_after_s=retry_after_s)
        self.scope = scope


class QuotaExhausted(ProviderError):
    """The day's requests are used up. The hour of the reset is undocumented: probe hourly."""


class NotEntitled(ProviderError):
    """The plan behind the key does not include this. Never retried.

    `timeframe` says that only the dates asked for lie outside the plan.
    """

    def __init__(self, provider: str, text: str = "", *, timeframe: bool = False):
        super().__init__(provider, text)
        self.timeframe = timeframe


class InvalidCredentials(ProviderError):
    """The key is missing or refused."""

    breaks = True


class UnknownSymbol(ProviderError):
    """The provider says that it has no such symbol: an explicit absence."""


class NoData(ProviderError):
    """The request was understood and there is nothing for it (a holiday, a gap)."""


class BotChallenge(ProviderError):
    """The site asks for a human. It is left alone for hours; nothing tries to get around it."""

    breaks = True


class MalformedPayload(ProviderError):
    """The answer is not what the provider documents; nothing of it is stored."""

    breaks = True


class UpstreamUnavailable(ProviderError):
    """The provider cannot be reached or answers with a server error."""

    retryable = True
    breaks = True


class UpstreamTimeout(ProviderError):
    """The provider did not answer in time."""

    retryable = True
    breaks = True


class CircuitOpen(ProviderError):
    """The provider failed too often; it is not asked for `retry_after_s`."""

    asked = False


class ControlUnavailable(ProviderError):
    """Redis is away, so nobody can count requests: none is made."""

    asked = False


class NoProvider(ProviderError):
    """No provider that is switched on can answer this at all."""

    asked = False


_KINDS: dict[str, type[ProviderError]] = {
    kind.__name__: kind
    for kind in (
        *(QuotaExhausted, NotEntitled, InvalidCredentials, UnknownSymbol, NoData, BotChallenge),
        *(MalformedPayload, UpstreamUnavailable, UpstreamTimeout, CircuitOpen),
        *(ControlUnavailable, NoProvider),
    )
}


def revive(facts: dict[str, Any]) -> ProviderError:
    """The error that `as_dict` described."""
    provider, text = str(facts.get("provider", "")), str(facts.get("text", ""))
    after = facts.get("retry_after_s")
    if facts.get("kind") == "RateLimited":
        scope = str(facts.get("scope") or "minute")
        return RateLimited(provider, text, scope=scope, retry_after_s=after)
    made = _KINDS.get(str(facts.get("kind")), UpstreamUnavailable)(provider, text)
    made.retry_after_s = after
    return made
