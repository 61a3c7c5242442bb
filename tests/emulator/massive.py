"""Massive as of 2026: real statuses, texts in `error` or in `message`."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from stocksite.core.calendar import NEW_YORK, xnys
from tests.emulator.world import Row

if TYPE_CHECKING:
    from tests.emulator.server import Asked

REFUSALS: dict[str, tuple[int, str, str, str]] = {
    "massive_no_key": (401, "ERROR", "error", "API Key was not provided"),
    "massive_bad_key": (401, "ERROR", "error", "Unknown API Key"),
    "massive_plan": (
        403, "NOT_AUTHORIZED", "message", ("You are not entitled to this data. Please upgrade your "
        "plan at https://massive.com/pricing"),
    ),
    "massive_timeframe": (
        403, "NOT_AUTHORIZED", "message", ("Your plan doesn't include this data timeframe. Please "
        "upgrade your plan at https://massive.com/pricing"),
    ),
    "massive_today": (
        403, "NOT_AUTHORIZED", "message", ("Attempted to request today's data before end of day. "
        "Please upgrade your plan."),
    ),
    "massive_missing": (404, "NOT_FOUND", "message", "Data not found."),
    "massive_limit": (
        429, "ERROR", "error", ("You've exceeded the maximum requests per minute, please wait or "
        "upgrade your subscription to continue. https://polygon.io/pricing"),
    ),
    "massive_error_200": (200, "ERROR", "error", "something went wrong"),
}  # fmt: skip


def symbol_of(request: Request) -> str:
    """The ticker a path or a query names; empty for the whole market."""
    parts = request.path.strip("/").split("/")
    if parts[1:3] == ["aggs", "ticker"]:
        return parts[3]
    if parts[:2] in (["v1", "open-close"], ["v1", "related-companies"]):
        return parts[2]
    if parts[1:3] == ["reference", "tickers"] and len(parts) > 3:
        return parts[3]
    return request.args.get("ticker", "")


def answer(asked: Asked) -> Response:
    """Every answer and every refusal."""
    word = asked.said(REFUSALS)
    if word is None and not asked.key:
        word = "massive_no_key"
    known = asked.emulator.known_keys
    if word is None and known is not None and asked.key not in known:
        word = "massive_bad_key"
    if word is None and asked.over_quota():
        word = "massive_limit"
    if word is not None:
        return refusal(word, asked)
    parts = asked.request.path.strip("/").split("/")
    if parts[1] == "aggs":
        return _aggregates(asked, parts)
    if parts[1] == "open-close":
        return _open_close(asked, parts[3])
    if parts[1] == "related-companies":
        peers = asked.world.securities[asked.symbol].peers if _known(asked) else []
        return _ok(stock_symbol=asked.symbol, results=[{"ticker": peer} for peer in peers])
    return _reference(asked, parts)


def refusal(word: str, asked: Asked) -> Response:
    """A refusal by name; `retry_after` of the fault becomes a header."""
    status, kind, field, text = REFUSALS[word]
    fault = asked.fault(word)
    headers = {}
    if fault is not None and "retry_after" in fault.options:
        headers["Retry-After"] = str(fault.options["retry_after"])
    body = json.dumps({"status": kind, "request_id": "a1", field: text})
    return Response(body, status, headers, content_type="application/json")


def _known(asked: Asked) -> bool:
    return asked.symbol in asked.world.securities


def _aggregates(asked: Asked, parts: list[str]) -> Response:
    if parts[2] == "grouped":
        return _grouped(asked, date.fromisoformat(parts[7]))
    if parts[4] == "prev":
        rows = asked.rows()[-1:]
        return _bars(asked, [_bar(row, close=True, ticker=asked.symbol) for row in rows])
    start, end = date.fromisoformat(parts[7]), date.fromisoformat(parts[8])
    if start < _plan_begins(asked):
        return refusal("massive_timeframe", asked)
    rows = [row for row in asked.rows() if start <= row.day <= end]
    if asked.params.get("adjusted") != "false" and _known(asked):
        rows = [_adjusted(asked, row) for row in rows]
    size = asked.fault("massive_pages")
    if size is None:
        return _bars(asked, [_bar(row) for row in rows])
    at = int(asked.params.get("cursor", "0"))
    some = size.options.get("size", 100)
    following = None
    if at + some < len(rows):
        following = f"https://api.massive.com{asked.request.path}?cursor={at + some}"
        if asked.params.get("adjusted") == "false":
            following += "&adjusted=false"
    return _bars(asked, [_bar(row) for row in rows[at : at + some]], next_url=following)


def _plan_begins(asked: Asked) -> date:
    today = asked.world.today
    later = asked.fault("massive_short_plan")
    days = later.options.get("days", 1) if later else 0
    return today.replace(year=today.year - 2) + timedelta(days=1 + days)


def _bars(asked: Asked, results: list[dict[str, Any]], **more: Any) -> Response:
    body: dict[str, Any] = {
        "ticker": asked.symbol,
        "adjusted": asked.params.get("adjusted") != "false",
        "queryCount": len(results),
        "resultsCount": len(results),
        "count": len(results),
        "status": "DELAYED" if asked.fault("massive_delayed") else "OK",
        "request_id": "a1",
        **{name: value for name, value in more.items() if value},
    }
    if results:
        body["results"] = results
    return _json(body)


def _bar(row: Row, *, close: bool = False, ticker: str = "") -> dict[str, Any]:
    """A row; `t` is New York's midnight in range answers, 16:00 in the others."""
    at = datetime.combine(row.day, time(16 if close else 0), NEW_YORK)
    made: dict[str, Any] = {"T": ticker} if ticker else {}
    volume = row.volume
    if isinstance(volume, (int, float)) and volume:
        volume = float(volume) + 0.618093
    return made | {
        "o": row.open, "h": row.high, "l": row.low, "c": row.close, "v": volume,
        "vw": row.close, "n": 7, "t": int(at.timestamp() * 1000),
    }  # fmt: skip


