"""How a provider sends a request: counted, bounded, judged, and tried again where that helps."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from stocksite.market.providers import http
from stocksite.market.providers.errors import ProviderError, RateLimited, UpstreamUnavailable
from stocksite.market.providers.http import Answer, Bounds
from stocksite.market.traffic.accounts import Account
from stocksite.market.traffic.governor import Governor

Judge = Callable[[Answer], ProviderError | None]
"""Tells a good answer (None) from the error it stands for."""

REDIRECTS = 3
_REDIRECT = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Manners:
    """How persistent to be. Waiting for one's turn is not counted as trying again."""

    interactive: bool = False
    """Whether somebody waits: may use the reserve."""
    patience_s: float = 0.0
    """How long to wait for the governor, in all."""
    retries: int = 2
    backoff_s: float = 0.5
    """Upper end of the first random pause; it doubles with every try (full jitter)."""
    retry_after_max_s: float = 5.0


class Transport:
    """Sends one provider's requests. Every attempt, page and redirect is counted."""

    def __init__(
        self,
        account: Account,
        governor: Governor,
        manners: Manners | None = None,
        bounds: Bounds | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account = account
        self.governor = governor
        self.manners = manners or Manners()
        self.bounds = bounds or Bounds()
        self._sleep = sleep

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        judge: Judge,
        *,
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
        redirects: int = 0,
    ) -> Answer:
        """A good answer, or the ProviderError that the last attempt came to.

        `redirects` within the same host may be followed; one to another host is an error.
        """
        url = self.account.base_url.rstrip("/") + path
        tries = 0
        while True:
            try:
                return self._once(url, params, judge, headers or {}, bounds, redirects)
            except ProviderError as error:
                tries += 1
                pause_s = self._pause(error, tries)
                if pause_s is None:
                    raise
            self._sleep(pause_s)

    def _pause(self, error: ProviderError, tries: int) -> float | None:
        """Seconds until the next try; None when there is none."""
        limited = isinstance(error, RateLimited)
        if tries > self.manners.retries or not (error.retryable or limited):
            return None
        if limited:
            # The governor keeps the cool-down; whoever has the patience waits for it there.
            return 0.0 if (error.retry_after_s or 0.0) <= self.manners.patience_s else None
        told = error.retry_after_s
        if told is not None and told > self.manners.retry_after_max_s:
            return None
        jitter = random.uniform(0, self.manners.backoff_s * 2 ** (tries - 1))
        return max(jitter, told or 0.0)

    def _once(
        self,
        url: str,
        params: Mapping[str, str],
        judge: Judge,
        headers: Mapping[str, str],
        bounds: Bounds | None,
        redirects: int,
    ) -> Answer:
        name = self.account.provider
        for _ in range(redirects + 1):
            self.governor.take(
                self.account,
                interactive=self.manners.interactive,
                patience_s=self.manners.patience_s,
            )
            answer = http.get(name, url, params, headers, bounds or self.bounds)
            if answer.status not in _REDIRECT:
                break
            url, params = _next_hop(name, url, answer), {}
        else:
            raise UpstreamUnavailable(name, "redirected too often")
        error = judge(answer)
        if error is not None:
            self.governor.learn(self.account, error)
            raise error
        return answer


def _next_hop(provider: str, url: str, answer: Answer) -> str:
    target = urljoin(url, answer.headers.get("location", ""))
    here, there = urlsplit(url), urlsplit(target)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        raise UpstreamUnavailable(provider, f"redirected to {there.hostname or 'nowhere'}")
    return target


def retry_after_s(answer: Answer) -> float | None:
    """The seconds of a `Retry-After` header; None without one, or when it is a date."""
    told = answer.headers.get("retry-after", "").strip()
    return float(told) if told.isdigit() and len(told) < 7 else None
