"""What people call the sources of prices, and how far each kind of price lags."""

from __future__ import annotations

TITLES = {
    "massive": "Massive",
    "alpha_vantage": "Alpha Vantage",
    "yahoo": "Yahoo",
    "marketwatch": "MarketWatch",
    "sample": "Sample market",
}
_LAGS = {"delayed": "15 minutes late", "eod": "close of the session"}


def title(source: str) -> str:
    """`Alpha Vantage` for `alpha_vantage`."""
    return TITLES.get(source, source)


def described(source: str | None, delay: str) -> str:
    """`Massive, close of the session`; empty without a source."""
    if not source:
        return ""
    return f"{title(source)}, {_LAGS[delay]}" if delay in _LAGS else title(source)