def _adjusted(asked: Asked, row: Row) -> Row:
    factor = 1.0
    for day, to, of in asked.world.securities[asked.symbol].splits:
        if row.day < day <= asked.world.today:
            factor *= of / to
    names = ("open", "high", "low", "close")
    prices = {n: round(float(str(getattr(row, n))) * factor, 4) for n in names}
    return Row(row.day, **prices, volume=float(str(row.volume)) / factor)  # type: ignore[arg-type]


def _grouped(asked: Asked, day: date) -> Response:
    session = xnys().on(day)
    if session is not None and asked.world.now < session.close:
        return refusal("massive_today", asked)
    if day < _plan_begins(asked):
        return refusal("massive_timeframe", asked)
    results = []
    for symbol in asked.world.securities:
        # A lie about one symbol is told here too.
        row = next((r for r in asked.rows(symbol) if r.day == day), None)
        if row is not None:
            results.append(_bar(row, close=True, ticker=symbol))
    crowd = asked.fault("massive_crowd")
    if crowd is not None and results:
        filler = {**results[0]}
        results += [{**filler, "T": f"Z{i:05d}"} for i in range(crowd.options.get("rows", 9_000))]
    return _bars(asked, results)


def _open_close(asked: Asked, text: str) -> Response:
    row = next((r for r in asked.rows() if str(r.day) == text), None)
    if row is None:
        if asked.fault("massive_zeros"):
            return _json({"status": "NOT_FOUND", "symbol": "", "open": 0, "close": 0}, 404)
        return refusal("massive_missing", asked)
    body = {
        "status": "OK", "from": text, "symbol": asked.symbol, "open": row.open, "high": row.high,
        "low": row.low, "close": row.close, "volume": row.volume, "afterHours": row.close,
    }  # fmt: skip
    if not asked.fault("massive_no_pre_market"):
        body["preMarket"] = row.open
    return _json(body)


def _reference(asked: Asked, parts: list[str]) -> Response:
    if parts[2] == "tickers" and len(parts) > 3:
        if not _known(asked):
            return refusal("massive_missing", asked)
        security = asked.world.securities[asked.symbol]
        facts = {
            "ticker": security.symbol, "name": security.name, "market": "stocks", "locale": "us",
            "primary_exchange": "XNAS", "type": "CS", "active": True, "currency_name": "usd",
            "market_cap": security.market_cap, "share_class_shares_outstanding": 1_000_000,
            "description": "Makes things.", "sic_description": "ELECTRONIC COMPUTERS",
            "homepage_url": "https://example.com", "total_employees": 1200,
            "list_date": "1980-12-12", **security.facts,
        }  # fmt: skip
        return _ok(results=facts)
    if parts[2] == "tickers":
        words = asked.params.get("search", "").upper()
        rows = [
            {"ticker": s.symbol, "name": s.name, "currency_name": "usd", "type": "CS"}
            for s in asked.world.securities.values()
            if words in s.symbol or words in s.name.upper()
        ]
        return _ok(results=rows) if rows else _ok()
    security = asked.world.securities.get(asked.symbol)
    today = asked.world.today
    if parts[2] == "splits":
        rows = [
            {"ticker": asked.symbol, "execution_date": str(day), "split_from": of, "split_to": to}
            for day, to, of in (security.splits if security else [])
            if day <= today
        ]
    else:
        rows = [
            {"ticker": asked.symbol, "ex_dividend_date": str(day), "cash_amount": cash}
            for day, cash in (security.dividends if security else [])
            if day <= today
        ]
    return _ok(results=rows) if rows else _ok(results=[])


def _ok(**fields: Any) -> Response:
    return _json({"status": "OK", "request_id": "a1", **fields})


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
