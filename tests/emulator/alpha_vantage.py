"""Alpha Vantage as of 2026: status 200 whatever happens."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from tests.emulator.server import Asked

_URL = "https://www.alphavantage.co/premium/"
_THANKS = "Thank you for using Alpha Vantage! "
TEXTS: dict[str, tuple[str, str]] = {
    "av_note": (
        "Note",
        (
            f"{_THANKS}Our standard API call frequency is 5 calls per minute and 500 "
            f"calls per day. Please visit {_URL} if you would like to target a higher API call "
            "frequency."
        ),
    ),
    "av_daily": (
        "Information",
        (
            f"{_THANKS}Our standard API rate limit is 25 requests per day. "
            f"Please subscribe to any of the premium plans at {_URL} to instantly remove all "
            "daily rate limits."
        ),
    ),
    "av_daily_note": ("Note", f"{_THANKS}Our standard API rate limit is 25 requests per day."),
    "av_daily_key": (
        "Information",
        (
            "We have detected your API key as {key} and our standard API "
            "rate limit is 25 requests per day. Please subscribe to any of the premium "
            f"plans at {_URL} to instantly remove all daily rate limits."
        ),
    ),
    "av_spread": (
        "Information",
        (
            f"{_THANKS}Please consider spreading out your free API requests "
            "more sparingly (1 request per second). You may subscribe to any of the premium "
            f"plans at {_URL} to lift the free key rate limit (25 requests per day), raise "
            "the per-second burst limit, and instantly unlock all premium endpoints"
        ),
    ),
    "av_burst": (
        "Information",
        ("Burst pattern detected. Please consider spreading out your API requests more evenly."),
    ),
    "av_minute": ("Information", "Minute-level rate limit exceeded. Please wait."),
    "av_premium": (
        "Information",
        (
            f"{_THANKS}This is a premium endpoint. You may subscribe to any "
            f"of the premium plans at {_URL} to instantly unlock all premium endpoints"
        ),
    ),
    "av_full": (
        "Information",
        (
            f"{_THANKS}The outputsize=full parameter value is a premium feature "
            "for the TIME_SERIES_DAILY endpoint. You may subscribe to any of the premium plans "
            f"at {_URL} to instantly unlock all premium features"
        ),
    ),
    "av_key": (
        "Error Message",
        (
            "the parameter apikey is invalid or missing. Please claim your "
            "free API key on (https://www.alphavantage.co/support/#api-key). It should take "
            "less than 20 seconds."
        ),
    ),
    "av_demo": (
        "Information",
        (
            "The **demo** API key is for demo purposes only. Please claim your "
            "free API key at (https://www.alphavantage.co/support/#api-key)"
        ),
    ),
    "av_invalid": (
        "Error Message",
        (
            "Invalid API call. Please retry or visit the documentation "
            "(https://www.alphavantage.co/documentation/) for {function}."
        ),
    ),
    "av_accept": ("detail", "Could not satisfy the request Accept header."),
}
_EMPTY: dict[str, Any] = {
    "av_empty": {},
    "av_empty_quote": {"Global Quote": {}},
    "av_no_matches": {"bestMatches": []},
}


def answer(asked: Asked) -> Response:
    """Every answer and every refusal of `/query`."""
    word = asked.said(TEXTS)
    empty = asked.said(_EMPTY)
    function = asked.params.get("function", "")
    if word is None and empty is None:
        word = _refused(asked, function)
    if word is not None:
        name, text = TEXTS[word]
        return _json({name: text.format(key=asked.key, function=function)})
    if empty is not None:
        return _json(_EMPTY[empty])
    made: Response = _FUNCTIONS[function](asked)
    return made


def _refused(asked: Asked, function: str) -> str | None:
    if asked.over_quota():
        over = asked.emulator.quotas["alpha_vantage"][0][2]
        return over
    # A made-up key is answered normally on this one.
    if function != "GLOBAL_QUOTE":
        if asked.key == "demo":
            return "av_demo"
        if not asked.key:
            return "av_key"
    full = asked.params.get("outputsize") == "full"
    if function == "TIME_SERIES_DAILY" and full and asked.key not in asked.emulator.premium_keys:
        return "av_full"
    if function not in _FUNCTIONS:
        return "av_premium" if "ADJUSTED" in function or "INTRADAY" in function else "av_invalid"
    if function == "TIME_SERIES_DAILY" and asked.symbol not in asked.world.securities:
        return "av_invalid"
    return None


def _daily(asked: Asked) -> Response:
    rows = asked.rows()
    full = asked.params.get("outputsize") == "full"
    shown = list(reversed(rows if full else rows[-100:]))
    if asked.params.get("datatype") == "csv":
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(("timestamp", "open", "high", "low", "close", "volume"))
        writer.writerows((r.day, r.open, r.high, r.low, r.close, r.volume) for r in shown)
        return Response(out.getvalue(), content_type="application/x-download")
    series = ", ".join(
        f'"{r.day}": '
        + json.dumps(
            {
                "1. open": _text(r.open),
                "2. high": _text(r.high),
                "3. low": _text(r.low),
                "4. close": _text(r.close),
                "5. volume": str(r.volume),
            }
        )
        for r in shown
    )
    meta = json.dumps(
        {
            "1. Information": "Daily Prices (open, high, low, close) and Volumes",
            "2. Symbol": asked.symbol.replace(".", "-"),
            "3. Last Refreshed": str(shown[0].day) if shown else "",
            "4. Output Size": "Full size" if full else "Compact",
            "5. Time Zone": "US/Eastern",
        }
    )
    # Written by hand, so that a day can appear twice.
    return Response(
        f'{{"Meta Data": {meta}, "Time Series (Daily)": {{{series}}}}}',
        content_type="application/json",
    )


def _quote(asked: Asked) -> Response:
    rows = asked.rows()
    if len(rows) < 2:
        return _json({"Global Quote": {}})
    last, before = rows[-1], rows[-2]
    change = float(str(last.close)) - float(str(before.close))
    delayed = asked.params.get("entitlement") == "delayed" or asked.fault("av_delayed")
    name = "Global Quote - DATA DELAYED BY 15 MINUTES" if delayed else "Global Quote"
    return _json(
        {
            name: {
                "01. symbol": asked.symbol.replace(".", "-"),
                "02. open": _text(last.open),
                "03. high": _text(last.high),
                "04. low": _text(last.low),
                "05. price": _text(last.close),
                "06. volume": str(last.volume),
                "07. latest trading day": str(last.day),
                "08. previous close": _text(before.close),
                "09. change": f"{change:.4f}",
                "10. change percent": f"{change / float(str(before.close)) * 100:.4f}%",
            }
        }
    )


def _search(asked: Asked) -> Response:
    words = asked.params.get("keywords", "").upper()
    found = [s for s in asked.world.securities.values() if words in s.symbol or words in s.name]
    rows = [
        {
            "1. symbol": s.symbol.replace(".", "-"),
            "2. name": s.name,
            "3. type": "Equity",
            "4. region": "United States",
            "5. marketOpen": "09:30",
            "6. marketClose": "16:00",
            "7. timezone": "UTC-04",
            "8. currency": "USD",
            "9. matchScore": "1.0000",
        }
        for s in found
    ]
    abroad = {"1. symbol": f"{words}.LON", "2. name": "Abroad", "4. region": "United Kingdom"}
    return _json({"bestMatches": [*rows, abroad]})


def _overview(asked: Asked) -> Response:
    security = asked.world.securities.get(asked.symbol)
    if security is None:
        return _json({})
    return _json(
        {
            "Symbol": asked.params.get("symbol"),
            "AssetType": "Common Stock",
            "Name": security.name,
            "Description": "None",
            "Exchange": "NASDAQ",
            "Currency": "USD",
            "Sector": "TECHNOLOGY",
            "Industry": "-",
            "MarketCapitalization": str(int(security.market_cap)),
            "SharesOutstanding": "None",
        }
    )


def _splits(asked: Asked) -> Response:
    security = asked.world.securities.get(asked.symbol)
    rows = [
        {"effective_date": str(day), "split_factor": f"{to / of:.4f}"}
        for day, to, of in (security.splits if security else [])
        if day <= asked.world.today
    ]
    return _json({"symbol": asked.params.get("symbol"), "data": rows})


def _text(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, (int, float)) else str(value)


def _json(body: Any) -> Response:
    return Response(json.dumps(body), content_type="application/json")


_FUNCTIONS = {
    "TIME_SERIES_DAILY": _daily,
    "GLOBAL_QUOTE": _quote,
    "SYMBOL_SEARCH": _search,
    "OVERVIEW": _overview,
    "SPLITS": _splits,
}
